"""Who waits for which ticket at one gate."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from gatedrill.contract.messages import Presentation

if TYPE_CHECKING:
    from gatedrill.contract.attempt import ScanRecord


class Turn:
    """One order to present a ticket: waiting, then taken by a reading, then decided."""

    def __init__(self, presentation: Presentation) -> None:
        self.presentation = presentation
        self.taken = asyncio.Event()
        """Set once the ticket was read: from then on its decision is certain to come."""
        self.decided: asyncio.Future[ScanRecord] = asyncio.get_running_loop().create_future()


class Turns:
    """The turns of one gate; of several for one ticket the oldest comes first."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[Turn]] = {}

    def wait_for(self, presentation: Presentation) -> Turn:
        """From now on somebody waits for this ticket."""
        turn = Turn(presentation)
        self._waiting.setdefault(presentation.symbol, deque()).append(turn)
        return turn

    def take(self, symbol: str) -> Turn | None:
        """A ticket was read: the turn that it belongs to, None if nobody waits for it."""
        waiting = self._waiting.get(symbol)
        if not waiting:
            return None
        turn = waiting.popleft()
        if not waiting:
            del self._waiting[symbol]
        turn.taken.set()
        return turn

    def give_up(self, turn: Turn) -> None:
        """Nobody waits for it any more; harmless when it was taken."""
        waiting = self._waiting.get(turn.presentation.symbol, deque())
        if turn in waiting:
            waiting.remove(turn)
        if not waiting:
            self._waiting.pop(turn.presentation.symbol, None)

    @property
    def next_captions(self) -> list[str]:
        """What is still to be presented, in order, as it is called on paper."""
        return [
            turn.presentation.caption or turn.presentation.symbol[-8:]
            for waiting in self._waiting.values()
            for turn in waiting
        ]
