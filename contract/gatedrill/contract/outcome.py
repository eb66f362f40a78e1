"""How an attempt ends: a scan at a gate, a booking, payment or link at a kiosk.

A timeout is not a refusal: somebody may have been let in at the other end of a broken wire. Hence
`unknown`, which is neither, and which no device may turn into one of the others by asking again.
"""

from enum import StrEnum

import msgspec


class OutcomeKind(StrEnum):
    """The ways an attempt can end."""

    ADMITTED = "admitted"
    """The guest walks in."""
    READMITTED = "readmitted"
    """A guest who was inside before walks in again, as the ticket allows."""
    BOOKED = "booked"
    """A checkout has its places, and a session to pay for them."""
    CONFIRMED = "confirmed"
    """The service has heard of a payment."""
    LINKED = "linked"
    """A ticket belongs to a VIP reservation from now on."""
    REFUSED = "refused"
    UNKNOWN = "unknown"
    IGNORED = "ignored"
    """Nobody was asked and nothing was shown: the same symbol was still in view, or none came."""


class Certainty(StrEnum):
    """Whether a reason settles the attempt."""

    DEFINITE = "definite"
    """The service has decided."""
    RETRYABLE = "retryable"
    """The service has decided nothing and says so: asking again is safe."""
    INDEFINITE = "indefinite"
    """Nobody knows whether the service has decided: asking again could admit twice."""


class Reason(StrEnum):
    """Why an attempt came to nothing. `certainty` tells what may follow from it."""

    ALREADY_USED = "already_used"
    LOST_RACE = "lost_race"
    NOT_FOUND = "not_found"
    CANCELLED = "cancelled"
    TAMPERED = "tampered"
    WRONG_EVENT = "wrong_event"
    INVALID_STATUS = "invalid_status"
    RESERVATION_CLOSED = "reservation_closed"
    FULL = "full"
    ALREADY_LINKED = "already_linked"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_TIMED_OUT = "payment_timed_out"
    REFUSED_OTHERWISE = "refused_otherwise"
    BUSY = "busy"
    UNSUPPORTED = "unsupported"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    BAD_ANSWER = "bad_answer"
    SERVER_ERROR = "server_error"
    CREDENTIALS = "credentials"
    UNREAD = "unread"
    OFFLINE_UNKNOWN = "offline_unknown"
    NOT_RECORDED = "not_recorded"
    REPEATED = "repeated"
    NOT_PRESENTED = "not_presented"

    @property
    def certainty(self) -> Certainty:
        """Whether this reason settles the scan."""
        return REASONS[self].certainty


class ReasonEntry(msgspec.Struct, frozen=True):
    """A row of the registry."""

    certainty: Certainty
    meaning: str


REASONS: dict[Reason, ReasonEntry] = {
    Reason.ALREADY_USED: ReasonEntry(Certainty.DEFINITE, "the ticket was admitted before"),
    Reason.LOST_RACE: ReasonEntry(
        Certainty.DEFINITE, "another scanner's admission won while this scan was under way"
    ),
    Reason.NOT_FOUND: ReasonEntry(
        Certainty.DEFINITE, "the service knows no such ticket, pass, slot or reservation"
    ),
    Reason.CANCELLED: ReasonEntry(Certainty.DEFINITE, "the ticket or pass was cancelled"),
    Reason.TAMPERED: ReasonEntry(
        Certainty.DEFINITE, "the code looks like a signed one, but its signature is not the venue's"
    ),
    Reason.WRONG_EVENT: ReasonEntry(Certainty.DEFINITE, "the ticket is for another event"),
    Reason.INVALID_STATUS: ReasonEntry(
        Certainty.DEFINITE, "the pass is in a state that lets nobody in"
    ),
    Reason.RESERVATION_CLOSED: ReasonEntry(
        Certainty.DEFINITE, "the pass's reservation does not exist or is not confirmed"
    ),
    Reason.FULL: ReasonEntry(
        Certainty.DEFINITE, "the slot or the reservation has too few places left"
    ),
    Reason.ALREADY_LINKED: ReasonEntry(
        Certainty.DEFINITE, "the ticket belongs to a reservation already"
    ),
    Reason.PAYMENT_FAILED: ReasonEntry(
        Certainty.DEFINITE, "the payment provider opened no session"
    ),
    Reason.PAYMENT_TIMED_OUT: ReasonEntry(
        Certainty.DEFINITE, "the payment provider did not answer the service in time"
    ),
    Reason.REFUSED_OTHERWISE: ReasonEntry(
        Certainty.DEFINITE, "the service refused with a message outside its contract"
    ),
    Reason.BUSY: ReasonEntry(
        Certainty.RETRYABLE, "another scanner holds the ticket's row at this moment"
    ),
    Reason.UNSUPPORTED: ReasonEntry(
        Certainty.RETRYABLE, "the service's function takes no nonce; it is asked without one"
    ),
    Reason.TIMEOUT: ReasonEntry(Certainty.INDEFINITE, "no answer in time"),
    Reason.CONNECTION: ReasonEntry(
        Certainty.INDEFINITE, "the connection failed or broke before an answer"
    ),
    Reason.BAD_ANSWER: ReasonEntry(Certainty.INDEFINITE, "an answer that is not of the contract"),
    Reason.SERVER_ERROR: ReasonEntry(Certainty.INDEFINITE, "the service answered with an error"),
    Reason.CREDENTIALS: ReasonEntry(Certainty.INDEFINITE, "the service refused the credentials"),
    Reason.UNREAD: ReasonEntry(
        Certainty.INDEFINITE, "the reader made no symbol of what it was shown"
    ),
    Reason.OFFLINE_UNKNOWN: ReasonEntry(
        Certainty.DEFINITE, "the device's own copy of the tickets has no such one"
    ),
    Reason.NOT_RECORDED: ReasonEntry(
        Certainty.DEFINITE, "the device could not write the scan down, and so let nobody in"
    ),
    Reason.REPEATED: ReasonEntry(
        Certainty.DEFINITE, "the same symbol had not left the reader's view"
    ),
    Reason.NOT_PRESENTED: ReasonEntry(
        Certainty.DEFINITE, "nobody presented the ticket at the device in time"
    ),
}


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one attempt ended, and why if it came to nothing."""

    kind: OutcomeKind
    reason: Reason | None = None

    def __str__(self) -> str:
        return f"{self.kind} ({self.reason})" if self.reason else str(self.kind)

    @property
    def admits(self) -> bool:
        """Whether the guest walks in."""
        return self.kind in (OutcomeKind.ADMITTED, OutcomeKind.READMITTED)

    @property
    def is_error(self) -> bool:
        """Whether there is no settled answer: unknown, or busy to the end."""
        return self.kind is OutcomeKind.UNKNOWN or self.reason is Reason.BUSY

    @property
    def is_open(self) -> bool:
        """Whether it leaves open if something was granted, or decided nothing."""
        return self.is_error or self.kind is OutcomeKind.IGNORED


class Authority(StrEnum):
    """Who decided."""

    ONLINE = "online"
    """The check-in service."""
    VENUE = "venue"
    """The venue's registrar, over the broker, while the service is out of reach."""
    OFFLINE = "offline"
    """The device alone, by its own copy of the tickets."""
