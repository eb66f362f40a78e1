"""Asking the fleets something until all have told, several times if need be."""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Protocol, TypeVar

from gatedrill.orchestrator.history import Event

ASK_AGAIN_S = 5.0
"""After so long without a word the question is asked again: it may not have been heard."""
ASKED_AT_MOST = 4

W = TypeVar("W")
W_contra = TypeVar("W_contra", contravariant=True)


class Collector(Protocol[W_contra]):
    """Takes in what is told; `waiting` are those, by their boots, who have not told everything."""

    @property
    def waiting(self) -> Collection[str]:
        """Who is still to tell something."""
        ...

    def take(self, word: W_contra) -> list[Event]:
        """Take in a word; returns what belongs into the history."""
        ...


async def ask_until_told(
    ask: Callable[[], Awaitable[None]], heard: "asyncio.Queue[W]", collector: Collector[W]
) -> list[Event]:
    """Ask, and hand on what is heard, until all have told everything or fall silent."""
    events: list[Event] = []
    for _ in range(ASKED_AT_MOST):
        if not collector.waiting:
            break
        await ask()
        events += await _listen(heard, collector)
    return events


async def _listen(heard: "asyncio.Queue[W]", collector: Collector[W]) -> list[Event]:
    """What is told until all have told everything, or nobody says anything any more."""
    events: list[Event] = []
    while collector.waiting:
        try:
            async with asyncio.timeout(ASK_AGAIN_S):
                word = await heard.get()
        except TimeoutError:
            break
        events += collector.take(word)
    return events
