"""What happens on a keyboard, as it comes to us."""

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec

RELEASE: Final = 0
PRESS: Final = 1
AUTOREPEAT: Final = 2

EV_SYN: Final = 0
EV_KEY: Final = 1
SYN_REPORT: Final = 0
SYN_DROPPED: Final = 3


class KeyEvent(msgspec.Struct, frozen=True):
    """A key went down (`value` 1), came up (0) or was held so long that the system repeats it (2).

    `at_s` are seconds on any clock; only the difference to the event before has a meaning.
    """

    code: int
    value: int
    at_s: float


class KeysLost(msgspec.Struct, frozen=True):
    """The system could not keep up: events are missing here, nobody knows which."""


Happening = KeyEvent | KeysLost


class KeyEvents(Protocol):
    """A keyboard of the system's, opened."""

    def fileno(self) -> int:
        """What becomes readable when something happens."""
        ...

    def grab(self) -> None:
        """Keep every other program from seeing the keys; OSError if one has done so before."""
        ...

    def events(self) -> Sequence[Happening]:
        """What has happened since; BlockingIOError if nothing, OSError if the keyboard is gone."""
        ...

    def close(self) -> None:
        """Let go of the keyboard, and of the grab."""
        ...


class KeyFilter:
    """Picks the keys out of an event device's stream.

    After `SYN_DROPPED` all up to and including the next `SYN_REPORT` is to be ignored: it may be
    half of something (Documentation/input/event-codes.rst of the Linux kernel).
    """

    def __init__(self) -> None:
        self._is_dropping = False

    def pick(self, kind: int, code: int, value: int, at_s: float) -> Happening | None:
        """The event, if it is one of a key or tells that some were lost."""
        if kind == EV_SYN:
            return self._synchronise(code)
        if kind == EV_KEY and not self._is_dropping:
            return KeyEvent(code, value, at_s)
        return None

    def _synchronise(self, code: int) -> KeysLost | None:
        if code == SYN_DROPPED:
            self._is_dropping = True
            return KeysLost()
        if code == SYN_REPORT:
            self._is_dropping = False
        return None
