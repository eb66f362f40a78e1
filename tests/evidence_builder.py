"""Made-up runs, honest until a test plants something: a plan, what was seen, what is on record."""

import copy
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import msgspec
from honest_service import NOW, HonestService, Row, changed, time_of_day

from gatedrill.contract.attempt import (
    Ask,
    AskKind,
    AttemptRecord,
    CheckoutRecord,
    ClaimAsk,
    LinkRecord,
    ScanRecord,
    WebhookRecord,
)
from gatedrill.contract.messages import KIOSK, DeviceInfo, QueueEntry, QueueState
from gatedrill.contract.outcome import Authority, Certainty, Outcome, OutcomeKind, Reason
from gatedrill.contract.service import AuditType, PaymentSessionRow
from gatedrill.fixtures.scenario import (
    Book,
    Burst,
    FaultName,
    LinkTickets,
    Pay,
    Payment,
    Phase,
    Reservation,
    Scenario,
    Show,
    Slot,
    Stream,
    TicketGroup,
)
from gatedrill.fixtures.supply import DrawnSupply
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.history import (
    Attempted,
    ClockRead,
    Drained,
    Ended,
    Event,
    FaultBegan,
    FaultEnded,
    Fired,
    Journaled,
    JournalUnread,
    Released,
    Silent,
    Sold,
    Started,
    Unready,
    WalkedIn,
    WalkInsUntold,
)
from gatedrill.orchestrator.judge import judge
from gatedrill.orchestrator.plan import (
    BurstStep,
    DrainAct,
    Plan,
    PlannedAttempt,
    PlannedCheckout,
    PlannedLink,
    PlannedScan,
    PlannedWebhook,
    Step,
)
from gatedrill.orchestrator.planning import make_plans
from gatedrill.orchestrator.population import population
from gatedrill.orchestrator.records import Logs, Records, Snapshot
from gatedrill.orchestrator.result import Result

ADMITTED = Outcome(OutcomeKind.ADMITTED)
READMITTED = Outcome(OutcomeKind.READMITTED)
BOOKED = Outcome(OutcomeKind.BOOKED)
CONFIRMED = Outcome(OutcomeKind.CONFIRMED)
LINKED = Outcome(OutcomeKind.LINKED)
USED = Outcome(OutcomeKind.REFUSED, Reason.ALREADY_USED)
LOST = Outcome(OutcomeKind.REFUSED, Reason.LOST_RACE)
NOT_FOUND = Outcome(OutcomeKind.REFUSED, Reason.NOT_FOUND)
CANCELLED = Outcome(OutcomeKind.REFUSED, Reason.CANCELLED)
INVALID = Outcome(OutcomeKind.REFUSED, Reason.INVALID_STATUS)
FULL = Outcome(OutcomeKind.REFUSED, Reason.FULL)
ALREADY_LINKED = Outcome(OutcomeKind.REFUSED, Reason.ALREADY_LINKED)
PAYMENT_FAILED = Outcome(OutcomeKind.REFUSED, Reason.PAYMENT_FAILED)
BUSY = Outcome(OutcomeKind.REFUSED, Reason.BUSY)
UNKNOWN = Outcome(OutcomeKind.UNKNOWN, Reason.TIMEOUT)
SERVER_ERROR = Outcome(OutcomeKind.UNKNOWN, Reason.SERVER_ERROR)
UNREAD = Outcome(OutcomeKind.UNKNOWN, Reason.UNREAD)
IGNORED = Outcome(OutcomeKind.IGNORED, Reason.REPEATED)

OFFLINE_UNKNOWN = Outcome(OutcomeKind.REFUSED, Reason.OFFLINE_UNKNOWN)
NOT_RECORDED = Outcome(OutcomeKind.REFUSED, Reason.NOT_RECORDED)

FLEET = "east"
STEP_NS = 2_000_000_000
ANSWER_NS = 10_000_000
OFFLINE_STEP_NS = 10_000_000_000
"""Between two steps where devices may decide without the service: each has its budget to wait."""
BUDGET_NS = 1_500_000_000
UPLOAD_NS = 1_000_000_000
"""From the instant of the last step to the drain, and from there to the uploads."""
REGISTRAR = "registrar-1"
EVERYBODY = (Authority.ONLINE, Authority.VENUE, Authority.OFFLINE)
SUCCEEDS = Payment()
LAST_ENTRY = "2026-11-20T11:00:00+00:00"

Moment = Literal["before", "after", "logs"]

