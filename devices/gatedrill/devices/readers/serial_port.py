"""Serial scanners: USB scanners in "virtual serial port" mode, and those with a real cable.

Linux is what it is tested on. It needs an event loop that can watch a serial port for something to
read, which those of Unix can and those of Windows cannot. A factory-new USB scanner types like a
keyboard: the code that switches it to a serial port is in its manual.
"""

import asyncio
import contextlib
import os
import select
from typing import Final

import serial

from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import GatedrillError, PeerError
from gatedrill.devices.readers.framing import Splitter
from gatedrill.devices.readers.serial_opening import open_port
from gatedrill.devices.readers.serial_settings import SerialSettings
from gatedrill.devices.readers.symbol import Symbol
from gatedrill.devices.readers.unwrapping import unwrap

_MOST_BYTES = 4096
_AS_BY_DEFAULT = SerialSettings()


class SerialReader:
    """Reads one serial scanner. It listens only: no byte is sent but by `send`.

    What the scanner sent before the port was opened is lost: opening flushes it.
    """

    kind: Final = "serial"
    repeat_window_s: float = _AS_BY_DEFAULT.repeat_window_s

    def __init__(self, port: str, clock: Clock, settings: SerialSettings = _AS_BY_DEFAULT) -> None:
        self.repeat_window_s = settings.repeat_window_s
        self._port = port
        self._clock = clock
        self._settings = settings
        self._serial: serial.Serial | None = None
        self._idle: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Open the port for this reader alone and begin to listen.

        Raises UsageError when the port is missing, forbidden, taken or no serial port, or cannot be
        set as wanted.
        """
        opening = asyncio.ensure_future(asyncio.to_thread(open_port, self._port, self._settings))
        try:
            port = await asyncio.shield(opening)
        except asyncio.CancelledError:  # the thread goes on, and nobody would close what it opens
            opening.add_done_callback(_close_late)
            raise
        self._serial = port
        self._arrived: asyncio.Queue[Symbol | GatedrillError] = asyncio.Queue()
        self._splitter = Splitter()
        self._loop = asyncio.get_running_loop()
        self._descriptor = port.fileno()
        # pyserial would wait by select(), which cannot watch descriptors from 1,024 on, in a thread
        # for each port.
        self._loop.add_reader(self._descriptor, self._receive)

    async def close(self) -> None:
        """Close the port. A `read` under way ends in PeerError."""
        port, self._serial = self._serial, None
        if port is not None:
            self._lose("it was closed")
            with contextlib.suppress(Exception):  # whatever a port says that has gone
                port.reset_output_buffer()  # or closing waits for a scanner that takes nothing
            port.close()

    async def read(self) -> Symbol:
        """Wait for the next code; PeerError, from then on always, when the scanner has gone.

        Another program that reads the same port is a PeerError too: each of the two gets a part of
        what is sent.
        """
        arrived = await self._arrived.get()
        if isinstance(arrived, GatedrillError):
            self._arrived.put_nowait(arrived)
            raise arrived
        return arrived

    def send(self, data: bytes) -> None:
        """Send the scanner these bytes, at once; PeerError when it does not take them all.

        Only for a scanner that is known to understand them: others do with them what they like.
        """
        if self._serial is None:
            raise PeerError(f"serial port {self._port}: cannot send, the port is not open")
        try:
            sent = os.write(self._descriptor, data)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            raise PeerError(
                f"serial port {self._port}: cannot send to the scanner ({error.strerror})"
            ) from error
        if sent < len(data):
            raise PeerError(
                f"serial port {self._port}: the scanner takes no more bytes "
                f"({sent} of {len(data)} sent); look at its flow control"
            )

    def _receive(self) -> None:
        try:
            received = os.read(self._descriptor, _MOST_BYTES)
        except BlockingIOError:
            received = b""
        except OSError as error:
            self._lose(_gone(error.strerror or str(error)))
            return
        if received:
            self._hand_over(self._splitter.feed(received))
            self._await_silence()
        else:
            self._lose(_why_nothing(self._descriptor))

    def _await_silence(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._splitter.has_begun:
            self._idle = self._loop.call_later(self._settings.idle_flush_s, self._flush)

    def _flush(self) -> None:
        self._hand_over(self._splitter.flush())

    def _hand_over(self, codes: list[bytes]) -> None:
        decoded_ns = self._clock.now_ns()
        for code in codes:
            if unwrapped := unwrap(code, self._settings):
                self._arrived.put_nowait(Symbol(*unwrapped, decoded_ns))

    def _lose(self, why: str) -> None:
        self._stop_listening()
        self._arrived.put_nowait(PeerError(f"serial port {self._port}: {why}"))

    def _stop_listening(self) -> None:
        self._loop.remove_reader(self._descriptor)
        if self._idle is not None:
            self._idle.cancel()


def _gone(why: str) -> str:
    return f"the scanner has gone ({why}); plug it in again"


def _why_nothing(descriptor: int) -> str:
    """Why there is nothing to read where there was said to be something."""
    watch = select.poll()
    watch.register(descriptor, select.POLLIN)
    if any(events & ~select.POLLIN for _, events in watch.poll(0)):
        return _gone("hung up")
    return (
        "another program reads it too and takes what is sent: close that one "
        "(`fuser` or `lsof` name it), and give each scanner a single reader"
    )


def _close_late(opening: asyncio.Future[serial.Serial]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()
