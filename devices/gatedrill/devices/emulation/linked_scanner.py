"""An emulated serial scanner for any serial software: it has a name to open, and waits to be read.

    async with LinkedScanner(Path("scanner"), ScannerStyle.of("cr")) as scanner:
        await scanner.send("TICKET-1")

How it knows that somebody reads: this process lets go of the near end of its pseudo-terminal, so
that the far end is hung up (POLLHUP) whenever nobody else has the port open. Programs mostly throw
away what has come before they opened the port, which takes them a moment: in packet mode (TIOCPKT,
see ioctl_tty(2)) the far end is told of that flush. A code is sent when the flush is a little past,
or, to a program that makes none, a second after it has opened the port.
"""

import asyncio
import contextlib
import fcntl
import os
import select
import struct
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from gatedrill.devices.emulation.port_link import make_link, remove_link
from gatedrill.devices.emulation.pseudo_terminal import open_wire
from gatedrill.devices.emulation.serial_port import ScannerStyle

TICK_S: Final = 0.01
WITHOUT_FLUSH_S: Final = 1.0
AFTER_FLUSH_S: Final = 0.1

_MOST_BYTES = 4096


class LinkedScanner:
    """A serial scanner whose port goes by `link`, whichever it is; Linux only.

    `tell` is told in a few words when a program opens or closes the port, `hear` what it sends.
    What is sent while the scanner is unplugged, or the port is not open, waits for a reader.
    """

    def __init__(
        self,
        link: Path,
        style: ScannerStyle,
        *,
        tell: Callable[[str], None] = lambda _: None,
        hear: Callable[[bytes], None] = lambda _: None,
    ) -> None:
        self.link = link
        self.port = ""
        self._style = style
        self._tell = tell
        self._hear = hear
        self._far_end = -1
        self._is_opened = False
        self._ready_at = 0.0
        self._watching: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Plug it in; UsageError when there is no pseudo-terminal, or the link cannot be made."""
        self.plug_in()
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Unplug it, and leave no link."""
        self.unplug()
        watching, self._watching = self._watching, None
        if watching is not None:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching

    @property
    def is_opened(self) -> bool:
        """Whether a program has the port open, as of the last hundredth of a second."""
        return self._is_opened

    def plug_in(self) -> None:
        """Have a new port, under the same link. Harmless if it is plugged in.

        Raises UsageError when there is no pseudo-terminal, or the link cannot be made.
        """
        if self._far_end >= 0:
            return
        far_end, near_end = open_wire()
        self.port = os.ttyname(near_end)
        os.close(near_end)  # its settings stay
        fcntl.ioctl(far_end, termios.TIOCPKT, struct.pack("i", 1))
        self._far_end = far_end
        try:
            make_link(self.link, self.port)
        except BaseException:
            self.unplug()
            raise

    def unplug(self) -> None:
        """Take port and link away: whoever reads finds the scanner gone, and loses what is unread.

        Harmless if it is not plugged in.
        """
        far_end, self._far_end = self._far_end, -1
        self._is_opened = False
        if far_end >= 0:
            remove_link(self.link, self.port)
            os.close(far_end)

    async def until_ready(self) -> None:
        """Wait until a program has the port open and has done with opening it."""
        while not self._is_ready():
            await self._tick()

    async def send(self, code: str | bytes) -> None:
        """Scan this code: wait for a reader, and send it whole.

        A reader that closes the port or flushes it amid the code spoils it, so the next one gets it
        from the beginning.
        """
        left = framed = self._style.framed(code)
        while left:
            if not self._is_ready():
                left = framed
                await self.until_ready()
            left = left[self._write(left) :]
            if left:
                await self._tick()

    def _is_ready(self) -> bool:
        self._look()
        return self._is_opened and asyncio.get_running_loop().time() >= self._ready_at

    def _write(self, data: bytes) -> int:
        try:
            return os.write(self._far_end, data)
        except BlockingIOError:  # its reader takes its time
            return 0

    async def _tick(self) -> None:
        if self._watching is not None and self._watching.done():
            self._watching.result()  # `tell` or `hear` has failed
        await asyncio.sleep(TICK_S)

    async def _watch(self) -> None:
        # By looking: a far end that is hung up is always "ready", and cannot be waited for.
        while True:
            self._look()
            await asyncio.sleep(TICK_S)

    def _look(self) -> None:
        if self._far_end < 0:
            return
        watch = select.poll()
        watch.register(self._far_end, select.POLLIN)
        events = dict(watch.poll(0)).get(self._far_end, 0)
        hung_up = bool(events & select.POLLHUP)
        if not hung_up and not self._is_opened:
            self._is_opened = True
            self._ready_at = asyncio.get_running_loop().time() + WITHOUT_FLUSH_S
            self._tell("opened")
        if events & select.POLLIN:
            self._receive()
        if hung_up and self._is_opened:
            self._is_opened = False
            self._tell("closed")

    def _receive(self) -> None:
        while packet := self._packet():
            if data := packet[1:]:
                self._hear(data)
            elif packet[0] & termios.TIOCPKT_FLUSHREAD:
                self._ready_at = asyncio.get_running_loop().time() + AFTER_FLUSH_S

    def _packet(self) -> bytes:
        """What has come, after a byte that says what it is; empty if nothing has."""
        try:
            return os.read(self._far_end, _MOST_BYTES)
        except OSError:  # nothing (more) to read, or hung up
            return b""