_ASKED_NOBODY = (Reason.UNREAD, Reason.REPEATED, Reason.NOT_PRESENTED)
_SCANNED = {
    "success": ADMITTED,
    "already_scanned": USED,
    "not_found": NOT_FOUND,
    "cancelled": CANCELLED,
}
_SCANNED_PASS = {
    "first_entry": ADMITTED,
    "reentry": READMITTED,
    "PASS_CANCELLED": CANCELLED,
    "RESERVATION_NOT_CONFIRMED": Outcome(OutcomeKind.REFUSED, Reason.RESERVATION_CLOSED),
}
_CHECKED_OUT = {
    AuditType.OPENED: BOOKED,
    AuditType.FAILED: FULL,
    AuditType.STRIPE_ERROR: PAYMENT_FAILED,
}
_STATUSES = {Reason.FULL: 409, Reason.PAYMENT_FAILED: 502, Reason.SERVER_ERROR: 500}


def plan_of(
    *phases: Phase,
    devices: int = 3,
    kiosks: int = 0,
    tickets: Sequence[TicketGroup] = (TicketGroup("fresh"),),
    reservations: Sequence[Reservation] = (),
    slots: Sequence[Slot] = (),
    payment: Payment = SUCCEEDS,
    thresholds: Mapping[str, Sequence[str]] = {},
    authorities: Sequence[Authority] = (Authority.ONLINE,),
    attended: Collection[str] = (),
) -> Plan:
    """A plan for gates gate-01, gate-02 … and kiosks kiosk-01 … that act in this order.

    Every round begins with gate-01, and of what counts, a gate shows the same in each. Tickets are
    t1, t2 … and passes p1, p2 … in the order in which they are dealt; reservations and slots have
    their names for ids. At the `attended` ones people stand.
    """
    scenario = Scenario(
        version=1,
        name="drill",
        title="A drill",
        phases=phases,
        devices=devices,
        kiosks=kiosks,
        tickets=tuple(tickets),
        reservations=tuple(changed(each, id=each.name) for each in reservations),
        slots=tuple(changed(each, id=each.name) for each in slots),
        payment=payment,
        thresholds={metric: tuple(conditions) for metric, conditions in thresholds.items()},
        authorities=tuple(authorities),
    )
    names = [f"gate-{number:02}" for number in range(1, devices + 1)]
    gates = [DeviceInfo(name, "serial", 0.5, attended=name in attended) for name in names]
    booths = [DeviceInfo(f"kiosk-{number:02}", KIOSK, 0.0) for number in range(1, kiosks + 1)]
    [plan] = make_plans([scenario], [*gates, *booths], 1, DrawnSupply(1, "event"))
    return _renamed(plan)


def race(
    rounds: int = 1,
    devices: int = 3,
    *,
    probe: bool = True,
    expect: Mapping[str, int] = {},
    attended: Collection[str] = (),
    thresholds: Mapping[str, Sequence[str]] = {},
) -> Plan:
    """Rounds `drill-1.1`, `drill-1.2` … for one ticket each, released in the order of devices."""
    shows = (Show("fresh", same=True),)
    burst = Burst(shows=shows, rounds=rounds, probe=probe, expect=dict(expect))
    return plan_of(burst, devices=devices, attended=attended, thresholds=thresholds)


def apart(plan: Plan, *authorities: Authority) -> Plan:
    """The same plan where these may decide without the service, and queues are drained at last."""
    allowed = (Authority.ONLINE, *(authorities or (Authority.VENUE, Authority.OFFLINE)))
    return msgspec.structs.replace(
        plan,
        scenario=msgspec.structs.replace(plan.scenario, authorities=allowed),
        after=(DrainAct("drain-1", 10.0),),
    )


def hunt(rounds: int = 3, devices: int = 3, sweep_ms: float = 40) -> Plan:
    """Swept rounds `drill-1.1`, `drill-1.2` … for one ticket each."""
    burst = Burst(shows=(Show("fresh", same=True),), rounds=rounds, sweep_ms=sweep_ms)
    return plan_of(burst, devices=devices)


def own_tickets(devices: int = 3, *, attended: Collection[str] = ()) -> Plan:
    """One burst `drill-1.1` in which every device has a ticket of its own."""
    return plan_of(Burst(shows=(Show("fresh"),)), devices=devices, attended=attended)


def stream(each: int = 3, devices: int = 2, *, attended: Collection[str] = ()) -> Plan:
    """A stream `drill-1` of so many tickets a device."""
    phase = Stream("fresh", duration_s=float(each), pause_s=1)
    return plan_of(phase, devices=devices, attended=attended)


def vip_table(guests: int = 3, phases: int = 1, *, attended: Collection[str] = ()) -> Plan:
    """Bursts `drill-1.1`, `drill-2.1` … in each of which all guests of one table come in."""
    return plan_of(
        *[Burst(shows=(Show("guests"),))] * phases,
        devices=guests,
        tickets=(TicketGroup("guests", "vip_pass", guests, reservation="table"),),
        reservations=(Reservation("table", guests),),
        attended=attended,
    )


