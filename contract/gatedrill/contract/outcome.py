"""What a device decides about one scan.

A timeout is not a refusal: somebody may have been let in at the other end of a broken wire. Hence
`unknown`, which is neither, and which no device may turn into one of the others by asking again.
"""

from enum import StrEnum

import msgspec


class OutcomeKind(StrEnum):
    """The five ways a scan can end."""

    ADMITTED = "admitted"
    READMITTED = "readmitted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    IGNORED = "ignored"
    """The same symbol was still in view: nobody was asked and nothing was shown."""


class Certainty(StrEnum):
    """Whether a reason settles the scan."""

    DEFINITE = "definite"
    """The service has decided."""
    RETRYABLE = "retryable"
    """The service has decided nothing and says so: asking again is safe."""
    INDEFINITE = "indefinite"
    """Nobody knows whether the service has decided: asking again could admit twice."""


class Reason(StrEnum):
    """Why a scan was not admitted. `certainty` tells what may follow from it."""

    ALREADY_USED = "already_used"
    LOST_RACE = "lost_race"
    NOT_FOUND = "not_found"
    REFUSED_OTHERWISE = "refused_otherwise"
    BUSY = "busy"
    TIMEOUT = "timeout"
    CONNECTION = "connection"
    BAD_ANSWER = "bad_answer"
    SERVER_ERROR = "server_error"
    CREDENTIALS = "credentials"
    UNREAD = "unread"
    REPEATED = "repeated"

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
    Reason.NOT_FOUND: ReasonEntry(Certainty.DEFINITE, "the service knows no such ticket"),
    Reason.REFUSED_OTHERWISE: ReasonEntry(
        Certainty.DEFINITE, "the service refused with a message outside its contract"
    ),
    Reason.BUSY: ReasonEntry(
        Certainty.RETRYABLE, "another scanner holds the ticket's row at this moment"
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
    Reason.REPEATED: ReasonEntry(
        Certainty.DEFINITE, "the same symbol had not left the reader's view"
    ),
}


class Outcome(msgspec.Struct, frozen=True, omit_defaults=True):
    """How one scan ended, and why if nobody was admitted."""

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
        """Whether the scan got no settled answer: unknown, or busy to the end."""
        return self.kind is OutcomeKind.UNKNOWN or self.reason is Reason.BUSY


class Authority(StrEnum):
    """Who decided."""

    ONLINE = "online"
    """The check-in service."""
