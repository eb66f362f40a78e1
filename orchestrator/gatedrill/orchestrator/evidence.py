"""Everything a verdict is drawn from, put side by side: plan, history, records.

Built once, read by all checks; nothing here judges.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.outcome import Reason
from gatedrill.contract.service import ScanLogRow, TicketRow
from gatedrill.orchestrator.history import ClockRead, Ended, Event, Fired, Scanned, Silent, Unready
from gatedrill.orchestrator.plan import BurstStep, Plan, PlannedScan, Step
from gatedrill.orchestrator.records import Records


class SeenScan(NamedTuple):
    """A scan that was planned, and what came of it."""

    planned: PlannedScan
    step: Step
    fleet: str
    record: ScanRecord

    @property
    def is_probe(self) -> bool:
        """Whether it shows a ticket again after its round."""
        return isinstance(self.step, BurstStep) and self.step.probes is not None

    @property
    def is_contended(self) -> bool:
        """Whether other devices showed the same ticket at the same instant."""
        return isinstance(self.step, BurstStep) and self.step.contended


class Evidence:
    """The plan, what happened, and what the service says of it."""

    def __init__(self, plan: Plan, history: Sequence[Event], records: Records) -> None:
        self.plan = plan
        self.records = records
        self.fired = {event.step: event for event in history if isinstance(event, Fired)}
        self.silent = [event for event in history if isinstance(event, Silent)]
        self.unready = [event for event in history if isinstance(event, Unready)]
        self.clocks = [event for event in history if isinstance(event, ClockRead)]
        self.cut_short = _cut_short(history)
        self.scans = _join(plan.steps, history)

    @cached_property
    def by_ticket(self) -> dict[str, list[SeenScan]]:
        """The scans of each ticket, in the order in which they were decided."""
        grouped: dict[str, list[SeenScan]] = {}
        for seen in sorted(self.scans, key=lambda seen: seen.record.decided_ns):
            grouped.setdefault(seen.planned.ticket, []).append(seen)
        return grouped

    @cached_property
    def by_step(self) -> dict[str, list[SeenScan]]:
        """The scans of each step."""
        grouped: dict[str, list[SeenScan]] = {}
        for seen in self.scans:
            grouped.setdefault(seen.step.id, []).append(seen)
        return grouped

    @cached_property
    def silent_attempts(self) -> set[str]:
        """Planned scans of which nothing was heard, their fleet being silent or the run cut short.

        They may have been made all the same.
        """
        heard = {seen.planned.attempt for seen in self.scans}
        lost = {(event.step, device) for event in self.silent for device in event.devices}
        return {
            scan.attempt
            for step in self.plan.steps
            for scan in step.scans
            if scan.attempt not in heard and (self.cut_short or (step.id, scan.device) in lost)
        }

    @cached_property
    def silent_tickets(self) -> set[str]:
        """Tickets that a silent device may have presented without our knowing."""
        return {
            scan.ticket
            for step in self.plan.steps
            for scan in step.scans
            if scan.attempt in self.silent_attempts
        }

    @cached_property
    def excused_attempts(self) -> set[str]:
        """Planned scans without an outcome whose devices are named as silent or unready."""
        unready = {(event.step, event.device) for event in self.unready}
        return self.silent_attempts | {
            scan.attempt
            for step in self.plan.steps
            for scan in step.scans
            if (step.id, scan.device) in unready
        }

    @property
    def clock_bounds_ns(self) -> dict[str, int]:
        """By fleet, the most that its stamps can be wrong by against the conductor's."""
        return {clock.fleet: clock.bound_ns for clock in self.clocks}

    @cached_property
    def not_valid_before(self) -> set[str]:
        """Tickets that were used, cancelled or unknown before the first scan, by the records.

        Where these could not be read, a ticket counts as one of them if every answer about it was
        "already used" or "not found": such a scan shows nothing, and is nobody's fault.
        """
        if self.records.before is not None:
            rows = self.records.before
            valid = {self._as_planned(row.id) for row in rows if row.status == "valid"}
            return {ticket.id for ticket in self.plan.tickets} - valid
        heard = self.by_ticket.keys() - self.silent_tickets
        return {ticket for ticket in heard if _never_valid(self.by_ticket[ticket])}

    @cached_property
    def rows(self) -> dict[str, TicketRow]:
        """The service's ticket rows after the run, by id; empty where they could not be read."""
        return {self._as_planned(row.id): row for row in self.records.after or ()}

    @cached_property
    def log_rows(self) -> dict[str, list[ScanLogRow]]:
        """The service's log rows by ticket; empty where they could not be read."""
        grouped: dict[str, list[ScanLogRow]] = {}
        for row in self.records.scan_logs or ():
            grouped.setdefault(self._as_planned(row.ticket_id), []).append(row)
        return grouped

    def _as_planned(self, ticket_id: str) -> str:
        """The plan's spelling: a service may answer in lowercase what a file has in capitals."""
        return self._spellings.get(ticket_id.lower(), ticket_id)

    @cached_property
    def _spellings(self) -> dict[str, str]:
        return {ticket.id.lower(): ticket.id for ticket in self.plan.tickets}

    @property
    def rounds(self) -> list[BurstStep]:
        """The bursts that were fired, without their probes."""
        return [
            step
            for step in self.plan.steps
            if isinstance(step, BurstStep) and step.probes is None and step.id in self.fired
        ]


def _cut_short(history: Sequence[Event]) -> str | None:
    last = history[-1]
    return last.cut_short if isinstance(last, Ended) else "its history breaks off"


def _join(steps: Iterable[Step], history: Iterable[Event]) -> list[SeenScan]:
    planned = {scan.attempt: (scan, step) for step in steps for scan in step.scans}
    return [
        SeenScan(*planned[event.scan.attempt], event.fleet, event.scan)
        for event in history
        if isinstance(event, Scanned) and event.scan.attempt in planned
    ]


def _never_valid(scans: Iterable[SeenScan]) -> bool:
    reasons = (Reason.ALREADY_USED, Reason.NOT_FOUND)
    return all(seen.record.outcome.reason in reasons for seen in scans)
