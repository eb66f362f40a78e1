"""Of two scans of a ticket the earlier one stands, whoever was uploaded first."""

from collections.abc import Iterator
from statistics import median_low
from typing import NamedTuple

from gatedrill.contract.messages import QueueEntry
from gatedrill.contract.outcome import Authority
from gatedrill.contract.service import TICKETS_TABLE, TicketRow
from gatedrill.orchestrator.candidates import (
    WRITTEN_WITHIN_NS,
    Candidate,
    candidates,
    earliest,
)
from gatedrill.orchestrator.checks.check import (
    CheckResult,
    Violation,
    not_judged,
    result,
    why_unread,
    witness,
)
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.uploads import entry_in_words
from gatedrill.orchestrator.wall_clock import WallClock, epoch_ns


def first_scan_wins(evidence: Evidence) -> CheckResult:
    """The service's row of a ticket is that of the earliest scan that it was told of.

    Closer than the clocks are known, either is right. And the times that devices wrote down agree
    with when they decided, as far as their clocks are known: one that trusts its own clock, which
    is wrong, would have the wrong scan win. A time that the service did not believe counts from
    when it was told.
    """
    name, claim = "first scan wins", "the earliest scan of a ticket stands on record"
    if evidence.records.after.tickets is None:
        return not_judged(name, claim, why_unread(evidence, TICKETS_TABLE))
    # Without the log nobody knows which of a gate's questions the service took.
    has_log = evidence.records.logs.scan_logs is not None
    known = {
        ticket: found
        for ticket in (evidence.by_ticket if has_log else ())
        if ticket in evidence.rows
        and ticket not in evidence.silent_tickets
        and ticket not in evidence.not_valid_before
        and (found := candidates(evidence, ticket))
        and any(each.seen.record.authority is not Authority.ONLINE for each in found)
    }
    wrong = [
        violation
        for ticket, found in sorted(known.items())
        if (violation := _examine(evidence, ticket, found)) is not None
    ]
    devices = _written(evidence)
    return result(name, claim, len(known) + len(devices), [*_uncorrected(evidence), *wrong])


def _examine(evidence: Evidence, ticket: str, among: list[Candidate]) -> Violation | None:
    row = evidence.rows[ticket]
    if row.status != "scanned" or row.device_id is None:
        return None
    first = earliest(among)
    standing = [each for each in first if _is_row_of(row, each)]
    if not standing:
        others = [each for each in among if each.seen.record.device == row.device_id][:1]
        what = f"stands as scanned at {row.device_id}, though another scan came first"
        return Violation(ticket, what, (*_lines(first[:1]), *_lines(others)))
    if not any(_is_time_of(evidence, row, each) for each in standing):
        what = f"stands as scanned at {row.scanned_at}, which is not when it was"
        return Violation(ticket, what, _lines(standing[:1]))
    return None


def _is_row_of(row: TicketRow, each: Candidate) -> bool:
    record = each.seen.record
    same_nonce = None in (row.nonce, record.nonce) or row.nonce == record.nonce
    return row.device_id == record.device and same_nonce


def _is_time_of(evidence: Evidence, row: TicketRow, each: Candidate) -> bool:
    at_ns = None if evidence.wall is None else evidence.wall.in_history(row.scanned_at)
    if at_ns is None or evidence.wall is None:
        return True
    slack_ns = WRITTEN_WITHIN_NS + evidence.wall.bound_ns
    return each.low_ns - slack_ns <= at_ns <= each.high_ns + slack_ns


def _lines(among: list[Candidate]) -> tuple[str, ...]:
    lines: list[str] = []
    for each in among:
        lines += witness([each.seen])
        lines += [] if each.entry is None else [entry_in_words(each.entry)]
    return tuple(lines)


class _Written(NamedTuple):
    """What a device wrote down of a scan: how far it is from its release and its decision."""

    since_release_ns: int
    since_decision_ns: int
    entry: QueueEntry

    def is_within(self, wall: WallClock) -> bool:
        """Whether it may have been the time of the decision.

        That was made before it was durable, and only what is durable counts as decided: a disk may
        have kept it waiting for any time.
        """
        bound_ns = round((self.entry.clock_bound_ms or 0.0) * 1e6)
        slack_ns = bound_ns + wall.bound_ns + WRITTEN_WITHIN_NS
        return (
            self.since_release_ns >= wall.began_ns - slack_ns
            and self.since_decision_ns <= wall.began_ns + slack_ns
        )


def _written(evidence: Evidence) -> dict[str, list[_Written]]:
    """By device, what it wrote down of each scan that the service did not decide."""
    found: dict[str, list[_Written]] = {}
    for seen in evidence.scans:
        record = seen.record
        entry = evidence.journals.of_scan(record.nonce, record.attempt)
        at_ns = None if entry is None else epoch_ns(entry.scanned_at)
        if entry is not None and at_ns is not None and record.authority is not Authority.ONLINE:
            written = _Written(at_ns - record.released_ns, at_ns - record.decided_ns, entry)
            found.setdefault(record.device, []).append(written)
    return found


def _uncorrected(evidence: Evidence) -> Iterator[Violation]:
    """Devices that wrote down another time than all others would have."""
    wall = evidence.wall
    if wall is None:
        return
    for device, all_written in sorted(_written(evidence).items()):
        wrong = next((each for each in all_written if not each.is_within(wall)), None)
        if wrong is not None:
            off_s = (wrong.since_decision_ns - wall.began_ns) / 1e9
            what = f"wrote down times that are {off_s:+.1f} s off: it trusts its own clock"
            lines = (entry_in_words(wrong.entry), *_reference(evidence, device))
            yield Violation(device, what, lines)


def _reference(evidence: Evidence, device: str) -> tuple[str, ...]:
    """What another device wrote down at its decision, or else who tells the time."""
    others = [
        each
        for name, all_written in _written(evidence).items()
        if name != device
        for each in all_written
    ]
    if not others:
        said_by = evidence.wall.said_by if evidence.wall else "nobody"
        return (f"the time of day is told by {said_by}",)
    middle_ns = median_low([each.since_decision_ns for each in others])
    middle = next(each for each in others if each.since_decision_ns == middle_ns)
    return (entry_in_words(middle.entry),)
