"""A whole screen for one verdict: a colour, a symbol and a word, as large as there is room for.

Never colour alone: about one man in twelve cannot tell red from green, so the word and the shape
of the symbol say it too (WCAG 2.2, success criterion 1.4.1).
"""

import msgspec
from rich.text import Text

from gatedrill.devices.feedback.big_letters import largest
from gatedrill.devices.feedback.cue import Cue, Shown


class Look(msgspec.Struct, frozen=True):
    """How a cue looks. `ascii_symbol` stands in where `symbol` cannot be written."""

    symbol: str
    ascii_symbol: str
    colour: str
    style: str


LOOKS: dict[Cue, Look] = {
    Cue.GOOD: Look("✔", "OK", "green", "#000000 on #00c853"),
    Cue.BAD: Look("✘", "X", "red", "#ffffff on #c40000"),
    Cue.UNSURE: Look("?", "?", "yellow", "#000000 on #ffd600"),
    Cue.WAIT: Look("…", "...", "grey", "#000000 on #bdbdbd"),
}

_INK = "█"
_ASCII_INK = "#"
_BLANK_ROWS = 3
"""One above, one between the letters and the detail, one below."""


def symbol_for(cue: Cue, encoding: str) -> str:
    """The cue's symbol, in signs that the encoding has."""
    look = LOOKS[cue]
    return look.symbol if writable(look.symbol, encoding) == look.symbol else look.ascii_symbol


def writable(text: str, encoding: str) -> str:
    """`text` without what a terminal would obey; `?` for what the encoding has not."""
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    return printable.encode(encoding, "replace").decode(encoding)


def paint(shown: Shown, footer: str, width: int, height: int, encoding: str) -> list[Text]:
    """The screen's rows, each `width` columns of the cue's colour, `height` of them.

    The headline in block letters, or in bold where they do not fit; below it the symbol once more
    with the detail, and `footer`. What does not fit is cut off at the bottom.
    """
    look = LOOKS[shown.cue]
    symbol = symbol_for(shown.cue, encoding)
    headline = writable(shown.headline, encoding)
    lines = (f"{symbol} {shown.detail}", footer)
    below = [row for line in lines for row in _wrapped(writable(line, encoding), width - 2)]
    ink = _INK if writable(_INK, encoding) == _INK else _ASCII_INK
    letters = largest(headline, look.symbol, width - 2, height - len(below) - _BLANK_ROWS, ink=ink)
    bold = f"bold {look.style}"
    body = [Text(row.center(width), look.style) for row in letters]
    body = body or [
        Text(row.center(width), bold) for row in _wrapped(f"{symbol} {headline}", width)
    ]
    blank = Text(" " * width, look.style)
    body += [blank, *(Text(row.center(width), bold) for row in below)]
    spare = max(0, height - len(body))
    rows = [blank] * (spare // 2) + body + [blank] * (spare - spare // 2)
    return rows[:height]


def _wrapped(text: str, width: int) -> list[str]:
    width = max(1, width)
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines += [word[start : start + width] for start in range(0, len(word), width)]
    return lines
