"""An attempt as a verdict sees it: what was planned beside what came of it."""

from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

from gatedrill.contract.attempt import (
    Ask,
    AttemptRecord,
    CheckoutRecord,
    LinkRecord,
    ScanRecord,
    WebhookRecord,
)
from gatedrill.contract.outcome import Certainty, Reason
from gatedrill.contract.qr import same_code
from gatedrill.orchestrator.history import Attempted, Event, Fired, Sold, WalkedIn
from gatedrill.orchestrator.plan import (
    BurstStep,
    Plan,
    PlannedAttempt,
    PlannedCheckout,
    PlannedLink,
    PlannedScan,
    PlannedWebhook,
    Step,
)

P_co = TypeVar("P_co", bound=PlannedAttempt, covariant=True)
R_co = TypeVar("R_co", bound=AttemptRecord, covariant=True)
P = TypeVar("P", bound=PlannedAttempt)
R = TypeVar("R", bound=AttemptRecord)


_NEVER = 1 << 62


class Seen(NamedTuple, Generic[P_co, R_co]):
    """An attempt that was planned, and what came of it.

    A testimony was not heard but found in its device's journal: it has no stamps of questions. A
    walk-in was not planned either: a person has presented the ticket without an order.
    """

    planned: P_co
    step: Step
    fleet: str
    record: R_co
    is_testimony: bool = False
    is_walk_in: bool = False

    @property
    def is_probe(self) -> bool:
        """Whether it shows a ticket again after its round."""
        is_probing = isinstance(self.step, BurstStep) and self.step.probes is not None
        return is_probing and not self.is_walk_in

    @property
    def contends(self) -> bool:
        """Whether it competes with another attempt of its step for the same thing."""
        return isinstance(self.step, BurstStep) and self.planned.attempt in self.step.contending


SeenAttempt = Seen[PlannedAttempt, AttemptRecord]
SeenScan = Seen[PlannedScan, ScanRecord]
SeenCheckout = Seen[PlannedCheckout, CheckoutRecord]
SeenWebhook = Seen[PlannedWebhook, WebhookRecord]
SeenLink = Seen[PlannedLink, LinkRecord]


def join(steps: Iterable[Step], history: Iterable[Event]) -> list[SeenAttempt]:
    """The history's attempts, each with what was planned."""
    planned = {each.attempt: (each, step) for step in steps for each in step.attempts}
    return [
        Seen(*planned[event.record.attempt], event.fleet, event.record)
        for event in history
        if isinstance(event, Attempted) and event.record.attempt in planned
    ]


def by_step(attempts: Iterable[SeenAttempt]) -> dict[str, list[SeenAttempt]]:
    """The attempts of each step, by its id."""
    grouped: dict[str, list[SeenAttempt]] = {}
    for seen in attempts:
        grouped.setdefault(seen.step.id, []).append(seen)
    return grouped


def find_walk_ins(plan: Plan, history: Sequence[Event]) -> tuple[list[SeenScan], list[ScanRecord]]:
    """Scans at real gates that nobody had ordered: of tickets of the plan, and all others.

    The former stand with the step that was under way, though they are none of it. A ticket that is
    sold in the run is one of the plan's from then on.
    """
    tickets = {same_code(ticket.symbol): ticket.id for ticket in plan.tickets}
    sold_ns = {
        each: event.at_ns for event in history if isinstance(event, Sold) for each in event.tickets
    }
    fired = [event for event in history if isinstance(event, Fired)]
    steps = {step.id: step for step in plan.steps}
    known: list[SeenScan] = []
    strays: list[ScanRecord] = []
    for event in history:
        if not isinstance(event, WalkedIn):
            continue
        record = event.record
        ticket = tickets.get(same_code(record.symbol))
        is_early = ticket in plan.late and record.decided_ns < sold_ns.get(ticket or "", _NEVER)
        if ticket is None or is_early or not steps:
            strays.append(record)
            continue
        begun = [each.step for each in fired if each.at_ns <= record.decided_ns]
        step = steps[begun[-1]] if begun else plan.steps[0]
        planned = PlannedScan(record.attempt, record.device, ticket, record.symbol, seed=0)
        known.append(Seen(planned, step, event.fleet, record, is_walk_in=True))
    return known, strays


def of_kind(attempts: Iterable[SeenAttempt], planned: type[P], record: type[R]) -> list[Seen[P, R]]:
    """Those of one kind; an answer of another kind than was planned is left out."""
    return [
        Seen(seen.planned, seen.step, seen.fleet, seen.record)
        for seen in attempts
        if isinstance(seen.planned, planned) and isinstance(seen.record, record)
    ]


def may_have_admitted(seen: SeenScan) -> bool:
    """Whether somebody else may count an admission by this scan, though it ended otherwise.

    As its answer is open, or as a question to service or registrar went without one; or as a grant
    came that the device could not write down.
    """
    claim = seen.record.claim
    return (
        seen.record.outcome.is_open
        or any(is_unanswered(ask) for ask in seen.record.acting_asks)
        or (claim is not None and claim.granted is not False)
    )


def was_presented(seen: SeenScan) -> bool:
    """Whether anybody has shown the ticket at all."""
    return seen.record.outcome.reason is not Reason.NOT_PRESENTED


def is_unanswered(ask: Ask) -> bool:
    """Whether nobody knows if the service has decided."""
    return ask.reason is not None and ask.reason.certainty is Certainty.INDEFINITE
