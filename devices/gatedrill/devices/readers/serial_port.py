"""Serial scanners: USB scanners in "virtual serial port" mode, and those with a real cable.

Linux is what it is tested on. It needs an event loop that can watch a serial port for something to
read, which those of Unix can and those of Windows cannot. A factory-new USB scanner types like a
keyboard: the code that switches it to a serial port is in its manual.
"""

import asyncio
import errno
import os
from typing import Final

import serial
from serial.tools import list_ports

from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import GatedrillError, PeerError, UsageError
from gatedrill.devices.readers.framing import Splitter, split_aim
from gatedrill.devices.readers.symbol import Symbol, text_of

_MOST_BYTES = 4096


class SerialReader:
    """Reads one serial scanner. Listens only: no byte is ever sent to it.

    `idle_flush_s` is the silence after which a code without terminator is taken as complete. What
    the scanner sent before the port was opened is lost: opening flushes it.
    """

    kind: Final = "serial"
    repeat_window_s: Final = 0.5

    def __init__(
        self, port: str, clock: Clock, *, baud: int = 9600, idle_flush_s: float = 0.08
    ) -> None:
        self._port = port
        self._clock = clock
        self._baud = baud
        self._idle_flush_s = idle_flush_s
        self._serial: serial.Serial | None = None
        self._idle: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Open the port for this reader alone and begin to listen.

        Raises UsageError when the port is missing, forbidden, taken or no serial port.
        """
        port = await asyncio.to_thread(_open, self._port, self._baud)
        self._serial = port
        self._arrived: asyncio.Queue[Symbol | GatedrillError] = asyncio.Queue()
        self._splitter = Splitter()
        self._loop = asyncio.get_running_loop()
        self._descriptor = port.fileno()
        # pyserial would wait by select(), which cannot watch descriptors from 1,024 on, in a thread
        # for each port.
        self._loop.add_reader(self._descriptor, self._receive)

    async def close(self) -> None:
        """Close the port."""
        port, self._serial = self._serial, None
        if port is not None:
            self._stop_listening()
            port.close()

    async def read(self) -> Symbol:
        """Wait for the next code; PeerError, from then on always, when the scanner has gone."""
        arrived = await self._arrived.get()
        if isinstance(arrived, GatedrillError):
            self._arrived.put_nowait(arrived)
            raise arrived
        return arrived

    def _receive(self) -> None:
        try:
            received = os.read(self._descriptor, _MOST_BYTES)
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(str(error))
            return
        if received:
            self._hand_over(self._splitter.feed(received))
            self._await_silence()
        else:
            self._lose("nothing is left to read")

    def _await_silence(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._splitter.has_begun:
            self._idle = self._loop.call_later(self._idle_flush_s, self._flush)

    def _flush(self) -> None:
        self._hand_over(self._splitter.flush())

    def _hand_over(self, codes: list[bytes]) -> None:
        decoded_ns = self._clock.now_ns()
        for code in codes:
            symbology, content = split_aim(code)
            self._arrived.put_nowait(Symbol(text_of(content), symbology, decoded_ns))

    def _lose(self, why: str) -> None:
        self._stop_listening()
        self._arrived.put_nowait(
            PeerError(
                f"serial port {self._port}: the scanner has gone ({why}); plug it in again, "
                "and let no other program read the port"
            )
        )

    def _stop_listening(self) -> None:
        self._loop.remove_reader(self._descriptor)
        if self._idle is not None:
            self._idle.cancel()


def _open(port: str, baud: int) -> serial.Serial:
    try:
        # pyserial itself bears with pseudo-terminals, which have no DTR and RTS to raise.
        return serial.Serial(port, baud, exclusive=True)
    except Exception as error:  # beside its own, pyserial lets termios.error and ValueError through
        number = error.errno if isinstance(error, OSError) else None
        raise UsageError(f"serial port {port} at {baud} baud: {_cure(number, error)}") from error


def _cure(number: int | None, error: Exception) -> str:
    match number:
        case errno.ENOENT:
            return f"there is no such port; this machine has {_known_ports()}"
        case errno.EACCES | errno.EPERM:
            return "no permission; on Linux join the port's group (mostly `dialout`), log in again"
        case errno.EAGAIN | errno.EBUSY:
            return "another reader holds it; close that one, or give each device a port of its own"
        case errno.EMFILE:
            return "too many files are open in this process; raise `ulimit -n`"
        case _:
            return f"it cannot be opened as a serial port ({error})"


def _known_ports() -> str:
    return ", ".join(sorted(port.device for port in list_ports.comports())) or "none"
