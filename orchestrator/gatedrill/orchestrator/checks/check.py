"""What a check says, and how it shows what it found."""

from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum

import msgspec

from gatedrill.contract.outcome import OutcomeKind, Reason
from gatedrill.orchestrator.evidence import SeenScan

MAX_SHOWN = 5


class CheckStatus(StrEnum):
    """How a check ended."""

    HOLDS = "holds"
    VIOLATED = "violated"
    NOT_JUDGED = "not judged"


class Violation(msgspec.Struct, frozen=True):
    """What is wrong with one ticket, and the few scans or records that show it."""

    ticket: str
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


def result(name: str, claim: str, examined: int, found: Sequence[Violation]) -> CheckResult:
    """The verdict after looking at `examined` things."""
    if not examined:
        return not_judged(name, claim, "there was nothing to look at")
    status = CheckStatus.VIOLATED if found else CheckStatus.HOLDS
    return CheckResult(name, claim, status, examined, len(found), tuple(found[:MAX_SHOWN]))


def not_judged(name: str, claim: str, why: str) -> CheckResult:
    """The verdict where there is nothing to go by."""
    return CheckResult(name, claim, CheckStatus.NOT_JUDGED, 0, why_not_judged=why)


def examine_each(
    name: str, claim: str, tickets: Iterable[str], examine: Callable[[str], Violation | None]
) -> CheckResult:
    """The verdict after `examine` has looked at every ticket."""
    examined = sorted(tickets)
    found = [violation for each in examined if (violation := examine(each))]
    return result(name, claim, len(examined), found)


def undecided(seen: SeenScan) -> bool:
    """Whether this scan leaves open if somebody was admitted, or decided nothing."""
    outcome = seen.record.outcome
    return (
        outcome.kind in (OutcomeKind.UNKNOWN, OutcomeKind.IGNORED) or outcome.reason is Reason.BUSY
    )


def witness(scans: Iterable[SeenScan]) -> tuple[str, ...]:
    """These scans, one line each, with instants in seconds since the run's start."""
    return tuple(_describe(seen) for seen in scans)


def _describe(seen: SeenScan) -> str:
    record = seen.record
    return (
        f"{record.device}: {record.outcome}, let go at {record.released_ns / 1e9:.6f} s, "
        f"decided at {record.decided_ns / 1e9:.6f} s ({record.attempt})"
    )
