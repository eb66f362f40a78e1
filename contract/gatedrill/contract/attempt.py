"""What a device reports of one attempt: when each stage was reached, whom it asked, how it ended.

An attempt is a scan at a gate, or a checkout, a webhook or a link at a kiosk. All instants are
nanoseconds on one clock. A device fills them in by its own; the orchestrator shifts a record to its
clock before writing it into the history.
"""

from enum import StrEnum
from typing import TypeVar

import msgspec

from gatedrill.contract.outcome import Authority, Outcome, Reason


class AskKind(StrEnum):
    """What is asked of the check-in service."""

    SCAN = "scan"
    """May the bearer of this ticket come in? Answering may admit."""
    VIP_SCAN = "vip_scan"
    """May the bearer of this pass come in, for the first time or again? Answering may admit."""
    LINKED_TICKET = "linked_ticket"
    """Does this ticket belong to a VIP reservation that allows its guests to re-enter?"""
    VERIFY = "verify"
    """Is this signature the venue's own?"""
    LOOKUP = "lookup"
    """Which ticket or pass has this token?"""
    CHECKOUT = "checkout"
    """Are there places left in this slot? Answering may book them."""
    WEBHOOK = "webhook"
    """A session was paid for. Answering may take places."""
    LINK = "link"
    """Does this ticket belong to that reservation from now on? Answering may link it."""


ACTING = frozenset(
    {AskKind.SCAN, AskKind.VIP_SCAN, AskKind.CHECKOUT, AskKind.WEBHOOK, AskKind.LINK}
)
"""Questions whose answer may change what the service has on record; the others only read."""


class Ask(msgspec.Struct, frozen=True, omit_defaults=True):
    """One request to the check-in service and what came back.

    `reason` is set when the answer granted nothing. `arrived_ns` and `departed_ns` are the
    service's own stamps, on the service's own clock, where it gives them.
    """

    sent_ns: int
    answered_ns: int
    http_status: int | None = None
    reason: Reason | None = None
    arrived_ns: int | None = None
    departed_ns: int | None = None
    kind: AskKind = AskKind.SCAN


class ClaimAsk(msgspec.Struct, frozen=True, omit_defaults=True):
    """One question to the venue's registrar and what came back.

    `registrar` is the id of the file that answered; without an answer in time it is None, and so is
    `granted`.
    """

    sent_ns: int
    answered_ns: int
    registrar: str | None = None
    granted: bool | None = None


class FrameFigures(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a camera has seen: of a symbol since the one before, of a scan since the scan before.

    It has delivered so many frames, of which `dropped` were never looked at, because newer ones had
    come; of those that were looked at, `with_code` showed a code, this one's included. All in the
    last `span_ms` milliseconds.
    """

    delivered: int
    dropped: int
    with_code: int
    span_ms: float

    @property
    def decode_rate(self) -> float:
        """The share of the frames that were looked at in which a code was found."""
        looked_at = self.delivered - self.dropped
        return self.with_code / looked_at if looked_at > 0 else 0.0

    def __add__(self, later: "FrameFigures") -> "FrameFigures":
        """What was seen in both spans, of which one follows the other."""
        return FrameFigures(
            self.delivered + later.delivered,
            self.dropped + later.dropped,
            self.with_code + later.with_code,
            self.span_ms + later.span_ms,
        )


Self = TypeVar("Self", bound="Attempt")


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What all attempts have in common, from the intended instant to the decision.

    `intended_ns` is when the attempt was meant to begin, `released_ns` when the device really let
    it go, `decided_ns` when the outcome stood.
    """

    attempt: str
    device: str
    intended_ns: int
    released_ns: int
    decided_ns: int
    outcome: Outcome
    asks: tuple[Ask, ...] = ()

    @property
    def latency_ms(self) -> float:
        """From the intended instant to the decision."""
        return (self.decided_ns - self.intended_ns) / 1e6

    @property
    def acting_asks(self) -> tuple[Ask, ...]:
        """The requests that could change something at the service."""
        return tuple(ask for ask in self.asks if ask.kind in ACTING)

    def shifted(self: Self, by_ns: int) -> Self:
        """The same attempt on a clock that stands `by_ns` ahead of this one."""
        instants = {
            field: at_ns + by_ns
            for field in ("intended_ns", "released_ns", "decoded_ns", "decided_ns")
            if (at_ns := getattr(self, field, None)) is not None
        }
        asks = tuple(_shifted(ask, by_ns) for ask in self.asks)
        return msgspec.structs.replace(self, **instants, asks=asks)


Asked = TypeVar("Asked", Ask, ClaimAsk)


def _shifted(ask: Asked, by_ns: int) -> Asked:
    return msgspec.structs.replace(
        ask, sent_ns=ask.sent_ns + by_ns, answered_ns=ask.answered_ns + by_ns
    )


class ScanRecord(Attempt, frozen=True, kw_only=True, tag="scan"):
    """One symbol presented to one device.

    `symbol` is the text that was in the code, or that should have been read from it. `decoded_ns`
    is when the reader had it: before the release in a burst of kind `request`; None if it was never
    read. `last_entry_at`, in a re-entry, is when the guest came in before, and what the device
    shows; `checked_in_guests` is how many of the guest's party the service counts, this one
    included.

    A device that may decide without the service gives each scan a `nonce`, under which its journal
    has it, and tells of the `claim` that it made at the registrar, if any. `frames` is what a
    camera has seen on the way to the symbol.
    """

    symbol: str
    decoded_ns: int | None
    authority: Authority = Authority.ONLINE
    nonce: str | None = None
    claim: ClaimAsk | None = None
    last_entry_at: str | None = None
    checked_in_guests: int | None = None
    frames: FrameFigures | None = None

    def shifted(self, by_ns: int) -> "ScanRecord":
        """The same scan on a clock that stands `by_ns` ahead of this one."""
        moved = super().shifted(by_ns)
        claim = None if self.claim is None else _shifted(self.claim, by_ns)
        return msgspec.structs.replace(moved, claim=claim)


class CheckoutRecord(Attempt, frozen=True, kw_only=True, tag="checkout"):
    """One booking of `guests` places of a slot; `session` is where to pay for them, if booked."""

    slot: str
    guests: int
    checkout: str | None = None
    session: str | None = None


class WebhookRecord(Attempt, frozen=True, kw_only=True, tag="webhook"):
    """One delivery of a payment event; an event may be delivered more than once."""

    event: str
    session: str


class LinkRecord(Attempt, frozen=True, kw_only=True, tag="link"):
    """One request to link a ticket to a VIP reservation."""

    ticket: str
    reservation: str


AttemptRecord = ScanRecord | CheckoutRecord | WebhookRecord | LinkRecord
