"""What the conductor and the fleets say to each other over MQTT. JSON, one struct a message.

Instants are nanoseconds; whose clock they are read on stands with each field. The protocol version
is part of the topic (see `topics`) and of a fleet's presence, so that a stranger is recognised
before it is told anything.
"""

from enum import StrEnum

import msgspec

from gatedrill.contract.attempt import AttemptRecord, ScanRecord
from gatedrill.contract.outcome import Authority, Outcome, Reason
from gatedrill.contract.service import PaymentEvent

PROTOCOL_VERSION = 3

ANSWER_TIMEOUT_S = 5.0
"""How long a device waits for the service; the conductor waits longer than that for the device."""

PRESENT_WITHIN_S = 30.0
"""How long after T a person has for presenting a ticket at an attended device."""


class BurstKind(StrEnum):
    """What happens at the common instant T."""

    PRESENT = "present"
    """The ticket is shown to the reader at T: decoding and all counts."""
    REQUEST = "request"
    """The ticket was read before; its check-in request is let go at T: the hardest race."""


class ReleaseMode(StrEnum):
    """How a fleet let its devices go."""

    REAL_TIME = "real-time"
    """With a priority above all ordinary processes, which the system must permit."""
    ORDINARY = "ordinary"
    """As one process among others."""


KIOSK = "kiosk"
"""What stands for the reader of a device that has none: it books, pays and links."""


class DeviceInfo(msgspec.Struct, frozen=True):
    """One device of a fleet, as the roster shows it.

    `reader` is the kind of its reader, or `KIOSK`; `repeat_window_s` is how long the same symbol
    must be out of view to count as a new scan. At an `attended` device a person presents the
    tickets: it cannot be let go at an instant, and what it does is timed from its own reading.
    `label` is what people call it, where that is not its name.
    """

    name: str
    reader: str
    repeat_window_s: float
    attended: bool = False
    label: str = ""

    @property
    def is_kiosk(self) -> bool:
        """Whether it makes checkouts instead of scans."""
        return self.reader == KIOSK


class DeviceState(msgspec.Struct, frozen=True):
    """How a device stands that may decide without the service.

    `authority` is the one that it would ask first at this moment. `queued` scans wait to be
    uploaded, the oldest of them for `oldest_s`; None if there is none.
    """

    authority: Authority
    queued: int
    oldest_s: float | None = None


class Presence(msgspec.Struct, frozen=True):
    """A fleet is here. Retained, repeated as a heartbeat; an empty payload means it has gone.

    `boot` tells two starts of one fleet apart; `target` is the check-in service that its devices
    ask (its key travels by the environment, never by MQTT). `states` tells of the devices that may
    decide without the service, `lost` of those whose hardware has gone, and why.
    """

    fleet: str
    boot: str
    host: str
    target: str
    devices: tuple[DeviceInfo, ...]
    protocol: int = PROTOCOL_VERSION
    states: dict[str, DeviceState] = {}
    lost: dict[str, str] = {}


class Twin(msgspec.Struct, frozen=True):
    """`fleet` on `host` has left again: it would host `device`, which somebody else hosts."""

    fleet: str
    host: str
    device: str


class Ping(msgspec.Struct, frozen=True):
    """What time is it at yours? `sent_ns` is on the conductor's clock and comes back unchanged."""

    sent_ns: int


class Pong(msgspec.Struct, frozen=True):
    """Answer to a ping; `received_ns` and `replied_ns` are on the fleet's clock."""

    boot: str
    sent_ns: int
    received_ns: int
    replied_ns: int


class Presentation(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="scan"):
    """Show this symbol to that device; report the scan as `attempt`.

    `symbol` is the text in the code, `seed` decides how the emulated guest holds it. `due_s` is, in
    a stream with an arrival rate, when the guest comes, counted from T. `shift_ns`, here as in
    every order, is how long after T it is let go in a swept burst. `caption` is what stands under
    the code on paper, for a person who has to find the ticket.
    """

    attempt: str
    device: str
    symbol: str
    seed: int
    due_s: float | None = None
    shift_ns: int = 0
    caption: str = ""


