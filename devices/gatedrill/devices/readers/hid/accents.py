"""What a dead key does to the character after it, as Windows does it."""

import unicodedata
from typing import Final

ACUTE: Final = "\u00b4"

_COMBINING: Final = {"^": "\u0302", ACUTE: "\u0301", "`": "\u0300", "¨": "\u0308", "~": "\u0303"}

_BEARERS: Final = {
    "^": "aeiouAEIOU",
    ACUTE: "aeiouyAEIOUY",
    "`": "aeiouAEIOU",
    "¨": "aeiouyAEIOU",
    "~": "anoANO",
}


def accented(accent: str, character: str) -> str:
    """What `character` after the dead key `accent` types.

    A blank sets the accent free; a letter that bears it takes it; anything else stands behind it.
    Which letters bear which accent is Microsoft's (the DEADTRANS tables of kbdgr and kbdfr), where
    the X Window System would compose more: `^1` has to stay two characters.
    """
    if character == " ":
        return accent
    if character in _BEARERS[accent]:
        return unicodedata.normalize("NFC", character + _COMBINING[accent])
    return accent + character
