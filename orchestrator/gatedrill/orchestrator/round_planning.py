"""Working out the rounds of a burst: who acts, with which ticket or slot, and who competes."""

import itertools
import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from gatedrill.contract.messages import BurstKind, DeviceInfo
from gatedrill.contract.outcome import Authority
from gatedrill.fixtures.scenario import Book, Burst, LinkTickets, Pay, Scenario
from gatedrill.fixtures.shares import kiosk_acts, kiosk_sizes, show_sizes
from gatedrill.fixtures.stock import Stock
from gatedrill.fixtures.tickets import Ticket
from gatedrill.orchestrator.fault_planning import FaultPlanner
from gatedrill.orchestrator.plan import (
    BurstStep,
    Guidance,
    PlannedAttempt,
    PlannedCheckout,
    PlannedLink,
    PlannedScan,
    PlannedWebhook,
)
from gatedrill.orchestrator.rests import Rests


class RoundPlanner:
    """Works out the bursts of one scenario, in the order of its phases."""

    def __init__(
        self,
        scenario: Scenario,
        gates: Sequence[DeviceInfo],
        kiosks: Sequence[DeviceInfo],
        stock: Stock,
        rests: Rests,
        faults: FaultPlanner,
        rng: random.Random,
    ) -> None:
        self._scenario = scenario
        self._gates = gates
        self._attended = {gate.name for gate in gates if gate.attended}
        self._kiosks = kiosks
        self._stock = stock
        self._rests = rests
        self._faults = faults
        self._rng = rng
        # A target that was not reset has heard of the payments of earlier runs.
        self._events = f"evt_{rng.getrandbits(64):016x}"
        self._rounds = 0
        self._booked: dict[str, list[PlannedCheckout]] = {}
        self._shown: dict[str, Ticket] = {}

    def plan(self, phase: Burst, phase_id: str) -> Iterator[BurstStep]:
        """The rounds of one phase, each with its probe."""
        acts: list[PlannedAttempt] = []
        for round_number in range(1, phase.rounds + 1):
            step_id = f"{phase_id}.{round_number}"
            scans = self._scans(phase, step_id)
            acts = [*scans, *self._kiosk_acts(phase, step_id)]
            # Drawn anew for each round, so that no device is always first.
            attempts = self._rng.sample(acts, len(acts))
            yield BurstStep(
                id=step_id,
                burst=phase.burst,
                attempts=tuple(attempts),
                rest_s=self._rests.before(phase.burst, scans),
                contending=self._contending(attempts),
                expect=dict(phase.expect),
                sweep_ms=phase.sweep_ms,
                faults=self._faults.plan(phase.faults, step_id),
                guidance=_guidance(phase),
            )
            self._rounds += 1
            if phase.probe:
                yield self._probe(step_id, scans[0])
        self._remember_checkouts(acts)

    def _scans(self, phase: Burst, step_id: str) -> list[PlannedScan]:
        """What the devices show; each round begins with another one, so that all see everything."""
        turn = self._rounds % len(self._gates) if self._gates else 0
        gates = iter([*self._gates[turn:], *self._gates[:turn]])
        scans = []
        for show, size in zip(phase.shows, show_sizes(self._scenario, phase), strict=True):
            if show.same:
                tickets = self._stock.take(show.tickets, 1, race=True) * size
            else:
                tickets = self._stock.take(show.tickets, size)
            pairs = zip(itertools.islice(gates, size), tickets, strict=True)
            scans += [self._scan(step_id, gate, ticket) for gate, ticket in pairs]
        return scans

    def _scan(self, step_id: str, device: DeviceInfo, ticket: Ticket) -> PlannedScan:
        self._shown[ticket.id] = ticket
        return PlannedScan(
            attempt=f"{step_id}:{device.name}",
            device=device.name,
            ticket=ticket.id,
            symbol=ticket.symbol,
            seed=self._rng.getrandbits(32),
        )

    def _kiosk_acts(self, phase: Burst, step_id: str) -> list[PlannedAttempt]:
        kiosks = iter(self._kiosks)
        phase_id = step_id.rpartition(".")[0]
        acts: list[PlannedAttempt] = []
        sizes = kiosk_sizes(self._scenario, phase)
        for act, size in zip(kiosk_acts(phase), sizes, strict=True):
            names = [kiosk.name for kiosk in itertools.islice(kiosks, size)]
            match act:
                case Book():
                    acts += self._checkouts(act, step_id, names)
                case Pay():
                    number = phase.pays.index(act) + 1
                    acts += self._webhooks(act, step_id, f"{phase_id}_{number}", names)
                case LinkTickets():
                    acts += self._links(act, step_id, names)
        return acts

    def _remember_checkouts(self, acts: Sequence[PlannedAttempt]) -> None:
        """Those of the phase's last round, which the phases after it can pay for."""
        checkouts = [act for act in acts if isinstance(act, PlannedCheckout)]
        for slot in {checkout.slot for checkout in checkouts}:
            self._booked[slot] = [each for each in checkouts if each.slot == slot]

    def _checkouts(self, book: Book, step_id: str, names: Sequence[str]) -> list[PlannedCheckout]:
        slot = self._stock.slot(book.slot)
        return [PlannedCheckout(f"{step_id}:{name}", name, slot, book.guests) for name in names]

    def _webhooks(
        self, pay: Pay, step_id: str, event: str, names: Sequence[str]
    ) -> list[PlannedWebhook]:
        """Payments; the same `event` in every round, as a provider tells it again."""
        slot = self._stock.slot(pay.slot)
        webhooks = []
        for index, name in enumerate(names):
            nth = 0 if pay.same else index
            checkout = None if pay.legacy else self._booked[slot][nth]
            webhooks.append(
                PlannedWebhook(
                    attempt=f"{step_id}:{name}",
                    device=name,
                    event=f"{self._events}_{event}_{nth + 1}",
                    slot=slot,
                    guests=pay.guests if checkout is None else checkout.guests,
                    pays=None if checkout is None else checkout.attempt,
                )
            )
        return webhooks

    def _links(self, link: LinkTickets, step_id: str, names: Sequence[str]) -> list[PlannedLink]:
        reservation = self._stock.reservation(link.reservation)
        tickets = self._stock.take(link.tickets, len(names))
        return [
            PlannedLink(f"{step_id}:{name}", name, ticket.id, reservation)
            for name, ticket in zip(names, tickets, strict=True)
        ]

    def _contending(self, attempts: Sequence[PlannedAttempt]) -> tuple[str, ...]:
        """Those that compete with another one for the same thing at the service.

        Where others decide too, it may not be asked, and nobody can say that there was a race. Who
        presents a ticket by hand comes to it when he does, and races nobody.
        """
        if self._scenario.authorities != (Authority.ONLINE,):
            return ()
        at_t = [each for each in attempts if each.device not in self._attended]
        subjects = {each.attempt: _subject(each, self._shown) for each in at_t}
        wanted = Counter(subjects.values())
        return tuple(name for name, subject in subjects.items() if subject and wanted[subject] > 1)

    def _probe(self, probed: str, first: PlannedScan) -> BurstStep:
        """The round's first ticket once more, at a device that soon forgets what it has seen."""
        willing = [gate for gate in self._gates if not gate.attended] or self._gates
        shortest_s = min(gate.repeat_window_s for gate in willing)
        quick = [gate for gate in willing if gate.repeat_window_s == shortest_s]
        device = quick[self._rounds % len(quick)]
        step_id = f"{probed}-probe"
        scan = PlannedScan(
            attempt=f"{step_id}:{device.name}",
            device=device.name,
            ticket=first.ticket,
            symbol=first.symbol,
            seed=self._rng.getrandbits(32),
        )
        return BurstStep(
            id=step_id,
            # Shown at T, not before: to a reader that has just seen it, the ticket would pass for
            # the same sighting.
            burst=BurstKind.PRESENT,
            attempts=(scan,),
            rest_s=self._rests.before(BurstKind.PRESENT, [scan]),
            probes=probed,
        )


def _guidance(phase: Burst) -> Guidance | None:
    words = Guidance(phase.brief, phase.reaction, phase.why)
    return None if words == Guidance() else words


def _subject(attempt: PlannedAttempt, tickets: Mapping[str, Ticket]) -> str | None:
    """The one row that the service must guard while this attempt is under way.

    None for a ticket that is to be refused: whoever else shows it, there is nothing to be had.
    """
    match attempt:
        case PlannedScan():
            ticket = tickets[attempt.ticket]
            if ticket.refused_as is not None:
                return None
            return ticket.reservation if ticket.kind == "vip_pass" else ticket.id
        case PlannedLink():
            return attempt.reservation
        case PlannedWebhook():
            return attempt.slot if attempt.pays is None else attempt.event
        case PlannedCheckout():
            return attempt.slot
