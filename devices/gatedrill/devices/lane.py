"""One emulated gate lane: a device, and the guests who come to it one after the other.

The device half (reader, scanner, check-in) is what a real gate runs; only the hand that holds the
ticket is emulated.
"""

import asyncio
import logging
import random
from typing import NamedTuple

from gatedrill.contract.attempt import Ask, ScanRecord
from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import GatedrillError
from gatedrill.contract.messages import DeviceInfo, Presentation
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.checkin import CheckIn, HeldQuestion
from gatedrill.devices.decide import decide
from gatedrill.devices.emulation.presenter import Material, Presenter
from gatedrill.devices.readers.reader import Reader
from gatedrill.devices.readers.symbol import Symbol
from gatedrill.devices.scanner import Scanner

READ_TIMEOUT_S = 2.0

logger = logging.getLogger(__name__)


class Sighting(NamedTuple):
    """A symbol came into view; `starts` tells whether the scanner's rules make it a scan."""

    symbol: Symbol
    starts: bool


class Lane:
    """A device with the emulated hand in front of it."""

    def __init__(
        self,
        name: str,
        reader: Reader,
        presenter: Presenter,
        checkin: CheckIn,
        clock: Clock,
    ) -> None:
        self.name = name
        self.reader = reader
        self.presenter = presenter
        self.checkin = checkin
        self.clock = clock
        self._scanner = Scanner(reader.repeat_window_s)

    @property
    def info(self) -> DeviceInfo:
        """What the roster says of this device."""
        return DeviceInfo(self.name, self.reader.kind, self.reader.repeat_window_s)

    async def open(self) -> None:
        """Open the reader; UsageError or PeerError where it cannot be."""
        await self.reader.open()

    async def close(self) -> None:
        """Release reader, emulated hand and connection."""
        await self.reader.close()
        self.presenter.close()
        await self.checkin.close()

    async def sight(self, symbol: str, since_ns: int) -> Sighting | None:
        """Wait until `symbol`, shown at `since_ns`, is read.

        None if that takes too long, or if the reader has broken down.
        """
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                while True:
                    seen = await self.reader.read()
                    starts = self._scanner.see(seen.text, seen.decoded_ns)
                    if seen.text == symbol and seen.decoded_ns >= since_ns:
                        return Sighting(seen, starts)
                    if starts:  # a code that nobody waits for any more
                        self._scanner.settle(seen.text)
        except TimeoutError:
            return None
        except GatedrillError as error:  # one device down: the others go on
            logger.warning("cannot read: %s", error, extra={"device": self.name})
            return None

    def settle(self, symbol: str) -> None:
        """The scan of `symbol` has ended, or was given up."""
        self._scanner.settle(symbol)


class Showing:
    """One presentation: prepared, perhaps read ahead, released, decided."""

    def __init__(self, lane: Lane, presentation: Presentation) -> None:
        self.lane = lane
        self.intended_ns = 0
        self._presentation = presentation
        self._material: Material = ()
        self._released_ns = 0
        self._released = asyncio.Event()
        self._sighting: Sighting | None = None
        self._question: HeldQuestion | None = None

    def prepare(self) -> None:
        """Make the frames or bytes to show. Slow: belongs off the event loop and before T."""
        self._material = self.lane.presenter.prepare(
            self._presentation.symbol, self._presentation.seed
        )

    async def read_ahead(self) -> Reason | None:
        """Show the symbol now and ask about it, so that the release only completes the question.

        Returns why the device is not ready, or None if it is.
        """
        self._present()
        self._sighting = await self._sight()
        if self._sighting is None:
            return Reason.UNREAD
        if not self._sighting.starts:
            return Reason.REPEATED
        self._question = self.lane.checkin.hold(self._presentation.symbol)
        return await self._question.until_parked()

    def release(self) -> None:
        """Let go, and do nothing else: other devices are waiting for their turn in the loop."""
        if self._question is None:
            self._present()
        else:
            self._released_ns = self.lane.clock.now_ns()
            self._question.release()

    def resume(self) -> None:
        """After all were released: let the scan take its course."""
        if self._question is not None:
            self._question.resume()
        self._released.set()

    async def scan(self) -> ScanRecord:
        """Wait for the release, then read (if not read ahead) and decide."""
        try:
            await self._released.wait()
            sighting = self._sighting or await self._sight()
            outcome, asks = await self._decide(sighting)
            decided_ns = self.lane.clock.now_ns()
        finally:
            await self.give_up()
        return ScanRecord(
            attempt=self._presentation.attempt,
            device=self.lane.name,
            symbol=self._presentation.symbol,
            intended_ns=self.intended_ns,
            released_ns=self._released_ns,
            decoded_ns=sighting.symbol.decoded_ns if sighting else None,
            decided_ns=decided_ns,
            outcome=outcome,
            asks=asks,
        )

    async def give_up(self) -> None:
        """Leave nothing under way: no question on the wire, no scan in the scanner's memory."""
        if self._question is not None:
            await self._question.withdraw()
        self.lane.settle(self._presentation.symbol)

    async def _decide(self, sighting: Sighting | None) -> tuple[Outcome, tuple[Ask, ...]]:
        if sighting is None:
            return Outcome(OutcomeKind.UNKNOWN, Reason.UNREAD), ()
        if not sighting.starts:
            return Outcome(OutcomeKind.IGNORED, Reason.REPEATED), ()
        symbol, checkin = sighting.symbol.text, self.lane.checkin
        first = checkin.ask(symbol) if self._question is None else self._question.reply()
        jitter = random.Random(self._presentation.seed)
        return await decide(symbol, first, checkin, self.lane.clock, jitter)

    def _present(self) -> None:
        self._released_ns = self.lane.clock.now_ns()
        self.lane.presenter.present(self._material)

    async def _sight(self) -> Sighting | None:
        sighting = await self.lane.sight(self._presentation.symbol, self._released_ns)
        self.lane.presenter.withdraw()
        return sighting
