"""Everything a verdict is drawn from, put side by side: plan, history, records.

Built once, read by all checks; nothing here judges.
"""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TypeVar

import msgspec

from gatedrill.contract.attempt import (
    CheckoutRecord,
    LinkRecord,
    ScanRecord,
    WebhookRecord,
)
from gatedrill.contract.messages import ReleaseMode
from gatedrill.contract.outcome import OutcomeKind, Reason
from gatedrill.contract.service import ScanLogRow, TicketRow, VipScanLogRow
from gatedrill.fixtures.tickets import Ticket
from gatedrill.orchestrator.history import (
    ClockRead,
    Drained,
    Ended,
    Event,
    Fired,
    Released,
    Silent,
    Sold,
    Unready,
    WalkInsUntold,
)
from gatedrill.orchestrator.outages import Reach, find_faults
from gatedrill.orchestrator.plan import (
    BurstStep,
    Plan,
    PlannedAttempt,
    PlannedCheckout,
    PlannedLink,
    PlannedScan,
    PlannedWebhook,
)
from gatedrill.orchestrator.records import Records
from gatedrill.orchestrator.seen import (
    SeenAttempt,
    SeenScan,
    by_step,
    find_walk_ins,
    join,
    of_kind,
    was_presented,
)
from gatedrill.orchestrator.slots_astray import find_slots_astray
from gatedrill.orchestrator.testimony import testimonies
from gatedrill.orchestrator.told_journals import Journals
from gatedrill.orchestrator.wall_clock import read_wall_clock

Row = TypeVar("Row", bound=msgspec.Struct)
Planned = TypeVar("Planned", bound=PlannedAttempt)


