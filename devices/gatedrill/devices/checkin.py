"""Asking a check-in service: the port that a device decides through.

An adapter never raises for what the service does: an answer that never came is an answer too
(`unknown`), and it is never asked again behind the device's back.
"""

from typing import NamedTuple, Protocol

from gatedrill.contract.attempt import Ask
from gatedrill.contract.outcome import Outcome


class Reply(NamedTuple):
    """What came of one question: the outcome so far, and the question's own record."""

    outcome: Outcome
    ask: Ask


class CheckIn(Protocol):
    """One device's connection to the service that admits."""

    async def warm(self) -> None:
        """Open the connection ahead of a burst; a failure shows when the device asks."""
        ...

    async def ask(self, symbol: str) -> Reply:
        """May the bearer of `symbol` come in?"""
        ...

    async def close(self) -> None:
        """Close the connection."""
        ...
