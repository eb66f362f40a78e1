"""The plan: every attempt of a rehearsal, worked out before anything runs.

A pure function of scenario, roster, seed and supply: the same four give the same plan, byte for
byte. What is not in the plan does not happen.
"""

import msgspec

from gatedrill.contract.messages import BurstKind, DeviceInfo
from gatedrill.contract.outcome import Authority
from gatedrill.contract.service import SlotRow, VipReservationRow
from gatedrill.fixtures.scenario import FaultName, Reaction, Scenario
from gatedrill.fixtures.tickets import Ticket

PLAN_VERSION = 2
MIN_REST_S = 0.3
"""Rounds keep at least this distance, so that one cannot reach into the next."""
LEAD_S = 0.5
"""How far ahead T lies once all are armed: time for the word to reach all, then for quiet."""


class _Planned(msgspec.Struct, frozen=True, tag_field="kind", omit_defaults=True):
    """What every planned attempt has: its name everywhere, and who is to make it."""

    attempt: str
    device: str


class PlannedScan(_Planned, frozen=True, tag="scan"):
    """One ticket or pass, by its id, that one device will be shown.

    `symbol` is the text in its code, `seed` how the emulated guest holds it. `due_s` is when the
    guest arrives in a stream with an arrival rate, counted from T.
    """

    ticket: str
    symbol: str
    seed: int
    due_s: float | None = None


class PlannedCheckout(_Planned, frozen=True, tag="checkout"):
    """Places of a slot, by its id, that one kiosk will book."""

    slot: str
    guests: int


class PlannedWebhook(_Planned, frozen=True, tag="webhook"):
    """A payment that one kiosk will tell the service of; `event` tells it apart from others.

    `pays` names the checkout whose session was paid for; None for a session of old, which no
    checkout has reserved places for.
    """

    event: str
    slot: str
    guests: int
    pays: str | None = None


class PlannedLink(_Planned, frozen=True, tag="link"):
    """A ticket that one kiosk will have linked to a reservation, both by their ids."""

    ticket: str
    reservation: str


PlannedAttempt = PlannedScan | PlannedCheckout | PlannedWebhook | PlannedLink


class PlannedFault(msgspec.Struct, frozen=True, omit_defaults=True):
    """Something of the venue fails; `id` is its name in the history.

    `devices` are those it strikes, all of them where it strikes a part that they share. Within a
    step it begins `at_s` after T. It ends `for_s` after it began, or when a later act ends it; at
    the latest when the run does. `seed` decides what it spoils, where it spoils a share.
    """

    id: str
    fault: FaultName
    devices: tuple[str, ...]
    at_s: float = 0.0
    for_s: float | None = None
    delay_ms: float | None = None
    share: float | None = None
    skew_s: float | None = None
    seed: int = 0


class BeginAct(msgspec.Struct, frozen=True, tag_field="kind", tag="begin"):
    """These faults begin, at once."""

    faults: tuple[PlannedFault, ...]


class EndAct(msgspec.Struct, frozen=True, tag_field="kind", tag="end"):
    """These faults, by their ids, end, one after the other."""

    faults: tuple[str, ...]


class DrainAct(msgspec.Struct, frozen=True, tag_field="kind", tag="drain"):
    """All queues are to be empty within so many seconds."""

    id: str
    within_s: float


class SellAct(msgspec.Struct, frozen=True, tag_field="kind", tag="sell"):
    """The service is given these tickets, by their ids, only now."""

    tickets: tuple[str, ...]


class PauseAct(msgspec.Struct, frozen=True, tag_field="kind", tag="pause"):
    """Nothing happens for so long, between two acts or after one.

    A pause with no act between two steps is the second one's `rest_s` instead.
    """

    duration_s: float


VenueAct = BeginAct | EndAct | DrainAct | SellAct | PauseAct
"""What is done to the venue between two steps."""


class Guidance(msgspec.Struct, frozen=True):
    """What the people at the gate are told of a step: of one ticket at one gate.

    `brief` is what they are to do, `reaction` what is right once the gate has answered, and `why`.
    """

    brief: str | None = None
    reaction: Reaction | None = None
    why: str | None = None


class BurstStep(msgspec.Struct, frozen=True, tag_field="kind", tag="burst"):
    """All attempts at one instant, at least `rest_s` after the answers of the step before.

    What is read ahead is read no sooner than `LEAD_S` before that. Within a fleet they are let go
    in this order, microseconds apart; it is drawn anew for each round, so that no device is always
    first. `contending` names the attempts that compete with another one for a ticket, a
    reservation's counter or a slot's places: with any, the step is a race. A ticket that is to be
    refused anyhow competes for nothing. `expect` says how many attempts end in an outcome or for a
    reason. A probe is a burst of one: `probes` names the step whose ticket it shows again. `before`
    is what is done to the venue before the step, here as in a stream, `faults` what fails amid it.
    `guidance` is for the people who are led through it, if anybody is.
    """

    id: str
    burst: BurstKind
    attempts: tuple[PlannedAttempt, ...]
    rest_s: float = MIN_REST_S
    contending: tuple[str, ...] = ()
    expect: dict[str, int] = {}
    sweep_ms: float | None = None
    probes: str | None = None
    before: tuple[VenueAct, ...] = ()
    faults: tuple[PlannedFault, ...] = ()
    guidance: Guidance | None = None


class StreamStep(msgspec.Struct, frozen=True, tag_field="kind", tag="stream"):
    """Scans on every device from one instant on, in a closed loop or as guests arrive."""

    id: str
    attempts: tuple[PlannedScan, ...]
    pause_s: float
    duration_s: float
    rest_s: float = MIN_REST_S
    before: tuple[VenueAct, ...] = ()
    faults: tuple[PlannedFault, ...] = ()


Step = BurstStep | StreamStep


class Plan(msgspec.Struct, frozen=True):
    """Everything that will happen, in order, and what it happens to.

    `repeat` counts the runs of one scenario in a command, from 1 on. `after` is what is done to the
    venue after the last step. `late` are the tickets, by their ids, that are sold in the run.
    """

    version: int
    scenario: Scenario
    seed: int
    repeat: int
    devices: tuple[DeviceInfo, ...]
    tickets: tuple[Ticket, ...]
    reservations: tuple[VipReservationRow, ...]
    slots: tuple[SlotRow, ...]
    steps: tuple[Step, ...]
    after: tuple[VenueAct, ...] = ()
    late: tuple[str, ...] = ()

    @property
    def attended(self) -> frozenset[str]:
        """The devices at which a person presents the tickets."""
        return frozenset(device.name for device in self.devices if device.attended)

    @property
    def is_online_only(self) -> bool:
        """Whether the service alone decides."""
        return self.scenario.authorities == (Authority.ONLINE,)
