"""Serial scanners: USB scanners in "virtual serial port" mode, and those with a real cable.

Works wherever pyserial does; Linux is what it is tested on. A factory-new USB scanner types like a
keyboard: the code that switches it to a serial port is in its manual.
"""

import asyncio
import errno
import threading
from typing import Final

import serial
from serial.tools import list_ports

from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import GatedrillError, PeerError, UsageError
from gatedrill.devices.readers.framing import Splitter, split_aim
from gatedrill.devices.readers.symbol import Symbol, text_of


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
        self._thread: threading.Thread | None = None

    async def open(self) -> None:
        """Open the port for this reader alone and begin to listen.

        Raises UsageError when the port is missing, forbidden, taken or no serial port.
        """
        self._serial = await asyncio.to_thread(_open, self._port, self._baud)
        self._loop = asyncio.get_running_loop()
        self._arrived: asyncio.Queue[Symbol | GatedrillError] = asyncio.Queue()
        self._closing = False
        # pyserial waits in blocking calls; a thread of its own keeps them off the event loop.
        self._thread = threading.Thread(
            target=self._listen, name=f"serial reader {self._port}", daemon=True
        )
        self._thread.start()

    async def close(self) -> None:
        """Close the port; the thread has ended when this returns."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._closing = True
        self._serial.cancel_read()
        thread.join()
        # Closed only now: under a thread that still reads, its descriptor might become another's.
        self._serial.close()

    async def read(self) -> Symbol:
        """Wait for the next code; PeerError, from then on always, when the scanner has gone."""
        arrived = await self._arrived.get()
        if isinstance(arrived, GatedrillError):
            self._arrived.put_nowait(arrived)
            raise arrived
        return arrived

    def _listen(self) -> None:
        splitter = Splitter()
        try:
            while not self._closing:
                for code in self._next_codes(splitter):
                    self._hand_over(self._symbol(code))
        except OSError as error:
            self._hand_over(
                PeerError(
                    f"serial port {self._port}: the scanner has gone ({error}); plug it in again, "
                    "and let no other program read the port"
                )
            )
        except ValueError as error:
            self._hand_over(
                UsageError(
                    f"serial port {self._port}: too many files are open in this process ({error}); "
                    "spread the devices over more processes"
                )
            )

    def _next_codes(self, splitter: Splitter) -> list[bytes]:
        # Between codes the thread sleeps until a byte comes, instead of waking up to look.
        timeout_s = self._idle_flush_s if splitter.has_begun else None
        if self._serial.timeout != timeout_s:
            self._serial.timeout = timeout_s
        first: bytes = self._serial.read(1)
        if not first:
            return splitter.flush()
        return splitter.feed(first + self._serial.read(self._serial.in_waiting))

    def _symbol(self, code: bytes) -> Symbol:
        decoded_ns = self._clock.now_ns()
        symbology, content = split_aim(code)
        return Symbol(text_of(content), symbology, decoded_ns)

    def _hand_over(self, arrived: Symbol | GatedrillError) -> None:
        self._loop.call_soon_threadsafe(self._arrived.put_nowait, arrived)


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
