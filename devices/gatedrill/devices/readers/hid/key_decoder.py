"""From key events to codes. Pure: time comes with the events."""

from typing import Final

from gatedrill.devices.readers.hid.key_events import AUTOREPEAT, PRESS, KeyEvent
from gatedrill.devices.readers.hid.keystrokes import Keystrokes
from gatedrill.devices.readers.hid.layout import Layout

MAX_CODE_CHARACTERS: Final = 4096

_ENDS: Final = "\r\n\t\x03"
_SKIPPED: Final = "\x00\x02"


class KeyDecoder:
    """Puts codes together from what a scanner types.

    Enter, the keypad's Enter and Tab end a code, and so do CR, LF, TAB and ETX however they are
    typed; STX is skipped: the same rules as on a serial line. A scanner that sends nothing of the
    sort is served by silence: after `idle_flush_s` seconds without an event what was typed so far
    is a code, all keys count as released and Caps Lock as off, so that no lost event does harm for
    long.

    A code of more than `MAX_CODE_CHARACTERS` and one from which events were lost are dropped whole.
    """

    def __init__(self, layout: Layout, idle_flush_s: float) -> None:
        self._keystrokes = Keystrokes(layout)
        self._idle_flush_s = idle_flush_s
        self._heard_at_s: float | None = None
        self._begun: list[str] = []
        self._is_spoilt = False

    @property
    def has_begun(self) -> bool:
        """Whether something was typed that nothing has ended yet."""
        return bool(self._begun) or self._keystrokes.has_accent

    def feed(self, event: KeyEvent) -> list[str]:
        """Take the next event; return the codes that it completes, mostly none."""
        if event.value == AUTOREPEAT:  # no scanner holds a key so long: a release was lost
            return []
        ended = self.flush() if self._is_after_silence(event.at_s) else []
        self._heard_at_s = event.at_s
        if event.value == PRESS:
            typed = self._keystrokes.press(event.code)
        else:
            typed = self._keystrokes.release(event.code)
        return ended + self._add(typed)

    def flush(self) -> list[str]:
        """The scanner has fallen silent: what it has typed so far is a code."""
        ended = self._add(self._keystrokes.settle() + "\r")
        self._keystrokes.rest()
        return ended

    def lose(self) -> None:
        """Events are missing here: what was begun, and what is yet to come of it, is no code."""
        self._keystrokes.rest()
        self._begun.clear()
        self._is_spoilt = True
        self._heard_at_s = None  # the gap to the next event is no silence

    def _is_after_silence(self, at_s: float) -> bool:
        return self._heard_at_s is not None and at_s - self._heard_at_s >= self._idle_flush_s

    def _add(self, typed: str) -> list[str]:
        ended = []
        for character in typed:
            if character not in _ENDS:
                self._append(character)
            elif code := self._end():
                ended.append(code)
        return ended

    def _append(self, character: str) -> None:
        if not self._is_spoilt and character not in _SKIPPED:
            self._begun.append(character)
        if len(self._begun) > MAX_CODE_CHARACTERS:
            self._begun.clear()
            self._is_spoilt = True

    def _end(self) -> str:
        code = "".join(self._begun)
        self._begun.clear()
        self._is_spoilt = False
        return code