def linked_family(phases: int = 2) -> Plan:
    """Bursts in each of which t1 and t2, linked to a table, and t3, linked to none, are shown."""
    return plan_of(
        *[Burst(shows=(Show("family"), Show("stranger")))] * phases,
        tickets=(
            TicketGroup("family", count=2, reservation="table"),
            TicketGroup("stranger", count=1),
        ),
        reservations=(Reservation("table", 2),),
    )


def linking(guests: int = 2, tickets: int = 3) -> Plan:
    """A burst in which kiosks link tickets to a table, then two in which all are shown."""
    return plan_of(
        Burst(links=(LinkTickets("late", "table"),)),
        Burst(shows=(Show("late"),)),
        Burst(shows=(Show("late"),)),
        devices=tickets,
        kiosks=tickets,
        tickets=(TicketGroup("late", count=tickets),),
        reservations=(Reservation("table", guests),),
    )


def checkouts(
    capacity: int = 2, kiosks: int = 3, guests: int = 1, *, payment: Payment = SUCCEEDS
) -> Plan:
    """A burst `drill-1.1` in which all kiosks book places of one slot."""
    return plan_of(
        Burst(books=(Book("evening", guests),)),
        devices=0,
        kiosks=kiosks,
        slots=(Slot("evening", capacity),),
        payment=payment,
    )


def paid_checkout(capacity: int = 5, guests: int = 2) -> Plan:
    """A booked checkout, whose payment two kiosks tell of twice: `drill-2.1` and `drill-2.2`."""
    return plan_of(
        Burst(books=(Book("evening", guests, kiosks=1),)),
        Burst(pays=(Pay("evening", same=True),), rounds=2),
        devices=0,
        kiosks=2,
        slots=(Slot("evening", capacity),),
    )


def legacy_payment(capacity: int = 5, guests: int = 2, *, same: bool = True) -> Plan:
    """Two kiosks tell of payments without a checkout, and again: `drill-1.1` and `drill-1.2`."""
    return plan_of(
        Burst(pays=(Pay("evening", same=same, legacy=True, guests=guests),), rounds=2),
        devices=0,
        kiosks=2,
        slots=(Slot("evening", capacity),),
    )


def _renamed(plan: Plan) -> Plan:
    names: dict[str, str] = {}
    for kind, letter in (("ticket", "t"), ("vip_pass", "p")):
        ids = [ticket.id for ticket in plan.tickets if ticket.kind == kind]
        names |= {ticket: f"{letter}{number}" for number, ticket in enumerate(ids, 1)}
    tickets = tuple(
        msgspec.structs.replace(
            ticket, id=names[ticket.id], symbol=names.get(ticket.symbol, ticket.symbol)
        )
        for ticket in plan.tickets
    )
    gates = [device.name for device in plan.devices if not device.is_kiosk]
    steps = []
    rounds = 0
    for step in plan.steps:
        is_round = isinstance(step, BurstStep) and step.probes is None
        turn = rounds % len(gates) if gates and is_round else 0
        turned = dict(zip([*gates[turn:], *gates[:turn]], gates, strict=True))
        steps.append(_step(step, names, turned))
        rounds += is_round
    return msgspec.structs.replace(plan, tickets=tickets, steps=tuple(steps))


def _step(step: Step, names: Mapping[str, str], turned: Mapping[str, str]) -> Step:
    """A stream as it is; a burst in the order of its devices, beginning with the first one."""
    if isinstance(step, BurstStep):
        attempts = (_named(planned, names, turned) for planned in step.attempts)
        return msgspec.structs.replace(
            step,
            attempts=tuple(sorted(attempts, key=lambda planned: planned.device)),
            contending=tuple(sorted(_turned(attempt, turned) for attempt in step.contending)),
        )
    scans = tuple(_named_scan(planned, names) for planned in step.attempts)
    return msgspec.structs.replace(step, attempts=scans)


def _turned(attempt: str, turned: Mapping[str, str]) -> str:
    step, _, device = attempt.rpartition(":")
    return f"{step}:{turned.get(device, device)}"


def _named(
    planned: PlannedAttempt, names: Mapping[str, str], turned: Mapping[str, str]
) -> PlannedAttempt:
    if isinstance(planned, PlannedScan):
        scan = _named_scan(planned, names)
        device = turned.get(scan.device, scan.device)
        attempt = _turned(scan.attempt, turned)
        return msgspec.structs.replace(scan, device=device, attempt=attempt)
    if isinstance(planned, PlannedLink):
        return msgspec.structs.replace(planned, ticket=names[planned.ticket])
    return planned


