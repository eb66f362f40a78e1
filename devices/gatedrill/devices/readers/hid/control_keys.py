"""Control characters: what a key types while Ctrl is held.

Scanners send so what is no key of its own, such as GS (0x1D), which separates the fields of a GS1
code: Ctrl and the key that has `]` on a US keyboard. Honeywell names the table "Windows Mode
Control + X", Datalogic "Control Character 00".
"""

from typing import Final

from gatedrill.devices.readers.hid.key_codes import (
    KEY_102ND,
    KEY_BACKSLASH,
    KEY_LEFTBRACE,
    KEY_RIGHTBRACE,
)

_ESC, _FS, _GS, _RS, _US = "\x1b", "\x1c", "\x1d", "\x1e", "\x1f"

BY_PLACE: Final = {
    KEY_LEFTBRACE: _ESC,
    KEY_RIGHTBRACE: _GS,
    KEY_BACKSLASH: _FS,
    KEY_102ND: _FS,
}
"""Keys that type the same control character in every country (kbdus, kbdgr, kbdfr of Windows)."""

_WITHOUT_SHIFT: Final = {"6": _RS, "-": _US}
"""`^` and `_` on a US keyboard, had Shift been held: some scanners do not hold it."""


def control_character(code: int, character: str) -> str:
    """What the key `code`, which has `character` on it, types with Ctrl; empty if nothing.

    ASCII's rule: the letters and `[\\]^_` with their upper three bits gone.
    """
    if code in BY_PLACE:
        return BY_PLACE[code]
    if character.isascii() and "A" <= character.upper() <= "_":
        return chr(ord(character.upper()) & 0x1F)
    return _WITHOUT_SHIFT.get(character, "")
