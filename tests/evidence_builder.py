"""Made-up runs, honest until a test plants something: a plan, what was seen, what is on record."""

from collections.abc import Mapping, Sequence

import msgspec

from gatedrill.contract.attempt import Ask, ScanRecord
from gatedrill.contract.messages import DeviceInfo
from gatedrill.contract.outcome import Certainty, Outcome, OutcomeKind, Reason
from gatedrill.contract.service import ScanLogRow, TicketRow
from gatedrill.fixtures.scenario import Burst, Phase, Scenario, Stream
from gatedrill.fixtures.tickets import Supply
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.history import (
    ClockRead,
    Ended,
    Event,
    Fired,
    Scanned,
    Silent,
    Started,
    Unready,
)
from gatedrill.orchestrator.judge import judge
from gatedrill.orchestrator.plan import BurstStep, Plan, PlannedScan, Step, make_plans
from gatedrill.orchestrator.records import Records
from gatedrill.orchestrator.result import Result

ADMITTED = Outcome(OutcomeKind.ADMITTED)
READMITTED = Outcome(OutcomeKind.READMITTED)
USED = Outcome(OutcomeKind.REFUSED, Reason.ALREADY_USED)
NOT_FOUND = Outcome(OutcomeKind.REFUSED, Reason.NOT_FOUND)
BUSY = Outcome(OutcomeKind.REFUSED, Reason.BUSY)
UNKNOWN = Outcome(OutcomeKind.UNKNOWN, Reason.TIMEOUT)
UNREAD = Outcome(OutcomeKind.UNKNOWN, Reason.UNREAD)
IGNORED = Outcome(OutcomeKind.IGNORED, Reason.REPEATED)

FLEET = "east"
STEP_NS = 2_000_000_000
ANSWER_NS = 10_000_000
SCANNER = "scanner"
_ASKED_NOBODY = (Reason.UNREAD, Reason.REPEATED)
_LOGGED_AS: Mapping[Reason | None, str] = {
    None: "success",
    Reason.ALREADY_USED: "already_scanned",
    Reason.NOT_FOUND: "not_found",
    Reason.BUSY: "busy",
}


def plan_of(*phases: Phase, devices: int = 3, thresholds: Mapping[str, Sequence[str]] = {}) -> Plan:
    """A plan for devices gate-01, gate-02 … and tickets t1, t2 … in the order of their use."""
    scenario = Scenario(
        1,
        "drill",
        "A drill",
        devices,
        phases,
        {metric: tuple(conditions) for metric, conditions in thresholds.items()},
    )
    roster = [DeviceInfo(f"gate-{number:02}", "serial", 0.5) for number in range(1, devices + 1)]
    [plan] = make_plans([scenario], roster, 1, Supply(1, None, "event"))
    names = {ticket.id: f"t{number}" for number, ticket in enumerate(plan.tickets, 1)}
    return _renamed(plan, names)


def race(rounds: int = 1, devices: int = 3, *, probe: bool = True) -> Plan:
    """Rounds `drill-1.1`, `drill-1.2` … for one ticket each, released in the order of devices."""
    return plan_of(Burst(tickets="one", rounds=rounds, probe=probe), devices=devices)


def own_tickets(devices: int = 3) -> Plan:
    """One burst `drill-1.1` in which every device has a ticket of its own."""
    return plan_of(Burst(tickets="own"), devices=devices)


def stream(each: int = 3, devices: int = 2) -> Plan:
    """A stream `drill-1` of so many tickets a device."""
    return plan_of(Stream(duration_s=float(each), pause_s=1), devices=devices)


def _renamed(plan: Plan, names: Mapping[str, str]) -> Plan:
    tickets = tuple(msgspec.structs.replace(ticket, id=names[ticket.id]) for ticket in plan.tickets)
    steps = tuple(
        msgspec.structs.replace(step, scans=_in_order(step, names)) for step in plan.steps
    )
    return msgspec.structs.replace(plan, tickets=tickets, steps=steps)


