"""One emulated gate lane: a device, and the guests who come to it one after the other.

The device half (reader, scanner, check-in) is what a real gate runs; only the hand that holds the
ticket is emulated.
"""

import asyncio
import logging
import random
from typing import NamedTuple

from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import GatedrillError, UsageError
from gatedrill.contract.messages import DeviceInfo, Order, Presentation
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.checkin import CheckIn
from gatedrill.devices.decide import Decision
from gatedrill.devices.emulation.presenter import Material, Presenter
from gatedrill.devices.fallback_inquiry import FallbackInquiry
from gatedrill.devices.gate import Gate
from gatedrill.devices.inquiry import Inquiry
from gatedrill.devices.readers.reader import Reader
from gatedrill.devices.readers.symbol import Symbol
from gatedrill.devices.standby import Standby

READ_TIMEOUT_S = 2.0
WINDOW_MARGIN_S = 0.05

logger = logging.getLogger(__name__)


class Sighting(NamedTuple):
    """A symbol came into view; `starts` tells whether the scanner's rules make it a scan."""

    symbol: Symbol
    starts: bool


class Lane(Gate):
    """A gate with the emulated hand in front of it. Implements `Device`."""

    def __init__(
        self,
        name: str,
        reader: Reader,
        presenter: Presenter,
        checkin: CheckIn,
        clock: Clock,
        standby: Standby | None = None,
        inquiry: type[FallbackInquiry] = FallbackInquiry,
    ) -> None:
        super().__init__(name, reader, checkin, clock, standby, inquiry)
        self.presenter = presenter

    @property
    def info(self) -> DeviceInfo:
        """What the roster says of this device."""
        return DeviceInfo(self.name, self.reader.kind, self.reader.repeat_window_s)

    def begin(self, order: Order) -> "Showing":
        """The showing of a ticket; UsageError for what only a kiosk can do."""
        if not isinstance(order, Presentation):
            raise UsageError(f"{self.name} is a gate and only reads tickets: order this at a kiosk")
        return Showing(self, order)

    async def close(self) -> None:
        """Release reader, emulated hand, file and connection."""
        await self.reader.close()
        self.presenter.close()
        await super().close()

    async def sight(self, symbol: str, since_ns: int) -> Sighting | None:
        """Wait until `symbol`, shown at `since_ns`, is read.

        None if that takes too long, or if the reader has broken down.
        """
        try:
            async with asyncio.timeout(READ_TIMEOUT_S):
                while True:
                    seen = await self.reader.read()
                    starts = self.scanner.see(seen.text, seen.decoded_ns)
                    if seen.text == symbol and seen.decoded_ns >= since_ns:
                        return Sighting(seen, starts)
                    if starts:  # a code that nobody waits for any more
                        self.scanner.settle(seen.text)
        except TimeoutError:
            return None
        except GatedrillError as error:  # one device down: the others go on
            logger.warning("cannot read: %s", error, extra={"device": self.name})
            return None

    def settle(self, symbol: str) -> None:
        """The scan of `symbol` has ended, or was given up."""
        self.scanner.settle(symbol)


class Showing:
    """One presentation: prepared, perhaps read ahead, released, decided. Implements `Act`."""

    def __init__(self, lane: Lane, presentation: Presentation) -> None:
        self.lane = lane
        self.intended_ns = 0
        self.until_ns = 0  # no person is waited for
        self._presentation = presentation
        self._material: Material | None = None
        self._not_shown: GatedrillError | None = None
        self._released_ns = 0
        self._released = asyncio.Event()
        self._sighting: Sighting | None = None
        self._inquiry: Inquiry | None = None

    @property
    def device(self) -> str:
        """The name of the device that reads it."""
        return self.lane.name

    def prepare(self) -> None:
        """Make the frames or bytes to show. Slow: belongs off the event loop and before T."""
        self._material = self.lane.presenter.prepare(
            self._presentation.symbol, self._presentation.seed
        )

    async def read_ahead(self) -> Reason | None:
        """Show the symbol now, find what it stands for, and ask all but the last word.

        Returns why the device is not ready, or None if it is: also when there is nothing to ask,
        as what was found settles the scan.
        """
        self._sighting = await self._show_ahead()
        if self._sighting is None:
            return Reason.UNREAD
        if not self._sighting.starts:
            return Reason.REPEATED
        self._inquiry = self._inquire(self._sighting)
        return await self._inquiry.ask_ahead()

    def release(self) -> None:
        """Let go, and do nothing else: other devices are waiting for their turn in the loop."""
        if self._sighting is None:
            self._present()
            return
        self._released_ns = self.lane.clock.now_ns()
        if self._inquiry is not None:
            self._inquiry.release()

    def resume(self) -> None:
        """After all were released: let the scan take its course."""
        if self._inquiry is not None:
            self._inquiry.resume()
        self._released.set()

    async def record(self) -> ScanRecord:
        """Wait for the release, then read (if not read ahead) and decide."""
        try:
            await self._released.wait()
            sighting = self._sighting or await self._sight()
            decision = await self._decide(sighting)
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
            frames=sighting.symbol.frames if sighting else None,
            **decision._asdict(),
        )

    async def give_up(self) -> None:
        """Leave nothing under way: no question on the wire, no scan in the scanner's memory."""
        inquiry, self._inquiry = self._inquiry, None
        if inquiry is not None:
            await inquiry.give_up()
        self.lane.settle(self._presentation.symbol)

    async def _decide(self, sighting: Sighting | None) -> Decision:
        if sighting is None:
            return Decision(Outcome(OutcomeKind.UNKNOWN, Reason.UNREAD), ())
        if not sighting.starts:
            return Decision(Outcome(OutcomeKind.IGNORED, Reason.REPEATED), ())
        self._inquiry = self._inquiry or self._inquire(sighting)
        return await self._inquiry.decide()

    def _inquire(self, sighting: Sighting) -> Inquiry:
        jitter = random.Random(self._presentation.seed)
        return self.lane.inquire(self._presentation.attempt, sighting.symbol.text, jitter)

    def _present(self) -> None:
        self._released_ns = self.lane.clock.now_ns()
        if self._material is None:
            return  # it could not be prepared, and whoever tried was told why
        try:
            self.lane.presenter.present(self._material)
        except GatedrillError as error:  # one device down: the others go on
            self._not_shown = error

    async def _show_ahead(self) -> Sighting | None:
        """Show it; once more if the reader has not forgotten it since a run before this one."""
        self._present()
        sighting = await self._sight()
        if sighting is None or sighting.starts:
            return sighting
        await asyncio.sleep(self.lane.reader.repeat_window_s + WINDOW_MARGIN_S)
        self._present()
        return await self._sight()

    async def _sight(self) -> Sighting | None:
        if self._material is None:
            return None
        if self._not_shown is not None:
            logger.warning("cannot show: %s", self._not_shown, extra={"device": self.device})
            return None
        sighting = await self.lane.sight(self._presentation.symbol, self._released_ns)
        self.lane.presenter.withdraw()
        return sighting
