"""Who waits for which ticket at one gate."""

import asyncio
from typing import TYPE_CHECKING

from gatedrill.contract.messages import Presentation
from gatedrill.contract.qr import same_code

if TYPE_CHECKING:
    from gatedrill.contract.attempt import ScanRecord


class Turn:
    """One order to present a ticket: waiting, perhaps called for, taken by a reading, decided."""

    def __init__(self, presentation: Presentation) -> None:
        self.presentation = presentation
        self.is_called = False
        self.is_given_up = False
        self.taken = asyncio.Event()
        """Set once the ticket was read: from then on its decision is certain to come."""
        self.decided: asyncio.Future[ScanRecord] = asyncio.get_running_loop().create_future()


class Turns:
    """The turns of one gate; of several for one ticket the oldest comes first."""

    def __init__(self) -> None:
        self._waiting: dict[Turn, str] = {}

    def __len__(self) -> int:
        """How many tickets are waited for."""
        return len(self._waiting)

    @property
    def first(self) -> Turn | None:
        """The one that has waited longest, those first that were called for."""
        called = (turn for turn in self._waiting if turn.is_called)
        return next(called, None) or next(iter(self._waiting), None)

    def wait_for(self, presentation: Presentation) -> Turn:
        """From now on somebody waits for this ticket."""
        turn = Turn(presentation)
        self._waiting[turn] = same_code(presentation.symbol)
        return turn

    def take(self, symbol: str) -> Turn | None:
        """A ticket was read: the turn that it belongs to, None if nobody waits for it."""
        wanted = same_code(symbol)
        turn = next((turn for turn, code in self._waiting.items() if code == wanted), None)
        if turn is not None:
            del self._waiting[turn]
            turn.taken.set()
        return turn

    def give_up(self, turn: Turn) -> None:
        """Nobody waits for it any more; harmless when it was decided."""
        turn.is_given_up = not turn.decided.done()
        self._waiting.pop(turn, None)