def _in_order(step: Step, names: Mapping[str, str]) -> tuple[PlannedScan, ...]:
    """A stream as it is; a burst by device, and its tickets in the order of their names."""
    tickets = [names[scan.ticket] for scan in step.scans]
    scans = step.scans
    if isinstance(step, BurstStep):
        scans = tuple(sorted(scans, key=lambda scan: scan.device))
    return tuple(
        msgspec.structs.replace(scan, ticket=ticket)
        for scan, ticket in zip(scans, tickets, strict=True)
    )


class Run:
    """One run, honest to begin with; every public attribute may be bent.

    In a contended round the first device admits and all others refuse; elsewhere everybody admits,
    and a probe refuses. The service has on record what the devices showed.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.fired = {step.id: STEP_NS * number for number, step in enumerate(plan.steps, 1)}
        self.scans: dict[str, Scanned] = {}
        self.silent: list[Silent] = []
        self.unready: list[Unready] = []
        self.clocks = [ClockRead(FLEET, 3_000_000, 200_000)]
        self.cut_short: str | None = None
        self.torn = False
        self.before: dict[str, TicketRow] | None = {
            ticket.id: TicketRow(ticket.id, ticket.event_id, ticket.type) for ticket in plan.tickets
        }
        self.after: dict[str, TicketRow] | None = dict(self.before)
        self.logs: list[ScanLogRow] | None = []
        self.complete_log = True
        self.unreadable: str | None = None
        for step in plan.steps:
            for number, scan in enumerate(step.scans):
                self._make(step, scan, number)

    def _make(self, step: Step, scan: PlannedScan, number: int) -> None:
        """One scan as an honest service answers it, with what the service keeps of it."""
        outcome = ADMITTED
        if isinstance(step, BurstStep) and (step.probes or (step.contended and number)):
            outcome = USED
        at_ns = self.fired[step.id]
        record = ScanRecord(
            attempt=scan.attempt,
            device=scan.device,
            symbol=scan.ticket,
            intended_ns=at_ns,
            released_ns=at_ns + 1_000 * number,
            decoded_ns=at_ns - 1_000_000,
            decided_ns=at_ns + ANSWER_NS + 1_000 * number,
            outcome=outcome,
            asks=(_ask(at_ns, outcome),),
        )
        self.scans[scan.attempt] = Scanned(step.id, FLEET, record)
        self.log(scan.ticket, _LOGGED_AS[outcome.reason], scan.device)
        if outcome.admits:
            self.record(scan.ticket, "scanned", scan.device)

    def show(self, attempt: str, outcome: Outcome, *, asks: tuple[Ask, ...] | None = None) -> None:
        """Let the device show this instead; what the service has on record stays."""
        event = self.scans[attempt]
        if asks is None:
            unasked = outcome.reason in _ASKED_NOBODY
            asks = () if unasked else (_ask(event.scan.intended_ns, outcome),)
        scan = msgspec.structs.replace(event.scan, outcome=outcome, asks=asks)
        self.scans[attempt] = msgspec.structs.replace(event, scan=scan)

    def time(self, attempt: str, *, sent_ns: int, answered_ns: int) -> None:
        """Let the device's only question have been under way from then to then, without stamps."""
        event = self.scans[attempt]
        ask = Ask(sent_ns, answered_ns, 200, event.scan.outcome.reason)
        scan = msgspec.structs.replace(event.scan, asks=(ask,))
        self.scans[attempt] = msgspec.structs.replace(event, scan=scan)

    def lose(self, *attempts: str) -> None:
        """Let the history lack these scans."""
        for attempt in attempts:
            del self.scans[attempt]

    def fall_silent(self, step: str, *devices: str) -> None:
        """Let these devices go in this step, and be named."""
        self.silent.append(Silent(step, FLEET, devices, "its process has gone"))
        self.lose(
            *(
                attempt
                for attempt, event in self.scans.copy().items()
                if event.step == step and event.scan.device in devices
            )
        )

    def not_ready(self, step: str, device: str) -> None:
        """Let this device take no part in this step, and be named: nobody was asked."""
        self.unready.append(Unready(step, device, "unread"))
        attempt = f"{step}:{device}"
        ticket = self.scans[attempt].scan.symbol
        self.lose(attempt)
        if self.logs is not None:
            self.logs = [
                row for row in self.logs if (row.ticket_id, row.device_id) != (ticket, device)
            ]

    def record(self, ticket: str, status: str, device: str | None = None) -> None:
        """Let the service's row of this ticket stand so in the end."""
        assert self.after is not None
        row = msgspec.structs.asdict(self.after[ticket]) | {"status": status, "device_id": device}
        self.after[ticket] = msgspec.convert(row, TicketRow)

    def log(self, ticket: str, result: str, device: str) -> None:
        """Let the service's log have one more row."""
        assert self.logs is not None
        row = {
            "id": len(self.logs) + 1,
            "ticket_id": ticket,
            "scanned_by": SCANNER,
            "device_id": device,
            "scan_method": "qr",
            "result": result,
            "scanned_at": "2026-11-20T12:00:00+00:00",
        }
        self.logs.append(msgspec.convert(row, ScanLogRow))

    def unlog(self, ticket: str, result: str, *, but: int = 0) -> None:
        """Let the log lack all such rows of this ticket but so many."""
        assert self.logs is not None
        found = [row for row in self.logs if (row.ticket_id, row.result) == (ticket, result)]
        gone = found[but:]
        self.logs = [row for row in self.logs if row not in gone]

    def was_before(self, ticket: str, status: str) -> None:
        """Let the ticket have stood so before the run."""
        assert self.before is not None
        row = msgspec.structs.asdict(self.before[ticket]) | {"status": status}
        self.before[ticket] = msgspec.convert(row, TicketRow)

    def spell_in_capitals(self) -> None:
        """Let the service write the ids of tickets in capitals, wherever it writes them."""
        assert self.before is not None
        assert self.after is not None
        assert self.logs is not None
        for rows in (self.before, self.after):
            for ticket, row in rows.items():
                rows[ticket] = msgspec.structs.replace(row, id=row.id.upper())
        self.logs = [
            msgspec.structs.replace(row, ticket_id=row.ticket_id.upper()) for row in self.logs
        ]

    def hide_records(self, why: str = "table tickets: HTTP 403") -> None:
        """Let none of the service's tables be readable."""
        self.before = self.after = self.logs = None
        self.unreadable = why

    @property
    def history(self) -> list[Event]:
        """The history as it was written."""
        started = Started("run", "drill", 1, "2026-11-20T12:00:00+00:00", "http://a", "mqtt://b")
        events: list[Event] = [started, *self.clocks]
        for step in self.plan.steps:
            if step.id in self.fired:
                events.append(Fired(step.id, self.fired[step.id]))
            of_step: list[Scanned | Unready | Silent] = [
                *self.scans.values(),
                *self.unready,
                *self.silent,
            ]
            events += [event for event in of_step if event.step == step.id]
        return events if self.torn else [*events, Ended(0, self.cut_short)]

    @property
    def records(self) -> Records:
        """What was read of the service's records."""
        return Records(
            before=None if self.before is None else tuple(self.before.values()),
            after=None if self.after is None else tuple(self.after.values()),
            scan_logs=None if self.logs is None else tuple(self.logs),
            complete_log=self.complete_log,
            unreadable=self.unreadable,
        )

    @property
    def evidence(self) -> Evidence:
        """All of it side by side."""
        return Evidence(self.plan, self.history, self.records)

    def judge(self) -> Result:
        """The verdict on it."""
        return judge(self.plan, self.history, self.records)


def _ask(at_ns: int, outcome: Outcome) -> Ask:
    if outcome.reason is not None and outcome.reason.certainty is Certainty.INDEFINITE:
        return Ask(at_ns, at_ns + ANSWER_NS, reason=outcome.reason)
    return Ask(at_ns, at_ns + ANSWER_NS, 200, outcome.reason, at_ns + 1, at_ns + ANSWER_NS - 1)
