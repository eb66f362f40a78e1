"""A keyboard layout: which key types which character."""

from collections.abc import Mapping, Sequence
from typing import Final, Self

import msgspec

from gatedrill.devices.readers.hid import key_codes

PLAIN: Final = 0
SHIFT: Final = 1
ALTGR: Final = 2

Place = tuple[int, int]
"""A key code and a level: 0 alone, 1 with Shift, 2 with AltGr, 3 with both."""


class Layout(msgspec.Struct, frozen=True):
    """What the keys of one country's keyboard type.

    `characters` has a character for every place that types one. `accents` has the places of dead
    keys, which type nothing until the next key tells whether they stand on a letter; there is no
    place in both. `decimal` is what the keypad has to the right of its zero.
    """

    characters: Mapping[Place, str]
    accents: Mapping[Place, str]
    decimal: str

    @classmethod
    def of_rows(
        cls,
        *levels: Sequence[str],
        accents: Mapping[Place, str] | None = None,
        decimal: str = ".",
    ) -> Self:
        """Read a layout that is written down as it looks: level by level, row by row.

        Each level has the four rows of `key_codes.ROWS` with a character for each key, a blank
        where the key types none or is dead. Raises ValueError when a row has another length.
        """
        characters = {
            (code, level): character
            for level, rows in enumerate(levels)
            for codes, row in zip(key_codes.ROWS, rows, strict=True)
            for code, character in zip(codes, row, strict=True)
            if character != " "
        }
        for level in (PLAIN, SHIFT):
            characters[key_codes.KEY_SPACE, level] = " "
        return cls(characters, accents or {}, decimal)

    def is_letter(self, code: int) -> bool:
        """Whether the key types a letter, and with Shift the same in upper case."""
        plain = self.characters.get((code, PLAIN), "")
        return plain.upper() != plain and self.characters.get((code, SHIFT)) == plain.upper()
