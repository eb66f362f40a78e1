"""Asking a check-in service: the port that a device decides through.

An adapter never raises for what the service does: an answer that never came is an answer too
(`unknown`), and it is never asked again behind the device's back.
"""

from typing import NamedTuple, Protocol

from gatedrill.contract.attempt import Ask
from gatedrill.contract.outcome import Outcome, Reason


class Reply(NamedTuple):
    """What came of one question: the outcome so far, and the question's own record."""

    outcome: Outcome
    ask: Ask


class HeldQuestion(Protocol):
    """A question that is on its way but for the word that completes it."""

    async def until_parked(self) -> Reason | None:
        """Wait until only the release is missing; returns why that cannot be, if it cannot."""
        ...

    def release(self) -> None:
        """Let it go, in microseconds and without waiting."""
        ...

    def resume(self) -> None:
        """After the release, which comes first for all devices: go on to the answer."""
        ...

    async def reply(self) -> Reply:
        """Wait for the answer; only after `resume`."""
        ...

    async def withdraw(self) -> None:
        """Give it up; harmless once it is answered."""
        ...


class CheckIn(Protocol):
    """One device's connection to the service that admits."""

    async def warm(self) -> None:
        """Open the connection ahead of a burst; a failure shows when the device asks."""
        ...

    async def ask(self, symbol: str) -> Reply:
        """May the bearer of `symbol` come in?"""
        ...

    def hold(self, symbol: str) -> HeldQuestion:
        """Begin to ask about `symbol`, but hold the question back until its release."""
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...