def _named_scan(planned: PlannedScan, names: Mapping[str, str]) -> PlannedScan:
    symbol = names.get(planned.symbol, planned.symbol)
    return msgspec.structs.replace(planned, ticket=names[planned.ticket], symbol=symbol)


class Alone(NamedTuple):
    """How a scan ends that the service does not answer in time.

    With `received` the service has heard of it all the same. In the end its journal has it in this
    state: only what is synced is uploaded. Without an authority the device died while it asked.
    """

    outcome: Outcome = ADMITTED
    authority: Authority | None = Authority.OFFLINE
    received: bool = False
    state: QueueState = QueueState.SYNCED


class Run:
    """One run, honest to begin with; every public attribute may be bent.

    The attempts are answered in the order of the plan by a service that does everything right, and
    that has on record what the devices showed. Those named in `alone` get no answer; all that was
    decided so is uploaded at the end.
    """

    def __init__(self, plan: Plan, alone: Mapping[str, Alone] = {}) -> None:
        self.plan = plan
        step_ns = STEP_NS if plan.is_online_only else OFFLINE_STEP_NS
        self.fired = {step.id: step_ns * number for number, step in enumerate(plan.steps, 1)}
        self.ended_ns = step_ns * (len(plan.steps) + 1)
        self.faults: list[FaultBegan | FaultEnded] = []
        self.drained: list[Drained] = []
        self.sold: list[Sold] = []
        self.journals: dict[str, QueueEntry] = {}
        self.unread: list[JournalUnread] = []
        self.walked_in: list[WalkedIn | WalkInsUntold] = []
        self._alone = alone
        self.attempts: dict[str, Attempted] = {}
        self.silent: list[Silent] = []
        self.unready: list[Unready] = []
        self.clocks = [ClockRead(FLEET, 3_000_000, 200_000)]
        self.released: list[Released] = []
        self.cut_short: str | None = None
        self.torn = False
        self.complete_logs = True
        self.unreadable: tuple[str, ...] = ()
        self.hidden: set[tuple[Moment, str]] = set()
        self._service = HonestService(population(plan))
        self.before = copy.deepcopy(self._service.tables)
        self.after = self._service.tables
        self.logs = self._service.logs
        self._tickets = {ticket.id: ticket for ticket in plan.tickets}
        for step in plan.steps:
            for number, planned in enumerate(step.attempts):
                self._make(step, planned, number)
        if not plan.is_online_only:
            self._upload()

    def _make(self, step: Step, planned: PlannedAttempt, number: int) -> None:
        match planned:
            case PlannedScan():
                record: AttemptRecord = self._scan(step, planned, number)
            case PlannedCheckout():
                record = self._checkout(step, planned, number)
            case PlannedWebhook():
                pays = self.attempts.get(planned.pays or "")
                if pays is not None and pays.record.outcome != BOOKED:
                    self.unready.append(Unready(step.id, planned.device, "nothing to pay for"))
                    return
                record = self._webhook(step, planned, number)
            case PlannedLink():
                record = self._link(step, planned, number)
        self.attempts[planned.attempt] = Attempted(step.id, FLEET, record)

    def _scan(self, step: Step, planned: PlannedScan, number: int) -> ScanRecord:
        if not self.plan.is_online_only:
            return self._scan_apart(step, planned, number)
        outcome, asks = self._answer(planned, self.fired[step.id])
        is_pass = self._tickets[planned.ticket].kind == "vip_pass"
        at_ns = self.fired[step.id]
        return ScanRecord(
            attempt=planned.attempt,
            device=planned.device,
            symbol=planned.symbol,
            intended_ns=at_ns,
            released_ns=at_ns + 1_000 * number,
            decoded_ns=at_ns - 1_000_000,
            decided_ns=at_ns + ANSWER_NS + 1_000 * number,
            outcome=outcome,
            asks=asks,
            last_entry_at=LAST_ENTRY if is_pass and outcome == READMITTED else None,
            checked_in_guests=(
                self._service.counted(planned.ticket) if is_pass and outcome.admits else None
            ),
        )

    def _scan_apart(self, step: Step, planned: PlannedScan, number: int) -> ScanRecord:
        """A scan that has a nonce and a journal, whoever decides it."""
        at_ns, alone = self.fired[step.id], self._alone.get(planned.attempt)
        nonce = f"nonce of {planned.attempt}"
        outcome, authority, state = UNKNOWN, Authority.ONLINE, QueueState.ONLINE
        asks: tuple[Ask, ...] = ()
        self._service.now = time_of_day(at_ns + ANSWER_NS // 2)
        if alone is None or alone.received:
            outcome, asks = self._answer(planned, at_ns, nonce)
        decided_ns = at_ns + ANSWER_NS
        claim = None
        if alone is not None:
            decided_ns = at_ns + BUDGET_NS
            asks = (Ask(at_ns, decided_ns, reason=Reason.TIMEOUT, kind=self._kind(planned)),)
            outcome, state = alone.outcome, alone.state
            authority = alone.authority or Authority.OFFLINE
            if Authority.VENUE in self.plan.scenario.authorities:
                claim = _claim(decided_ns, alone)
                decided_ns = claim.answered_ns
        decided_ns += 1_000 * number
        self.journals[planned.attempt] = QueueEntry(
            attempt=planned.attempt,
            device=planned.device,
            boot="boot-1",
            nonce=nonce,
            ticket=planned.ticket,
            state=state,
            kind=self._tickets[planned.ticket].kind,
            outcome=outcome,
            authority=authority,
            scanned_at=time_of_day(decided_ns),
            clock_bound_ms=5.0,
        )
        return ScanRecord(
            attempt=planned.attempt,
            device=planned.device,
            symbol=planned.symbol,
            intended_ns=at_ns,
            released_ns=at_ns + 1_000 * number,
            decoded_ns=at_ns - 1_000_000,
            decided_ns=decided_ns,
            outcome=outcome,
            asks=asks,
            authority=authority,
            nonce=nonce,
            claim=claim,
            last_entry_at=LAST_ENTRY if alone is None and outcome == READMITTED else None,
        )

    def _kind(self, planned: PlannedScan) -> AskKind:
        is_pass = self._tickets[planned.ticket].kind == "vip_pass"
        return AskKind.VIP_SCAN if is_pass else AskKind.SCAN

    def _upload(self) -> None:
        """Upload what is to be uploaded, in the order of the plan, while queues are drained."""
        began_ns = self.ended_ns - 5 * UPLOAD_NS
        self.drained.append(Drained("drain-1", began_ns, began_ns + 2 * UPLOAD_NS))
        for attempt, entry in self.journals.items():
            if entry.state is QueueState.SYNCED:
                told = self._sync(entry)
                state = QueueState.CONFLICT if told == "conflict" else QueueState.SYNCED
                row = self.after.tickets.get(entry.ticket)
                winner = row if told == "conflict" else None
                self.journals[attempt] = changed(
                    entry,
                    state=state,
                    tries=1,
                    settled_ns=began_ns + UPLOAD_NS,
                    winner_device=winner and winner.device_id,
                    winner_time=winner and winner.scanned_at,
                )

    def _sync(self, entry: QueueEntry) -> str | None:
        if entry.outcome is None:
            return None
        if not entry.outcome.admits:
            at = entry.scanned_at
            log = self._service.log_scan
            log(entry.ticket, "offline_refused", entry.device, "offline", entry.nonce, at)
            return None
        if entry.kind == "vip_pass":
            return self._service.scan_pass(entry.ticket, entry.nonce, entry.scanned_at)
        return self._service.sync(entry.ticket, entry.device, entry.scanned_at or "", entry.nonce)

    def fail(
        self,
        kind: FaultName,
        *devices: str,
        from_ns: int = 0,
        to_ns: int | None = None,
    ) -> str:
        """Let something fail for these gates, or for all; its name."""
        gates = devices or tuple(each.name for each in self.plan.devices if not each.is_kiosk)
        fault = f"{kind}-{len(self.faults) + 1}"
        self.faults.append(FaultBegan(fault, kind, gates, from_ns))
        if to_ns is not None:
            self.faults.append(FaultEnded(fault, to_ns))
        return fault

    def journal(self, attempt: str, **fields: object) -> None:
        """Let the journal have other values in these fields."""
        self.journals[attempt] = changed(self.journals[attempt], **fields)

    def _answer(
        self, planned: PlannedScan, at_ns: int, nonce: str | None = None
    ) -> tuple[Outcome, tuple[Ask, ...]]:
        """What a device shows when it has asked everything that it must."""
        ticket = self._tickets[planned.ticket]
        if ticket.refused_as in (Reason.TAMPERED, Reason.WRONG_EVENT):
            outcome = Outcome(OutcomeKind.REFUSED, ticket.refused_as)
            return outcome, (_ask(at_ns, outcome, AskKind.LOOKUP),)
        if ticket.kind == "vip_pass":
            if ticket.status == "unknown":
                return NOT_FOUND, (_ask(at_ns, NOT_FOUND, AskKind.LOOKUP),)
            outcome = _SCANNED_PASS[self._service.scan_pass(ticket.id, nonce)]
            return outcome, (_ask(at_ns, outcome, AskKind.VIP_SCAN),)
        outcome = _SCANNED[self._service.scan(ticket.id, planned.device, nonce)]
        asks = (_ask(at_ns, outcome),)
        if outcome == USED and self._service.lets_back_in(ticket.id):
            return READMITTED, (*asks, _ask(at_ns, READMITTED, AskKind.LINKED_TICKET))
        return outcome, asks

    def _checkout(self, step: Step, planned: PlannedCheckout, number: int) -> CheckoutRecord:
        word = self._service.check_out(planned.attempt, planned.slot, planned.guests)
        outcome, at_ns = _CHECKED_OUT[word], self.fired[step.id]
        is_booked = outcome == BOOKED
        return CheckoutRecord(
            attempt=planned.attempt,
            device=planned.device,
            slot=planned.slot,
            guests=planned.guests,
            intended_ns=at_ns,
            released_ns=at_ns + 1_000 * number,
            decided_ns=at_ns + ANSWER_NS + 1_000 * number,
            outcome=outcome,
            asks=(_ask(at_ns, outcome, AskKind.CHECKOUT),),
            checkout=planned.attempt if is_booked else None,
            session=f"cs_{planned.attempt}" if is_booked else None,
        )

    def _webhook(self, step: Step, planned: PlannedWebhook, number: int) -> WebhookRecord:
        is_marked = planned.pays is not None
        self._service.hear(planned.event, planned.slot, planned.guests, is_marked=is_marked)
        at_ns = self.fired[step.id]
        return WebhookRecord(
            attempt=planned.attempt,
            device=planned.device,
            event=planned.event,
            session=f"cs_{planned.pays or planned.event}",
            intended_ns=at_ns,
            released_ns=at_ns + 1_000 * number,
            decided_ns=at_ns + ANSWER_NS + 1_000 * number,
            outcome=CONFIRMED,
            asks=(_ask(at_ns, CONFIRMED, AskKind.WEBHOOK),),
        )

    def _link(self, step: Step, planned: PlannedLink, number: int) -> LinkRecord:
        why_not = self._service.link(planned.ticket, planned.reservation)
        outcome = LINKED if why_not is None else Outcome(OutcomeKind.REFUSED, Reason(why_not))
        at_ns = self.fired[step.id]
        return LinkRecord(
            attempt=planned.attempt,
            device=planned.device,
            ticket=planned.ticket,
            reservation=planned.reservation,
            intended_ns=at_ns,
            released_ns=at_ns + 1_000 * number,
            decided_ns=at_ns + ANSWER_NS + 1_000 * number,
            outcome=outcome,
            asks=(_ask(at_ns, outcome, AskKind.LINK),),
        )

    def move(self, attempt: str, fleet: str) -> None:
        """Let the device belong to another fleet."""
        self.attempts[attempt] = msgspec.structs.replace(self.attempts[attempt], fleet=fleet)

    def shift(self, attempt: str, shift_ns: int) -> None:
        """Let everything about this attempt have been meant, and been, so much later."""
        event = self.attempts[attempt]
        self.attempts[attempt] = msgspec.structs.replace(
            event, record=event.record.shifted(shift_ns)
        )

    def change(self, attempt: str, **fields: object) -> None:
        """Let the device report other values in these fields."""
        event = self.attempts[attempt]
        record = msgspec.structs.replace(event.record, **fields)
        self.attempts[attempt] = msgspec.structs.replace(event, record=record)

    def show(self, attempt: str, outcome: Outcome, *, asks: tuple[Ask, ...] | None = None) -> None:
        """Let the device show this instead; what the service has on record stays."""
        record = self.attempts[attempt].record
        if asks is None:
            kind = record.acting_asks[0].kind if record.acting_asks else AskKind.SCAN
            unasked = outcome.reason in _ASKED_NOBODY
            asks = () if unasked else (_ask(record.intended_ns, outcome, kind),)
        self.change(attempt, outcome=outcome, asks=asks)
        if isinstance(record, ScanRecord) and not outcome.admits:
            self.change(attempt, checked_in_guests=None, last_entry_at=None)
        if isinstance(record, CheckoutRecord) and outcome != BOOKED:
            self.change(attempt, checkout=None, session=None)

    def answer(self, attempt: str, outcome: Outcome) -> None:
        """Let the service answer a ticket's scan so, and log it; its row of the ticket stays."""
        planned = {each.attempt: each for step in self.plan.steps for each in step.attempts}
        scan = planned[attempt]
        assert isinstance(scan, PlannedScan)
        self.show(attempt, outcome)
        here = (scan.ticket, scan.device)
        rows = self.logs.scan_logs
        row = next(row for row in rows if (row.ticket_id, row.device_id) == here)
        result = next(word for word, told in _SCANNED.items() if told == outcome)
        rows[rows.index(row)] = changed(row, result=result)

    def time(self, attempt: str, *, sent_ns: int, answered_ns: int) -> None:
        """Let the device's only question have been under way from then to then, without stamps."""
        record = self.attempts[attempt].record
        kind = record.acting_asks[0].kind if record.acting_asks else AskKind.SCAN
        reason = record.acting_asks[0].reason if record.acting_asks else record.outcome.reason
        self.change(attempt, asks=(Ask(sent_ns, answered_ns, 200, reason, kind=kind),))

    def lose(self, *attempts: str) -> None:
        """Let the history lack these attempts."""
        for attempt in attempts:
            del self.attempts[attempt]

    def fall_silent(self, step: str, *devices: str) -> None:
        """Let these devices go in this step, and be named."""
        self.silent.append(Silent(step, FLEET, devices, "its process has gone"))
        self.lose(
            *(
                attempt
                for attempt, event in self.attempts.copy().items()
                if event.step == step and event.record.device in devices
            )
        )

    def not_ready(self, step: str, device: str) -> None:
        """Let this device take no part in this step, and be named: it asked nobody."""
        self.unready.append(Unready(step, device, "unread"))
        attempt = f"{step}:{device}"
        ticket = {
            planned.attempt: planned.ticket
            for each in self.plan.steps
            for planned in each.attempts
            if isinstance(planned, PlannedScan)
        }[attempt]
        self.lose(attempt)
        self.logs.scan_logs = [
            row for row in self.logs.scan_logs if (row.ticket_id, row.device_id) != (ticket, device)
        ]

    def record(self, ticket: str, status: str, device: str | None = None) -> None:
        """Let the service's row of this ticket stand so in the end."""
        row = self.after.tickets[ticket]
        self.after.tickets[ticket] = changed(row, status=status, device_id=device)

    def log(self, ticket: str, result: str, device: str) -> None:
        """Let the service's log of scans have one more row."""
        self._service.log_scan(ticket, result, device)

    def unlog(self, ticket: str, result: str, *, but: int = 0) -> None:
        """Let the log of scans lack all such rows of this ticket but so many."""
        rows = self.logs.scan_logs
        gone = [row for row in rows if (row.ticket_id, row.result) == (ticket, result)][but:]
        self.logs.scan_logs = [row for row in rows if row not in gone]

    def log_pass(self, vip_pass: str, entry_type: str, error: str | None = None) -> None:
        """Let the service's log of VIP scans have one more row."""
        self._service.log_pass(vip_pass, entry_type, error)

    def unlog_pass(self, vip_pass: str, entry_type: str) -> None:
        """Let the log of VIP scans lack all such rows of this pass."""
        self.logs.vip_scan_logs = [
            row
            for row in self.logs.vip_scan_logs
            if (row.pass_id, row.entry_type) != (vip_pass, entry_type)
        ]

    def audit(
        self, kind: AuditType, slot: str, guests: int = 1, rolled_back: int | None = None
    ) -> None:
        """Let the service's audit log have one more row."""
        self._service.audit(kind, slot, guests, rolled_back)

    def count(self, reservation: str, guests: int) -> None:
        """Let the service count so many guests of this reservation in the end."""
        row = self.after.vip_reservations[reservation]
        self.after.vip_reservations[reservation] = changed(row, checked_in_guests=guests)

    def leave(self, slot: str, available: int) -> None:
        """Let so many places of this slot be left in the end."""
        self.after.slots[slot] = changed(self.after.slots[slot], available=available)

    def was_before(self, ticket: str, status: str) -> None:
        """Let the ticket or pass have stood so before the run."""
        if ticket in self.before.vip_passes:
            vip_pass = self.before.vip_passes[ticket]
            self.before.vip_passes[ticket] = changed(vip_pass, status=status)
        else:
            self.before.tickets[ticket] = changed(self.before.tickets[ticket], status=status)

    def spell_in_capitals(self) -> None:
        """Let the service write its ids in capitals, wherever it writes them."""
        for tables in (self.before, self.after):
            for name in ("tickets", "vip_passes", "vip_reservations", "slots"):
                rows = getattr(tables, name)
                for each, row in rows.items():
                    rows[each] = _in_capitals(row)
        for name in ("scan_logs", "vip_scan_logs", "payment_sessions", "audit_logs"):
            setattr(self.logs, name, [_in_capitals(row) for row in getattr(self.logs, name)])

    def hide(self, moment: Moment, table: str, why: str | None = None) -> None:
        """Let this table not be readable at that moment."""
        self.hidden.add((moment, table))
        if why is not None:
            self.unreadable = (*self.unreadable, why)

    def hide_records(self, why: str = "table tickets: HTTP 403") -> None:
        """Let none of the service's tables be readable."""
        for table in Snapshot.__struct_fields__:
            self.hide("before", table)
            self.hide("after", table)
        for table in Logs.__struct_fields__:
            self.hide("logs", table)
        self.unreadable = (why,)

    @property
    def history(self) -> list[Event]:
        """The history as it was written."""
        started = Started("run", "drill", 1, NOW, "http://a", "mqtt://b")
        events: list[Event] = [started, *self.clocks, *self.faults, *self.sold]
        for step in self.plan.steps:
            if step.id in self.fired:
                events.append(Fired(step.id, self.fired[step.id]))
            of_step: list[Attempted | Released | Unready | Silent] = [
                *self.attempts.values(),
                *self.released,
                *self.unready,
                *self.silent,
            ]
            events += [event for event in of_step if event.step == step.id]
        events += self.drained
        events += [Journaled(FLEET, entry) for entry in self.journals.values()]
        events += [*self.unread, *self.walked_in]
        return events if self.torn else [*events, Ended(0, self.cut_short)]

    @property
    def records(self) -> Records:
        """What was read of the service's records."""
        return Records(
            before=self._snapshot("before"),
            after=self._snapshot("after"),
            logs=self._read_logs(),
            complete_logs=self.complete_logs,
            unreadable=self.unreadable,
        )

    def _snapshot(self, moment: Literal["before", "after"]) -> Snapshot:
        tables = self.before if moment == "before" else self.after
        linking = {
            planned.reservation.lower()
            for step in self.plan.steps
            for planned in step.attempts
            if isinstance(planned, PlannedLink)
        }
        linked = [
            row
            for row in tables.tickets.values()
            if (row.vip_reservation_id or "").lower() in linking
        ]
        return Snapshot(
            tickets=self._read(moment, "tickets", tables.tickets.values()),
            vip_passes=self._read(moment, "vip_passes", tables.vip_passes.values()),
            vip_reservations=self._read(
                moment, "vip_reservations", tables.vip_reservations.values()
            ),
            linked_tickets=self._read(moment, "linked_tickets", linked, asked=bool(linking)),
            slots=self._read(moment, "slots", tables.slots.values()),
        )

    def _read_logs(self) -> Logs:
        kinds = {ticket.kind for ticket in self.plan.tickets}
        books = bool(self.plan.slots)
        logs = self.logs
        return Logs(
            scan_logs=self._read("logs", "scan_logs", logs.scan_logs, asked="ticket" in kinds),
            vip_scan_logs=self._read(
                "logs", "vip_scan_logs", logs.vip_scan_logs, asked="vip_pass" in kinds
            ),
            checkouts=self._read("logs", "checkouts", logs.checkouts, asked=books),
            payment_sessions=self._read(
                "logs", "payment_sessions", logs.payment_sessions, asked=books
            ),
            audit_logs=self._read("logs", "audit_logs", logs.audit_logs, asked=books),
        )

    def _read(
        self, moment: Moment, table: str, rows: Iterable[Row], *, asked: bool = False
    ) -> tuple[Row, ...] | None:
        """The rows, None where the table is hidden, or empty and not one that may be."""
        found = tuple(rows)
        hidden = (moment, table) in self.hidden
        return None if hidden or not (found or asked) else found

    @property
    def evidence(self) -> Evidence:
        """All of it side by side."""
        return Evidence(self.plan, self.history, self.records)

    def judge(self) -> Result:
        """The verdict on it."""
        return judge(self.plan, self.history, self.records)


def _claim(at_ns: int, alone: Alone) -> ClaimAsk:
    """Answered where the registrar decided, else waited for in vain."""
    if alone.authority is not Authority.VENUE:
        return ClaimAsk(at_ns, at_ns + BUDGET_NS)
    return ClaimAsk(at_ns, at_ns + ANSWER_NS, REGISTRAR, alone.outcome.admits)


def _ask(at_ns: int, outcome: Outcome, kind: AskKind = AskKind.SCAN) -> Ask:
    reason, answered_ns = outcome.reason, at_ns + ANSWER_NS
    if reason is Reason.SERVER_ERROR:
        return Ask(at_ns, answered_ns, 500, reason, kind=kind)
    if reason is not None and reason.certainty is Certainty.INDEFINITE:
        return Ask(at_ns, answered_ns, reason=reason, kind=kind)
    status = _STATUSES.get(reason, 200) if reason is not None else 200
    return Ask(at_ns, answered_ns, status, reason, at_ns + 1, answered_ns - 1, kind)


_IDS = ("ticket_id", "pass_id", "reservation_id", "vip_reservation_id", "slot_id")


def _in_capitals(row: Row) -> Row:
    ids = _IDS if isinstance(row, PaymentSessionRow) else ("id", *_IDS)
    written = {each: getattr(row, each, None) for each in ids}
    capitals = {each: text.upper() for each, text in written.items() if isinstance(text, str)}
    return msgspec.structs.replace(row, **capitals)
