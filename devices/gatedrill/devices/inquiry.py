"""One scan at one gate, from what was read to what is decided: who is asked, and in which order.

An inquiry is prepared or not, released, resumed and decided; or given up at any point. A gate that
has nothing to fall back on makes an `OnlineInquiry`; see `fallback_inquiry` for the other sort.
"""

import random
from typing import TYPE_CHECKING, Protocol

from gatedrill.contract.clock import Clock
from gatedrill.contract.outcome import Outcome, Reason
from gatedrill.devices.checkin import CheckIn, Reply, Resolution
from gatedrill.devices.decide import Decision, decide

if TYPE_CHECKING:
    from gatedrill.devices.question import HeldQuestion


class Inquiry(Protocol):
    """One scan's way to its decision."""

    async def ask_ahead(self) -> Reason | None:
        """Find what the symbol stands for, and ask all but the last word.

        Returns why the device is not ready, or None if it is: also when there is nothing to ask.
        """
        ...

    def release(self) -> None:
        """Say the last word, in microseconds."""
        ...

    def resume(self) -> None:
        """After all were released: go on to the answer."""
        ...

    async def decide(self) -> Decision:
        """The outcome that stands."""
        ...

    async def give_up(self) -> None:
        """Leave no question on the wire; harmless at any time."""
        ...


class HoldingInquiry:
    """What both sorts have in common: the question that may be on hold."""

    _question: "HeldQuestion[Reply] | None" = None

    def release(self) -> None:
        """See `Inquiry`."""
        if self._question is not None:
            self._question.release()

    def resume(self) -> None:
        """See `Inquiry`."""
        if self._question is not None:
            self._question.resume()

    async def give_up(self) -> None:
        """See `Inquiry`."""
        question, self._question = self._question, None
        if question is not None:
            await question.withdraw()


class OnlineInquiry(HoldingInquiry):
    """Implements `Inquiry` where the service alone decides."""

    def __init__(self, checkin: CheckIn, symbol: str, clock: Clock, rng: random.Random) -> None:
        self._checkin = checkin
        self._symbol = symbol
        self._clock = clock
        self._rng = rng
        self._resolution: Resolution | None = None

    async def ask_ahead(self) -> Reason | None:
        """See `Inquiry`; what was found may settle the scan."""
        self._resolution = await self._checkin.resolve(self._symbol)
        if isinstance(self._resolution.found, Outcome):
            return None
        self._question = self._checkin.hold(self._resolution.found)
        return await self._question.until_parked()

    async def decide(self) -> Decision:
        """See `Inquiry`."""
        resolution = self._resolution or await self._checkin.resolve(self._symbol)
        return await decide(resolution, self._question, self._checkin, self._clock, self._rng)
