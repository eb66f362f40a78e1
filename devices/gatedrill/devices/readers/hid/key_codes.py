"""Key codes of Linux (linux/input-event-codes.h), which name places on a keyboard.

Where a scanner says `KEY_Q`, it means the place where a US keyboard has its Q.
"""

from typing import Final

KEY_2: Final = 3
KEY_7: Final = 8
KEY_EQUAL: Final = 13
KEY_TAB: Final = 15
KEY_LEFTBRACE: Final = 26
KEY_RIGHTBRACE: Final = 27
KEY_ENTER: Final = 28
KEY_LEFTCTRL: Final = 29
KEY_GRAVE: Final = 41
KEY_LEFTSHIFT: Final = 42
KEY_BACKSLASH: Final = 43
KEY_RIGHTSHIFT: Final = 54
KEY_KPASTERISK: Final = 55
KEY_LEFTALT: Final = 56
KEY_SPACE: Final = 57
KEY_CAPSLOCK: Final = 58
KEY_KPMINUS: Final = 74
KEY_KPPLUS: Final = 78
KEY_KPDOT: Final = 83
KEY_102ND: Final = 86
KEY_KPENTER: Final = 96
KEY_RIGHTCTRL: Final = 97
KEY_KPSLASH: Final = 98
KEY_RIGHTALT: Final = 100
KEY_LEFTMETA: Final = 125
KEY_RIGHTMETA: Final = 126

ROWS: Final[tuple[tuple[int, ...], ...]] = (
    (KEY_GRAVE, *range(2, 14)),
    tuple(range(16, 28)),
    (*range(30, 41), KEY_BACKSLASH),
    (KEY_102ND, *range(44, 54)),
)
"""The keys that differ from country to country, row by row from the top, left to right.

13, 12, 12 and 11 keys; the key to the left of Enter stands last in the third row, the one between
left Shift and Z, which US keyboards lack, first in the fourth.
"""

KEYPAD_DIGITS: Final[dict[int, str]] = dict(
    zip((82, 79, 80, 81, 75, 76, 77, 71, 72, 73), "0123456789", strict=True)
)

KEYPAD_SIGNS: Final[dict[int, str]] = {
    KEY_KPASTERISK: "*",
    KEY_KPMINUS: "-",
    KEY_KPPLUS: "+",
    KEY_KPSLASH: "/",
}

SHIFTS: Final = frozenset({KEY_LEFTSHIFT, KEY_RIGHTSHIFT})
CTRLS: Final = frozenset({KEY_LEFTCTRL, KEY_RIGHTCTRL})
ALTS: Final = frozenset({KEY_LEFTALT, KEY_RIGHTALT})
METAS: Final = frozenset({KEY_LEFTMETA, KEY_RIGHTMETA})
MODIFIERS: Final = SHIFTS | CTRLS | ALTS | METAS

ENDING_KEYS: Final = frozenset({KEY_ENTER, KEY_KPENTER, KEY_TAB})
