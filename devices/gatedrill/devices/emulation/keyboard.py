"""An emulated scanner that types: from a text to keys, and to the bytes of an event device.

Linux only, as are the scanners that it stands for.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Iterable, Sequence
from typing import Final

from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.devices.emulation.presenter import Material
from gatedrill.devices.readers.hid.accents import accented
from gatedrill.devices.readers.hid.control_keys import control_character
from gatedrill.devices.readers.hid.key_codes import (
    KEY_ENTER,
    KEY_LEFTCTRL,
    KEY_LEFTSHIFT,
    KEY_RIGHTALT,
    KEY_SPACE,
)
from gatedrill.devices.readers.hid.key_events import (
    EV_KEY,
    EV_SYN,
    PRESS,
    RELEASE,
    SYN_REPORT,
    Happening,
    KeyEvent,
    KeyFilter,
)
from gatedrill.devices.readers.hid.layout import Layout, Place

Keys = tuple[tuple[int, int], ...]
"""Key codes, each with 1 where it goes down and 0 where it comes up."""

_HOLDING: Final = ((), (KEY_LEFTSHIFT,), (KEY_RIGHTALT,), (KEY_LEFTSHIFT, KEY_RIGHTALT))
"""What is held on each level of a layout."""

_INTERVAL_S: Final = 0.004

_INPUT_EVENT: Final = struct.Struct("@llHHi")
"""`struct input_event` of linux/input.h: seconds, microseconds, kind, code, value."""

_PIPE_BYTES: Final = 1 << 20
"""A long code is half a megabyte of events; more than this no user may have without privileges."""


class Typist:
    """Types as a scanner does that is set to a country: the inverse of `KeyDecoder`."""

    def __init__(self, layout: Layout) -> None:
        by_level = sorted(layout.characters.items(), key=lambda item: -item[0][1])
        self._strokes = _control_strokes(layout) | {
            character: _stroke(place) for place, character in by_level
        }
        for place, accent in layout.accents.items():
            # A blank behind a dead key sets the accent free; a letter takes it.
            for bearer in (" ", *"aeiouynAEIOUYN"):
                character = accented(accent, bearer)
                if len(character) == 1:
                    self._strokes.setdefault(character, _stroke(place) + self._strokes[bearer])

    def keys(self, text: str, *, ends_with_enter: bool = True) -> Keys:
        """The keys for a text; UsageError for what this country's keyboard cannot type."""
        if missing := set(text) - self._strokes.keys():
            raise UsageError(
                f"this keyboard layout cannot type {''.join(sorted(missing))!r}; "
                "choose another layout or another text"
            )
        keys = tuple(key for character in text for key in self._strokes[character])
        return keys + (_stroke((KEY_ENTER, 0)) if ends_with_enter else ())


def _stroke(place: Place, held: tuple[int, ...] = ()) -> Keys:
    code, level = place
    down = (*held, *_HOLDING[level], code)
    return (*((key, PRESS) for key in down), *((key, RELEASE) for key in reversed(down)))


def _control_strokes(layout: Layout) -> dict[str, Keys]:
    """What Ctrl types, but CR, LF, TAB and the like, which no text within a code has."""
    strokes = {
        control_character(code, character): _stroke((code, level), (KEY_LEFTCTRL,))
        for (code, level), character in layout.characters.items()
        if level == 0 and code != KEY_SPACE
    }
    return {character: keys for character, keys in strokes.items() if character >= "\x1b"}


def timed(keys: Iterable[tuple[int, int]], *, start_s: float = 0.0) -> list[KeyEvent]:
    """The keys as events, with 4 ms from one to the next."""
    return [
        KeyEvent(code, value, start_s + index * _INTERVAL_S)
        for index, (code, value) in enumerate(keys)
    ]


def input_events(events: Iterable[KeyEvent]) -> bytes:
    """The events as Linux hands them out, each in a report of its own."""
    return b"".join(
        _packed(event.at_s, EV_KEY, event.code, event.value)
        + _packed(event.at_s, EV_SYN, SYN_REPORT, 0)
        for event in events
    )


def _packed(at_s: float, kind: int, code: int, value: int) -> bytes:
    microseconds = round(at_s * 1e6)
    return _INPUT_EVENT.pack(*divmod(microseconds, 1_000_000), kind, code, value)


class EmulatedWedge:
    """A scanner that types, to be opened by a `WedgeReader` with `open_keys=wedge.open`.

    The bytes of an event device pass through a pipe: no keyboard can be made without the kernel's
    uinput, which few containers have. What it types before it is opened is not lost.
    """

    def __init__(self, layout: Layout, *, ends_with_enter: bool = True) -> None:
        """Plug it in."""
        self._typist = Typist(layout)
        self._ends_with_enter = ends_with_enter
        self._near_end, self._far_end = os.pipe()
        os.set_blocking(self._far_end, False)
        fcntl.fcntl(self._far_end, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def open(self, path: str) -> "PipedKeys":  # noqa: ARG002 - there is only one
        """The near end, as an event device."""
        return PipedKeys(os.dup(self._near_end))

    def prepare(self, text: str, seed: int) -> Material:  # noqa: ARG002 - no hand, no chance
        """The events for a code with `text`; UsageError if the layout cannot type it."""
        events = timed(self._typist.keys(text, ends_with_enter=self._ends_with_enter))
        return (input_events(events),)

    def present(self, material: Material) -> None:
        """Type the code. Raises PeerError when it cannot be typed whole."""
        for piece in material:
            self._send(piece)

    def withdraw(self) -> None:
        """Nothing: a scanner has typed the code once and for all."""

    def close(self) -> None:
        """Unplug it: whoever reads the keys finds the scanner gone. Harmless if done before."""
        ends, self._far_end, self._near_end = (self._far_end, self._near_end), -1, -1
        for end in ends:
            if end >= 0:
                os.close(end)

    def _send(self, piece: bytes) -> None:
        try:
            sent = os.write(self._far_end, piece)
        except OSError as error:
            raise PeerError(f"the emulated keyboard scanner cannot type ({error})") from error
        if sent < len(piece):
            raise PeerError("the emulated keyboard scanner cannot type: nobody reads what it types")


class PipedKeys:
    """The near end of an emulated wedge: `KeyEvents` out of a pipe."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self._descriptor = descriptor
        self._filter = KeyFilter()

    def fileno(self) -> int:
        """The pipe's end."""
        return self._descriptor

    def grab(self) -> None:
        """Nobody else reads a pipe."""

    def events(self) -> Sequence[Happening]:
        """What was typed since; OSError ENODEV, as the kernel has it, when it was unplugged."""
        received = os.read(self._descriptor, 1024 * _INPUT_EVENT.size)
        if not received:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        picked = [
            self._filter.pick(kind, code, value, seconds + microseconds / 1e6)
            for seconds, microseconds, kind, code, value in _INPUT_EVENT.iter_unpack(received)
        ]
        return [happening for happening in picked if happening is not None]

    def close(self) -> None:
        """Close the end."""
        os.close(self._descriptor)