class CheckoutOrder(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="checkout"
):
    """Book `guests` places of this slot at that kiosk."""

    attempt: str
    device: str
    slot: str
    guests: int
    shift_ns: int = 0


class WebhookOrder(
    msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="webhook"
):
    """Tell the service, as the payment provider does, that a session was paid for."""

    attempt: str
    device: str
    event: PaymentEvent
    shift_ns: int = 0


class LinkOrder(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="kind", tag="link"):
    """Have this ticket linked to that reservation."""

    attempt: str
    device: str
    ticket: str
    reservation: str
    shift_ns: int = 0


Order = Presentation | CheckoutOrder | WebhookOrder | LinkOrder


class OfflinePolicy(msgspec.Struct, frozen=True):
    """How devices decide when the service does not answer.

    Of `authorities` the first that answers decides, in the order online, venue, offline; each has
    `budget_s`. `edition` names the tickets that the step is about: devices get a fresh copy when it
    changes, and what is granted for one edition says nothing of another.
    """

    authorities: tuple[Authority, ...]
    budget_s: float
    edition: str


class ArmBurst(msgspec.Struct, frozen=True, tag="burst"):
    """Make everything ready for one burst, then say `Armed`.

    `clock_offset_ns` is the fleet's clock minus the conductor's: the fleet translates T with it.
    Without a `policy`, here as in a stream, the service alone decides. An attended device waits for
    `present_within_s` after T that somebody presents the ticket.
    """

    step: str
    boot: str
    burst: BurstKind
    clock_offset_ns: int
    orders: tuple[Order, ...]
    policy: OfflinePolicy | None = None
    present_within_s: float = PRESENT_WITHIN_S


class ArmStream(msgspec.Struct, frozen=True, tag="stream"):
    """Make everything ready for a stream of scans, then say `Armed`.

    From T on, each device scans its own tickets in order until `duration_s` have passed or it has
    no more: each when it is due, or, where no time is set, `pause_s` after the decision before it.
    """

    step: str
    boot: str
    clock_offset_ns: int
    orders: tuple[Presentation, ...]
    pause_s: float
    duration_s: float
    policy: OfflinePolicy | None = None


Arm = ArmBurst | ArmStream


class Armed(msgspec.Struct, frozen=True):
    """The fleet is ready for the step. `unready` names the devices that are not, and why."""

    step: str
    boot: str
    unready: dict[str, str] = {}


class Fire(msgspec.Struct, frozen=True):
    """The common instant of a step; `at_ns` is on the conductor's clock."""

    step: str
    at_ns: int


class Report(msgspec.Struct, frozen=True):
    """Attempts as they end. `finished`: the fleet has nothing left to do in this step.

    `release`, in the last one, is how the devices were let go at T, and `total` how many attempts
    the fleet has reported of the step: who has not heard so many has missed some.
    """

    step: str
    boot: str
    records: tuple[AttemptRecord, ...]
    finished: bool = False
    release: ReleaseMode | None = None
    total: int | None = None


class Repeat(msgspec.Struct, frozen=True):
    """The conductor has missed something: say again what was said of this step so far."""

    step: str


class AskQueues(msgspec.Struct, frozen=True):
    """Tell what the devices' journals hold of this edition, sent or not."""

    edition: str


class QueueState(StrEnum):
    """Where a scan in a device's journal stands."""

    ASKED = "asked"
    """The service was asked and nothing is decided yet; also when the device died meanwhile."""
    ONLINE = "online"
    """The service decided: there is nothing to upload."""
    PENDING = "pending"
    """Decided without the service, waiting to be uploaded."""
    SYNCING = "syncing"
    """Sent to the service, no answer yet; waits again after a restart."""
    SYNCED = "synced"
    """On the service's record."""
    CONFLICT = "conflict"
    """The service has an earlier scan of another device; `winner` tells which."""
    FAILED = "failed"
    """The service will not take it; kept, with the error, for a person to decide."""


class QueueEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One scan in a device's journal.

    `attempt` is its name in a drill, empty for a guest who came by himself; `ticket` what the
    device took the symbol for: a ticket's or pass's id, or else the symbol itself. `outcome` and
    `authority` are None as long as nothing is decided, and so is `scanned_at` (ISO 8601, UTC), when
    it was, by the device's clock as far as it could be corrected: to within `clock_bound_ms`, None
    if it could not be. `settled_ns` is when the service took it, by the fleet's clock; None where
    it did not, or did in an earlier boot than the one that tells. `error` is what the last try met
    with; `flag` why the service did not believe the time; `recognised` whether the device knew its
    own earlier scan again in a conflict, at a service that takes no nonces.
    """

    attempt: str
    device: str
    boot: str
    nonce: str
    ticket: str
    state: QueueState
    kind: str = "ticket"
    outcome: Outcome | None = None
    authority: Authority | None = None
    scanned_at: str | None = None
    clock_bound_ms: float | None = None
    tries: int = 0
    error: str | None = None
    settled_ns: int | None = None
    winner_device: str | None = None
    winner_time: str | None = None
    flag: str | None = None
    recognised: bool = False

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from all others: a nonce that is used again has an entry each time."""
        return self.device, self.nonce, self.attempt


class QueueReport(msgspec.Struct, frozen=True):
    """What a fleet's journals hold, some entries at a time; `finished`: these are the last.

    `total`, in the last one, is how many it has told in all: who has not heard so many asks again.
    """

    boot: str
    edition: str
    entries: tuple[QueueEntry, ...]
    finished: bool = False
    total: int | None = None


class AskWalkIns(msgspec.Struct, frozen=True):
    """Tell of the scans that nobody had ordered; `number` tells the questions of a run apart."""

    number: int


class WalkIns(msgspec.Struct, frozen=True):
    """The scans of this boot that nobody had ordered, some at a time; `finished`: the last ones.

    `number` is that of the question. `total`, in the last message, is how many there are in all.
    """

    boot: str
    number: int
    records: tuple[ScanRecord, ...]
    finished: bool = False
    total: int | None = None


class SetClock(msgspec.Struct, frozen=True):
    """From now on this device's time of day is wrong by so much; stamps of a drill are not."""

    device: str
    skew_s: float


class VenueClaim(msgspec.Struct, frozen=True):
    """A device asks the registrar whether it may let somebody in with this ticket.

    `claim` is journaled before it is sent, and sent again after a crash: it gets the same answer.
    `comes_back` says that the ticket's guest may come in again, `edition` which copy of the tickets
    it is about.
    """

    claim: str
    device: str
    edition: str
    ticket: str
    comes_back: bool = False


class VenueGrant(msgspec.Struct, frozen=True):
    """The registrar's answer to the claim: granted, or why not.

    `registrar` is the id of its file. `again` says that the guest was inside before; `first_device`
    and `first_claim` tell who let him in, by the word of `first_fleet`, which the broker vouches
    for.
    """

    claim: str
    registrar: str
    granted: bool
    again: bool = False
    reason: Reason | None = None
    first_device: str | None = None
    first_claim: str | None = None
    first_fleet: str | None = None


class Admission(msgspec.Struct, frozen=True):
    """A device tells the registrar of an admission that the service has granted."""

    edition: str
    ticket: str
    device: str
    nonce: str


class RegistrarPresence(msgspec.Struct, frozen=True):
    """A registrar is here. Retained, repeated; `registrar` is the id of its file."""

    registrar: str
    boot: str
    host: str
    claims: int


class ConductorClaim(msgspec.Struct, frozen=True):
    """Somebody conducts this venue. Retained; an empty payload means it has gone."""

    conductor: str
    host: str
    pid: int
