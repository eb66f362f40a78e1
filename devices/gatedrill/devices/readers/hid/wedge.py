"""Keyboard wedges: scanners that type what they read, as they leave the factory.

The keyboard is grabbed, so that what it types goes nowhere else. Linux only.
"""

import asyncio
import errno
from collections.abc import Callable
from typing import Final

from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import GatedrillError, PeerError, UsageError
from gatedrill.devices.readers.framing import split_aim
from gatedrill.devices.readers.hid.evdev_keys import EvdevKeys
from gatedrill.devices.readers.hid.key_decoder import KeyDecoder
from gatedrill.devices.readers.hid.key_events import AUTOREPEAT, Happening, KeyEvent, KeyEvents
from gatedrill.devices.readers.hid.layout import Layout
from gatedrill.devices.readers.hid.layouts import LAYOUTS
from gatedrill.devices.readers.repeat_windows import SCANNER_S
from gatedrill.devices.readers.symbol import Symbol, text_of


class WedgeReader:
    """Reads one scanner that types, and lets nobody else read it.

    `layout` is the country that the scanner is set to, not the one of the machine's own keyboard.
    `idle_flush_s` is the silence after which a code without Enter is taken as complete.
    """

    kind: Final = "hid"
    repeat_window_s: Final = SCANNER_S

    def __init__(
        self,
        path: str,
        clock: Clock,
        *,
        layout: str = "us",
        idle_flush_s: float = 0.08,
        open_keys: Callable[[str], KeyEvents] = EvdevKeys.open,
    ) -> None:
        """Raises UsageError when there is no such layout."""
        self._path = path
        self._clock = clock
        self._layout = _layout(layout)
        self._idle_flush_s = idle_flush_s
        self._open_keys = open_keys
        self._keys: KeyEvents | None = None
        self._idle: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Open the keyboard, grab it and begin to listen.

        Raises UsageError when it is missing, forbidden, grabbed by another program or no keyboard,
        and where the system cannot read it.
        """
        keys = await asyncio.to_thread(self._open_keys, self._path)
        try:
            keys.grab()
        except OSError as error:
            keys.close()
            raise UsageError(f"keyboard scanner {self._path}: {_grab_cure(error)}") from error
        self._keys = keys
        self._arrived: asyncio.Queue[Symbol | GatedrillError] = asyncio.Queue()
        self._decoder = KeyDecoder(self._layout, self._idle_flush_s)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(keys.fileno(), self._receive, keys)

    async def close(self) -> None:
        """Let go of the keyboard: it types for everybody again."""
        keys, self._keys = self._keys, None
        if keys is not None:
            self._stop_listening(keys)
            keys.close()

    async def read(self) -> Symbol:
        """Wait for the next code; PeerError, from then on always, when the scanner has gone."""
        arrived = await self._arrived.get()
        if isinstance(arrived, GatedrillError):
            self._arrived.put_nowait(arrived)
            raise arrived
        return arrived

    def _receive(self, keys: KeyEvents) -> None:
        try:
            happenings = keys.events()
        except BlockingIOError:
            return
        except OSError as error:
            self._lose(keys, error)
            return
        for happening in happenings:
            self._hear(happening)

    def _hear(self, happening: Happening) -> None:
        if not isinstance(happening, KeyEvent):
            self._decoder.lose()
        elif happening.value != AUTOREPEAT:  # a key that hangs must not keep silence away
            self._hand_over(self._decoder.feed(happening))
            self._await_silence()

    def _await_silence(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if self._decoder.has_begun:
            self._idle = self._loop.call_later(self._idle_flush_s, self._flush)

    def _flush(self) -> None:
        self._hand_over(self._decoder.flush())

    def _hand_over(self, codes: list[str]) -> None:
        decoded_ns = self._clock.now_ns()
        for code in codes:
            symbology, content = split_aim(code.encode())
            self._arrived.put_nowait(Symbol(text_of(content), symbology, decoded_ns))

    def _lose(self, keys: KeyEvents, error: OSError) -> None:
        self._stop_listening(keys)
        why = "unplugged" if error.errno == errno.ENODEV else str(error)
        self._arrived.put_nowait(
            PeerError(
                f"keyboard scanner {self._path}: the scanner has gone ({why}); plug it in again"
            )
        )

    def _stop_listening(self, keys: KeyEvents) -> None:
        self._loop.remove_reader(keys.fileno())
        if self._idle is not None:
            self._idle.cancel()


def _layout(name: str) -> Layout:
    if name not in LAYOUTS:
        raise UsageError(
            f"unknown keyboard layout {name!r}: choose the country that the scanner is set to, "
            f"one of {', '.join(LAYOUTS)}"
        )
    return LAYOUTS[name]


def _grab_cure(error: OSError) -> str:
    if error.errno == errno.EBUSY:
        return "another program has grabbed it; close that one, or give each device its own scanner"
    if error.errno == errno.ENODEV:
        return "the scanner is not plugged in any more; plug it in again"
    return f"it cannot be grabbed ({error})"
