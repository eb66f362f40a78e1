"""Headlines in letters of blocks, for a terminal that is looked at from two metres.

A font of our own, as the words are few and capitals: pyfiglet, the library for this, brings
hundreds of fonts and cannot make letters larger where there is room.
"""

from collections.abc import Iterator

ROWS = 5
"""How many dots a letter is high."""

# Four signs stand for the whole screen: ✔ let in, ✘ do not, ? nobody knows, … waiting.
_FONT = """
A     B     C     D     E     F     G     H     I   J
.###. ####. .#### ####. ##### ##### .#### #...# ### ..###
#...# #...# #.... #...# #.... #.... #.... #...# .#. ...#.
##### ####. #.... #...# ####. ####. #..## ##### .#. ...#.
#...# #...# #.... #...# #.... #.... #...# #...# .#. #..#.
#...# ####. .#### ####. ##### #.... .#### #...# ### .##..

K     L     M     N     O     P     Q     R     S     T
#...# #.... #...# #...# .###. ####. .###. ####. .#### #####
#..#. #.... ##.## ##..# #...# #...# #...# #...# #.... ..#..
###.. #.... #.#.# #.#.# #...# ####. #.#.# ####. .###. ..#..
#..#. #.... #...# #..## #...# #.... #..#. #..#. ....# ..#..
#...# ##### #...# #...# .###. #.... .##.# #...# ####. ..#..

U     V     W     X     Y     Z     !   '   -   /     ?
#...# #...# #...# #...# #...# ##### .#. .#. ... ....# ####.
#...# #...# #...# .#.#. .#.#. ...#. .#. .#. ... ...#. ....#
#...# #...# #.#.# ..#.. ..#.. ..#.. .#. ... ### ..#.. ..##.
#...# .#.#. ##.## .#.#. ..#.. .#... ... ... ... .#... .....
.###. ..#.. #...# #...# ..#.. ##### .#. ... ... #.... ..#..

0     1   2     3     4     5     6     7     8     9
.###. .#. ####. ####. #..#. ##### .###. ##### .###. .###.
#..## ##. ....# ....# #..#. #.... #.... ....# #...# #...#
#.#.# .#. .###. .###. ##### ####. ####. ...#. .###. .####
##..# .#. #.... ....# ...#. ....# #...# ..#.. #...# ....#
.###. ### ##### ####. ...#. ####. .###. ..#.. .###. .###.

✔       ✘       …     .  :
.....## ##...## ..... .  .
....##. .##.##. ..... .  #
##.##.. ..###.. ..... .  .
.####.. .##.##. ..... .  #
..##... ##...## #.#.# #  .
"""
_SPACE = ("...",) * ROWS


def _letters() -> Iterator[tuple[str, tuple[str, ...]]]:
    for block in _FONT.strip().split("\n\n"):
        names, *rows = (line.split() for line in block.splitlines())
        yield from zip(names, zip(*rows, strict=True), strict=True)


LETTERS: dict[str, tuple[str, ...]] = {" ": _SPACE, **dict(_letters())}
"""Each sign's rows from the top, `#` for a dot."""


def enlarge(text: str, across: int = 1, down: int = 1, *, ink: str = "█") -> list[str]:
    """The rows of `text` in block letters, each dot `across` columns wide and `down` rows high.

    All rows are equally long. Raises KeyError for a sign that the font has not.
    """
    letters = [LETTERS[sign] for sign in text]
    rows = (".".join(letter[row] for letter in letters) for row in range(ROWS))
    drawn = ["".join((ink if dot == "#" else " ") * across for dot in row) for row in rows]
    return [row for row in drawn for _ in range(down)]


def largest(headline: str, symbol: str, width: int, height: int, *, ink: str = "█") -> list[str]:
    """`headline` below or beside `symbol`, in the largest letters for this many columns and rows.

    Where there is no room on one line, each word gets its own; where there still is none, the
    symbol is left out. Nothing is left (an empty list) if no letters fit, or the font lacks a sign.
    """
    if not all(sign in LETTERS for sign in headline + symbol):
        return []
    words = headline.split()
    with_symbol = [[symbol, headline], [f"{symbol} {headline}"], [symbol, *words]]
    for layouts in (with_symbol, [[headline], words]):
        for across, down in _dots(width, height):
            for lines in layouts:
                drawn = _stacked(lines, across, down, ink)
                if len(drawn) <= height and len(drawn[0]) <= width:
                    return drawn
    return []


def _dots(width: int, height: int) -> list[tuple[int, int]]:
    """Every shape a dot could have, largest first: upright as a terminal's cell, or square."""
    upright = [(down, down) for down in range(1, height // ROWS + 1)]
    square = [(2 * down, down) for down in range(1, height // ROWS + 1)]
    shapes = [shape for shape in upright + square if shape[0] * ROWS <= width]
    return sorted(shapes, key=lambda shape: shape[0] * shape[1], reverse=True)


def _stacked(lines: list[str], across: int, down: int, ink: str) -> list[str]:
    blocks = [enlarge(line, across, down, ink=ink) for line in lines]
    width = max(len(block[0]) for block in blocks)
    rows: list[str] = []
    for block in blocks:
        rows += [" " * width] * down if rows else []
        rows += [row.center(width) for row in block]
    return rows
