"""Asking a check-in service about a guest: the port that a scanner decides through.

An adapter never raises for what the service does: an answer that never came is an answer too
(`unknown`), and it is never asked again behind the device's back.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from gatedrill.contract.attempt import Ask
from gatedrill.contract.outcome import Outcome
from gatedrill.devices.question import HeldQuestion


@dataclass(frozen=True)
class Ticket:
    """A general ticket, by the id that the service scans it by."""

    id: str


@dataclass(frozen=True)
class VipPass:
    """A VIP guest's pass, by what the service scans it by: its id, or its token."""

    asked_for: str


Entitlement = Ticket | VipPass


class Resolution(NamedTuple):
    """What a symbol stands for, or the outcome if that settles the scan; and what was asked."""

    found: Entitlement | Outcome
    asks: tuple[Ask, ...] = ()


class Reply(NamedTuple):
    """What came of one scan of a ticket or pass: the outcome so far, and the question's record.

    The last two are what a VIP guest's entry tells besides, see `ScanRecord`.
    """

    outcome: Outcome
    ask: Ask
    last_entry_at: str | None = None
    checked_in_guests: int | None = None


class LinkReply(NamedTuple):
    """Whether a ticket lets its bearer back in as a VIP guest: only if the service says so."""

    allows_reentry: bool
    ask: Ask


class CheckIn(Protocol):
    """One scanner's connection to the service that admits."""

    async def warm(self) -> None:
        """Open the connection ahead of a burst; a failure shows when the device asks."""
        ...

    async def resolve(self, symbol: str) -> Resolution:
        """Find what `symbol` stands for. Only reads: nobody is admitted by it."""
        ...

    def be_patient(self, timeout_s: float) -> None:
        """From now on wait so long for each answer."""
        ...

    async def probe(self) -> bool:
        """Whether the service answers at all. Only reads."""
        ...

    async def ask(self, entitlement: Entitlement, nonce: str | None = None) -> Reply:
        """May its bearer come in? Asked again with the same `nonce`, it is the same scan."""
        ...

    def hold(self, entitlement: Entitlement, nonce: str | None = None) -> HeldQuestion[Reply]:
        """Begin to ask, but hold the question back until its release."""
        ...

    async def ask_for_link(self, ticket: Ticket) -> LinkReply | None:
        """May its bearer re-enter like a VIP host? None where the service knows no such question.

        Only reads.
        """
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...
