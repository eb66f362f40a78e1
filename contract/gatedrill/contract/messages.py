"""What the conductor and the fleets say to each other over MQTT. JSON, one struct a message.

Instants are nanoseconds; whose clock they are read on stands with each field. The protocol version
is part of the topic (see `topics`) and of a fleet's presence, so that a stranger is recognised
before it is told anything.
"""

from enum import StrEnum

import msgspec

from gatedrill.contract.attempt import AttemptRecord
from gatedrill.contract.service import PaymentEvent

PROTOCOL_VERSION = 2

ANSWER_TIMEOUT_S = 5.0
"""How long a device waits for the service; the conductor waits longer than that for the device."""


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
    must be out of view to count as a new scan.
    """

    name: str
    reader: str
    repeat_window_s: float

    @property
    def is_kiosk(self) -> bool:
        """Whether it makes checkouts instead of scans."""
        return self.reader == KIOSK


class Presence(msgspec.Struct, frozen=True):
    """A fleet is here. Retained, repeated as a heartbeat; an empty payload means it has gone.

    `boot` tells two starts of one fleet apart; `target` is the check-in service that its devices
    ask (its key travels by the environment, never by MQTT).
    """

    fleet: str
    boot: str
    host: str
    target: str
    devices: tuple[DeviceInfo, ...]
    protocol: int = PROTOCOL_VERSION


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
    every order, is how long after T it is let go in a swept burst.
    """

    attempt: str
    device: str
    symbol: str
    seed: int
    due_s: float | None = None
    shift_ns: int = 0


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


class ArmBurst(msgspec.Struct, frozen=True, tag="burst"):
    """Make everything ready for one burst, then say `Armed`.

    `clock_offset_ns` is the fleet's clock minus the conductor's: the fleet translates T with it.
    """

    step: str
    boot: str
    burst: BurstKind
    clock_offset_ns: int
    orders: tuple[Order, ...]


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

    `release`, in the last one, is how the devices were let go at T.
    """

    step: str
    boot: str
    records: tuple[AttemptRecord, ...]
    finished: bool = False
    release: ReleaseMode | None = None


class ConductorClaim(msgspec.Struct, frozen=True):
    """Somebody conducts this venue. Retained; an empty payload means it has gone."""

    conductor: str
    host: str
    pid: int