class Evidence:
    """The plan, what happened, and what the service says of it."""

    def __init__(self, plan: Plan, history: Sequence[Event], records: Records) -> None:
        self.plan = plan
        self.records = records
        self.fired = {event.step: event for event in history if isinstance(event, Fired)}
        self.silent = [event for event in history if isinstance(event, Silent)]
        self.unready = [event for event in history if isinstance(event, Unready)]
        self.released = [event for event in history if isinstance(event, Released)]
        self.untold = [event for event in history if isinstance(event, WalkInsUntold)]
        self.clocks = [event for event in history if isinstance(event, ClockRead)]
        self.cut_short = _cut_short(history)
        self.attempts = join(plan.steps, history)
        self.walk_ins, self.strays = find_walk_ins(plan, history)
        ordered = of_kind(self.attempts, PlannedScan, ScanRecord)
        self.scans = [*filter(was_presented, ordered), *self.walk_ins]
        self.not_presented = [seen for seen in ordered if not was_presented(seen)]
        self.checkouts = of_kind(self.attempts, PlannedCheckout, CheckoutRecord)
        self.webhooks = of_kind(self.attempts, PlannedWebhook, WebhookRecord)
        self.links = of_kind(self.attempts, PlannedLink, LinkRecord)
        self.faults = find_faults(history)
        self.drained = [event for event in history if isinstance(event, Drained)]
        self.sold = {each for event in history if isinstance(event, Sold) for each in event.tickets}
        is_gathered = not (plan.is_online_only or self.cut_short)
        self.journals = Journals(history, are_gathered=is_gathered)
        self.reach = Reach(plan, self.faults, self.scans)
        self.wall = read_wall_clock(history, self.scans, self.rows, self.journals, self.faults)
        self.testimonies = testimonies(
            plan.steps, self.silent_attempts, self.journals, self.fired, self.wall
        )

    @cached_property
    def tickets(self) -> dict[str, Ticket]:
        """The plan's tickets and passes, by id."""
        return {ticket.id: ticket for ticket in self.plan.tickets}

    @cached_property
    def by_ticket(self) -> dict[str, list[SeenScan]]:
        """The scans of each ticket or pass, in the order in which they were decided.

        With those of which a silent device's journal tells.
        """
        grouped: dict[str, list[SeenScan]] = {}
        scans = (*self.scans, *self.testimonies)
        for seen in sorted(scans, key=lambda seen: seen.record.decided_ns):
            grouped.setdefault(seen.planned.ticket, []).append(seen)
        return grouped

    @cached_property
    def by_step(self) -> dict[str, list[SeenAttempt]]:
        """The attempts of each step."""
        return by_step(self.attempts)

    @cached_property
    def let_go(self) -> list[SeenAttempt]:
        """The attempts that were let go by us, none that a person made by hand."""
        attended = self.plan.attended
        return [seen for seen in self.attempts if seen.record.device not in attended]

    @cached_property
    def let_go_by_step(self) -> dict[str, list[SeenAttempt]]:
        """Those of each step."""
        return by_step(self.let_go)

    @cached_property
    def by_hand(self) -> list[SeenScan]:
        """The scans of what people presented by hand, ordered or not."""
        gates = self.plan.attended | {seen.record.device for seen in self.walk_ins}
        return [seen for seen in self.scans if seen.record.device in gates and not seen.is_probe]

    @cached_property
    def readmitting(self) -> set[str]:
        """Tickets and passes whose guests may come in again.

        A ticket that was linked to a reservation in the run, or perhaps was, is one of them.
        """
        linked = {
            seen.planned.ticket
            for seen in self.links
            if seen.record.outcome.kind is OutcomeKind.LINKED or seen.record.outcome.is_open
        }
        silent = {
            planned.ticket
            for planned in self._planned(PlannedLink)
            if planned.attempt in self.silent_attempts
        }
        kept = {ticket.id for ticket in self.plan.tickets if ticket.allows_reentry}
        return kept | linked | silent

    @cached_property
    def silent_attempts(self) -> set[str]:
        """Planned attempts of which nothing was heard, as the fleet is silent or the run cut short.

        They may have been made all the same.
        """
        heard = {seen.planned.attempt for seen in self.attempts}
        lost = {(event.step, device) for event in self.silent for device in event.devices}
        return {
            planned.attempt
            for step in self.plan.steps
            for planned in step.attempts
            if planned.attempt not in heard
            and (self.cut_short or (step.id, planned.device) in lost)
        }

    @cached_property
    def silent_tickets(self) -> set[str]:
        """Tickets that a silent device may have presented without our knowing how that ended."""
        testified = {seen.planned.attempt for seen in self.testimonies}
        return self._tickets_of(self.silent_attempts - testified) | self.untold_tickets

    @cached_property
    def unheard_tickets(self) -> set[str]:
        """Those, and tickets of whose scans only a journal tells, but not what was asked."""
        return self._tickets_of(self.silent_attempts) | self.untold_tickets

    @cached_property
    def untold_devices(self) -> set[str]:
        """Real gates at which more may have been presented than we know of."""
        untold = {device for event in self.untold for device in event.devices}
        silent = {device for event in self.silent for device in event.devices}
        return untold | (silent & self.plan.attended)

    @cached_property
    def untold_tickets(self) -> set[str]:
        """Tickets that the service saw at one of these gates."""
        rows: list[TicketRow | ScanLogRow] = [*self.rows.values()]
        rows += [each for listed in self.log_rows.values() for each in listed]
        return {
            self.as_planned((row.id if isinstance(row, TicketRow) else row.ticket_id) or "")
            for row in rows
            if row.device_id in self.untold_devices
        } & self.tickets.keys()

    def _tickets_of(self, attempts: set[str]) -> set[str]:
        scans = self._planned(PlannedScan)
        return {planned.ticket for planned in scans if planned.attempt in attempts}

    @cached_property
    def excused_attempts(self) -> set[str]:
        """Planned attempts without an outcome whose devices are named as silent or unready."""
        unready = {(event.step, event.device) for event in self.unready}
        return self.silent_attempts | {
            planned.attempt
            for step in self.plan.steps
            for planned in step.attempts
            if (step.id, planned.device) in unready
        }

    @cached_property
    def excused_devices(self) -> set[tuple[str, str]]:
        """Steps and devices of which it is told that the device was silent or not ready."""
        silent = {(event.step, device) for event in self.silent for device in event.devices}
        return silent | {(event.step, event.device) for event in self.unready}

    @cached_property
    def clock_bounds_ns(self) -> dict[str, int]:
        """By fleet, the most that its stamps can be wrong by against the conductor's.

        They are corrected by the offset at the beginning of a boot; what its clock has drifted
        since comes on top of the bound.
        """
        first: dict[tuple[str, str], ClockRead] = {}
        bounds_ns: dict[str, int] = {}
        for clock in self.clocks:
            begun = first.setdefault((clock.fleet, clock.boot), clock)
            drift_ns = abs(clock.offset_ns - begun.offset_ns)
            bounds_ns[clock.fleet] = max(bounds_ns.get(clock.fleet, 0), clock.bound_ns + drift_ns)
        return bounds_ns

    @cached_property
    def release_modes(self) -> dict[str, set[ReleaseMode]]:
        """How the devices of each step were let go."""
        modes: dict[str, set[ReleaseMode]] = {}
        for event in self.released:
            modes.setdefault(event.step, set()).add(event.mode)
        return modes

    @cached_property
    def not_valid_before(self) -> set[str]:
        """Tickets and passes that should let nobody in for the first time.

        By the plan: cancelled, unknown, forged or foreign ones. By the records: those that were
        used, cancelled or unknown before the first scan. Where these could not be read, a ticket
        counts as one of them if every answer about it was "already used" or "not found": such a
        scan shows nothing, and is nobody's fault. What is sold in the run is unknown before it, and
        valid once it was sold.
        """
        planned = {ticket.id for ticket in self.plan.tickets if ticket.refused_as is not None}
        late = set(self.plan.late)
        stale = self._stale("ticket") | self._stale("vip_pass")
        return planned | (stale - late) | (late - self.sold)

    def _stale(self, kind: str) -> set[str]:
        ids = {ticket.id for ticket in self.plan.tickets if ticket.kind == kind}
        before = self.records.before
        rows = before.tickets if kind == "ticket" else before.vip_passes
        if rows is not None:
            return ids - {
                self.as_planned(row.id) for row in rows if row.status in ("valid", "active")
            }
        heard = ids & self.by_ticket.keys() - self.silent_tickets
        return {ticket for ticket in heard if _never_valid(self.by_ticket[ticket])}

    @cached_property
    def slots_astray(self) -> dict[str, str]:
        """Slots that did not stand before the run as the plan has them, by id, and how they stood.

        Where their rows could not be read, a slot counts as missing if every checkout was told so.
        """
        return find_slots_astray(self.plan.slots, self.records.before.slots, self.checkouts)

    @cached_property
    def rows(self) -> dict[str, TicketRow]:
        """The service's ticket rows after the run, by id; empty where they could not be read."""
        return {self.as_planned(row.id): row for row in self.records.after.tickets or ()}

    @cached_property
    def log_rows(self) -> dict[str, list[ScanLogRow]]:
        """The service's log rows by ticket; empty where they could not be read."""
        return self._by_ticket(self.records.logs.scan_logs or (), "ticket_id")

    @cached_property
    def vip_log_rows(self) -> dict[str, list[VipScanLogRow]]:
        """The service's log rows by pass; empty where they could not be read."""
        return self._by_ticket(self.records.logs.vip_scan_logs or (), "pass_id")

    @cached_property
    def rows_by_nonce(self) -> dict[str, list[ScanLogRow | VipScanLogRow]]:
        """The rows of both logs of scans, by the scan's own id where they have it."""
        logs = self.records.logs
        grouped: dict[str, list[ScanLogRow | VipScanLogRow]] = {}
        rows: list[ScanLogRow | VipScanLogRow] = [*(logs.scan_logs or ())]
        rows += logs.vip_scan_logs or ()
        for row in rows:
            if row.nonce is not None:
                grouped.setdefault(row.nonce, []).append(row)
        return grouped

    def as_planned(self, ticket_id: str) -> str:
        """The plan's id of a ticket that a service or a journal names.

        A service may answer in lowercase what a file has in capitals, and who does not know the
        ticket names it by what stood in its code.
        """
        return self._spellings.get(ticket_id.lower(), ticket_id)

    def _by_ticket(self, rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
        grouped: dict[str, list[Row]] = {}
        for row in rows:
            grouped.setdefault(self.as_planned(getattr(row, column) or ""), []).append(row)
        return grouped

    @cached_property
    def _spellings(self) -> dict[str, str]:
        codes = {ticket.symbol.lower(): ticket.id for ticket in self.plan.tickets}
        return codes | {ticket.id.lower(): ticket.id for ticket in self.plan.tickets}

    def _planned(self, kind: type[Planned]) -> list[Planned]:
        return [
            planned
            for step in self.plan.steps
            for planned in step.attempts
            if isinstance(planned, kind)
        ]

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


def _never_valid(scans: Iterable[SeenScan]) -> bool:
    reasons = (Reason.ALREADY_USED, Reason.NOT_FOUND)
    return all(seen.record.outcome.reason in reasons for seen in scans)
