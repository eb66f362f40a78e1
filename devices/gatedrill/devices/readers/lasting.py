"""A reader that outlasts its hardware: unplugged and plugged in again, it reads on."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final, Protocol, runtime_checkable

from gatedrill.contract.errors import GatedrillError, PeerError, UsageError
from gatedrill.devices.readers.reader import Reader, ReaderKind
from gatedrill.devices.readers.symbol import Symbol

FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
"""So long it takes at most, after a person has plugged it in, until that is noticed."""

Connect = Callable[[], Awaitable[Reader]]
"""Finds the hardware, by what it is and not by where it was, and opens it.

Raises GatedrillError or OSError while it is not there or not to be had.
"""

logger = logging.getLogger(__name__)


@runtime_checkable
class _TakesBytes(Protocol):
    def send(self, data: bytes) -> None: ...


def pause_s(tries: int, rng: random.Random) -> float:
    """How long to wait before looking again, after so many looks in vain.

    It doubles from 0.1 s to 2 s; the second half of it is left to chance, so that many gates on one
    hub do not look all at once.
    """
    whole = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2.0 ** min(tries, 10))
    return whole * rng.uniform(0.5, 1.0)


class LastingReader:
    """Implements `Reader` over readers that come and go, one at a time.

    `on_lost` is told why as soon as a `read` finds the hardware gone, `on_back` when it is there
    again; between the two nothing is read, and nothing is read twice. Both must not raise.
    """

    def __init__(
        self,
        connect: Connect,
        *,
        kind: ReaderKind,
        repeat_window_s: float,
        on_lost: Callable[[str], None] = lambda _why: None,
        on_back: Callable[[], None] = lambda: None,
        seed: int = 0,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.kind = kind
        self.repeat_window_s = repeat_window_s
        self._connect = connect
        self.on_lost = on_lost
        self.on_back = on_back
        self._rng = random.Random(seed)
        self._sleep = sleep
        self._is_open = False
        self._reader: Reader | None = None
        self._reconnecting: asyncio.Task[None] | None = None
        self._tries = 0

    @property
    def is_connected(self) -> bool:
        """Whether there is hardware to read, as far as is known."""
        return self._reader is not None

    async def open(self) -> None:
        """Find the hardware and open it; fails like `connect` if it is not there at first."""
        self._reader = await self._connect()
        self._is_open = True

    async def close(self) -> None:
        """Let go of the hardware, or stop looking for it."""
        self._is_open = False
        looking, self._reconnecting = self._reconnecting, None
        if looking is not None:
            looking.cancel()
            await asyncio.wait([looking])
        await self._let_go()

    async def read(self) -> Symbol:
        """Wait for the next reading, however often the hardware goes and comes back meanwhile.

        PeerError only if the reader is not open, or is closed meanwhile.
        """
        while self._is_open:
            reader = self._reader
            if reader is None:
                await self._until_back()
                continue
            try:
                symbol = await reader.read()
            except (GatedrillError, OSError) as error:
                await self._lose(reader, str(error))
            else:
                self._tries = 0
                return symbol
        raise PeerError("cannot read: the reader is not open")

    def send(self, data: bytes) -> None:
        """Send bytes through to the hardware, where it is a serial scanner.

        PeerError while the hardware is gone, or when it does not take them; UsageError where it can
        be sent nothing.
        """
        if self._reader is None:
            raise PeerError("cannot send: the reader's hardware is not there")
        if not isinstance(self._reader, _TakesBytes):
            raise UsageError(f"a {self.kind} reader cannot be sent anything: only a serial one can")
        self._reader.send(data)

    async def _lose(self, reader: Reader, why: str) -> None:
        if self._reader is not reader:
            return  # closed, or found gone by another call already
        logger.warning("reader lost: %s", why)
        self.on_lost(why)
        await self._let_go()

    async def _let_go(self) -> None:
        reader, self._reader = self._reader, None
        if reader is None:
            return
        try:
            await reader.close()
        except (GatedrillError, OSError) as error:  # hardware that has gone may say so once more
            logger.info("while the reader was closed: %s", error)

    async def _until_back(self) -> None:
        # In a task of its own: a `read` that is given up must not leave hardware half open.
        if self._reconnecting is None:
            self._reconnecting = asyncio.create_task(self._reconnect())
        looking = self._reconnecting
        await asyncio.wait([looking])
        if self._reconnecting is looking:
            self._reconnecting = None
        if not looking.cancelled():
            looking.result()

    async def _reconnect(self) -> None:
        in_the_way = ""
        while True:
            await self._sleep(pause_s(self._tries, self._rng))
            # Only a reading starts it anew: what comes back to fail at once is not hurried.
            self._tries += 1
            try:
                self._reader = await self._connect()
            except (GatedrillError, OSError) as error:
                if str(error) != in_the_way:
                    in_the_way = str(error)
                    logger.warning("reader not back: %s", in_the_way)
            else:
                logger.warning("reader back")
                self.on_back()
                return
