"""What a check says, and how it shows what it found."""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

import msgspec

from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.outcome import Authority
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.seen import SeenAttempt

MAX_SHOWN = 5
_BY = {Authority.VENUE: " by the registrar", Authority.OFFLINE: " by itself"}
NOTHING_THERE = "there was nothing to look at"


class CheckStatus(StrEnum):
    """How a check ended."""

    HOLDS = "holds"
    VIOLATED = "violated"
    NOT_JUDGED = "not judged"


class Violation(msgspec.Struct, frozen=True):
    """What is wrong with one thing, and the few attempts or records that show it.

    `subject` is what the check is about: a ticket, pass, reservation, slot, event or round.
    """

    subject: str
    what: str
    witness: tuple[str, ...]


class CheckResult(msgspec.Struct, frozen=True):
    """A check's verdict. `examined` says how much was looked at: a check of nothing holds nothing.

    At most `MAX_SHOWN` violations are written out; `violations` counts all.
    """

    name: str
    claim: str
    status: CheckStatus
    examined: int
    violations: int = 0
    shown: tuple[Violation, ...] = ()
    why_not_judged: str | None = None


Check = Callable[[Evidence], CheckResult]


def result(name: str, claim: str, examined: int, found: Sequence[Violation]) -> CheckResult:
    """The verdict after looking at `examined` things."""
    if not examined:
        return not_judged(name, claim, NOTHING_THERE)
    status = CheckStatus.VIOLATED if found else CheckStatus.HOLDS
    return CheckResult(name, claim, status, examined, len(found), tuple(found[:MAX_SHOWN]))


def not_judged(name: str, claim: str, why: str) -> CheckResult:
    """The verdict where there is nothing to go by."""
    return CheckResult(name, claim, CheckStatus.NOT_JUDGED, 0, why_not_judged=why)


def examine_each(
    name: str, claim: str, subjects: Iterable[str], examine: Callable[[str], Violation | None]
) -> CheckResult:
    """The verdict after `examine` has looked at every subject."""
    examined = sorted(subjects)
    found = [violation for each in examined if (violation := examine(each))]
    return result(name, claim, len(examined), found)


def why_unread(evidence: Evidence, table: str) -> str:
    """Why there are no rows of this table."""
    told = evidence.records.unreadable
    about_it = [why for why in told if why.startswith(f"table {table}:")]
    of_all = [why for why in told if not why.startswith("table ")]
    return next(iter((*about_it, *of_all)), f"table {table} was not read")


def witness(attempts: Iterable[SeenAttempt]) -> tuple[str, ...]:
    """These attempts, one line each, with instants in seconds since the run's start."""
    return tuple(_describe(seen) for seen in attempts)


def _describe(seen: SeenAttempt) -> str:
    record = seen.record
    authority = record.authority if isinstance(record, ScanRecord) else Authority.ONLINE
    return (
        f"{record.device}: {record.outcome}, let go at {record.released_ns / 1e9:.6f} s, "
        f"decided{_BY.get(authority, '')} at {record.decided_ns / 1e9:.6f} s ({record.attempt})"
        + (", as its journal has it" if seen.is_testimony else "")
    )
