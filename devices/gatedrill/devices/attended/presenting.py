"""One order at an attended gate: wait until somebody presents the ticket."""

import asyncio
from typing import TYPE_CHECKING

from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.messages import Presentation
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason

if TYPE_CHECKING:
    from gatedrill.devices.attended.gate import AttendedGate

NOT_PRESENTED = Outcome(OutcomeKind.IGNORED, Reason.NOT_PRESENTED)


class Presenting:
    """Implements `Act`. Its ticket is expected from the beginning on, and called for at T.

    A ticket that is presented earlier is decided on at once: a real gate holds nobody back.
    """

    def __init__(self, gate: "AttendedGate", presentation: Presentation) -> None:
        self.intended_ns = 0
        self.until_ns = 0
        self._gate = gate
        self._presentation = presentation
        self._turn = gate.turns.wait_for(presentation)
        gate.refresh()
        self._started = asyncio.Event()

    @property
    def device(self) -> str:
        """The name of the device that reads it."""
        return self._gate.name

    def prepare(self) -> None:
        """There is nothing to prepare."""

    async def read_ahead(self) -> Reason | None:
        """Nothing can be read ahead of a person; the device is ready all the same."""
        return None

    def release(self) -> None:
        """Nobody can be let go."""

    def resume(self) -> None:
        """Call for the ticket: T has come, and the time counts."""
        self._turn.is_called = True
        self._started.set()
        if not self._turn.taken.is_set():
            self._gate.call()

    async def record(self) -> ScanRecord:
        """Wait until the ticket is presented and decided on, or `until_ns` has come."""
        try:
            await self._started.wait()
            left_s = (self.until_ns - self._gate.clock.now_ns()) / 1e9
            if not await self._is_taken_within(max(0.0, left_s)):
                return self._not_presented()
            return await asyncio.shield(self._turn.decided)
        finally:
            await self.give_up()

    async def give_up(self) -> None:
        """Wait for it no longer. What comes of a reading that was its own is a walk-in then."""
        self._gate.turns.give_up(self._turn)
        self._gate.refresh()

    async def _is_taken_within(self, timeout_s: float) -> bool:
        try:
            async with asyncio.timeout(timeout_s):
                await self._turn.taken.wait()
        except TimeoutError:
            return self._turn.taken.is_set()  # both may come in one moment
        return True

    def _not_presented(self) -> ScanRecord:
        return ScanRecord(
            attempt=self._presentation.attempt,
            device=self.device,
            symbol=self._presentation.symbol,
            intended_ns=self.intended_ns,
            released_ns=self.intended_ns,
            decoded_ns=None,
            decided_ns=self._gate.clock.now_ns(),
            outcome=NOT_PRESENTED,
        )
