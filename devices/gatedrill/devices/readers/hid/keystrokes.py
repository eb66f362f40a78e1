"""From keys that go down and come up to what they type."""

from typing import Final

from gatedrill.devices.readers.hid.accents import accented
from gatedrill.devices.readers.hid.alt_code import alt_character
from gatedrill.devices.readers.hid.control_keys import control_character
from gatedrill.devices.readers.hid.key_codes import (
    ALTS,
    CTRLS,
    ENDING_KEYS,
    KEY_CAPSLOCK,
    KEY_KPDOT,
    KEY_LEFTALT,
    KEY_RIGHTALT,
    KEYPAD_DIGITS,
    KEYPAD_SIGNS,
    METAS,
    MODIFIERS,
    SHIFTS,
)
from gatedrill.devices.readers.hid.layout import ALTGR, SHIFT, Layout

_MOST_ALT_DIGITS: Final = 8


class Keystrokes:
    """A keyboard with its state: what is held, Caps Lock, a dead key, a number begun with Alt.

    AltGr is the right Alt key, or Ctrl and Alt together, as Windows has it. Num Lock counts as on,
    and Caps Lock touches letters only. Keys that type nothing are passed over.
    """

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._is_caps_locked = False
        self._accent = ""
        self._held: set[int] = set()
        self._alt_digits = ""

    @property
    def has_accent(self) -> bool:
        """Whether a dead key waits for what comes next."""
        return bool(self._accent)

    def press(self, code: int) -> str:
        """A key goes down; what it types, `\\r` for Enter and Tab."""
        if code in MODIFIERS:
            self._held.add(code)
            return ""
        if code == KEY_CAPSLOCK:
            self._is_caps_locked = not self._is_caps_locked
            return ""
        if code in ENDING_KEYS:
            # No code is typed with a key held since the one before: its release was lost.
            self._let_go()
            return self.settle() + "\r"
        if code in KEYPAD_DIGITS and self._held & ALTS:
            self._alt_digits = (self._alt_digits + KEYPAD_DIGITS[code])[:_MOST_ALT_DIGITS]
            return ""
        return "" if self._is_shortcut else self._type(code)

    def release(self, code: int) -> str:
        """A key comes up; only Alt types anything then."""
        self._held.discard(code)
        if code not in ALTS or self._held & ALTS or not self._alt_digits:
            return ""
        digits, self._alt_digits = self._alt_digits, ""
        return self.settle() + alt_character(digits)

    def settle(self) -> str:
        """No letter will follow a dead key: it types its accent."""
        accent, self._accent = self._accent, ""
        return accent

    def rest(self) -> None:
        """Nobody types: no key is held, Caps Lock is off, nothing is begun."""
        self._let_go()
        self._is_caps_locked = False
        self._accent = ""

    def _let_go(self) -> None:
        self._held.clear()
        self._alt_digits = ""

    @property
    def _is_alt_gr(self) -> bool:
        return KEY_RIGHTALT in self._held or (
            KEY_LEFTALT in self._held and bool(self._held & CTRLS)
        )

    @property
    def _is_shortcut(self) -> bool:
        return bool(self._held & METAS) or (KEY_LEFTALT in self._held and not self._is_alt_gr)

    def _type(self, code: int) -> str:
        level = self._level(code)
        if self._held & CTRLS and level < ALTGR:
            return self.settle() + control_character(code, self._label(code, level))
        if accent := self._layout.accents.get((code, level)):
            return self._begin_accent(accent)
        character = self._character(code, level)
        if character and self._accent:
            return accented(self.settle(), character)
        return character

    def _level(self, code: int) -> int:
        is_shifted = bool(self._held & SHIFTS)
        if self._is_alt_gr:
            return ALTGR + is_shifted
        is_lifted = self._is_caps_locked and self._layout.is_letter(code)
        return SHIFT * (is_shifted != is_lifted)

    def _label(self, code: int, level: int) -> str:
        return self._layout.accents.get((code, level)) or self._character(code, level)

    def _character(self, code: int, level: int) -> str:
        if code == KEY_KPDOT:
            return self._layout.decimal
        keypad = KEYPAD_DIGITS.get(code) or KEYPAD_SIGNS.get(code)
        return keypad or self._layout.characters.get((code, level), "")

    def _begin_accent(self, accent: str) -> str:
        if self._accent:  # two dead keys type both accents, and neither waits
            return self.settle() + accent
        self._accent = accent
        return ""
