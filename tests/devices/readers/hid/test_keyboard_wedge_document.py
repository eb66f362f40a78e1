"""docs/keyboard-wedge.md says what the code does."""

from document import Document
from recorded_keys import codes, decoder

from gatedrill.devices.emulation.keyboard import Typist, timed
from gatedrill.devices.readers.hid.key_decoder import MAX_CODE_CHARACTERS
from gatedrill.devices.readers.hid.layouts import LAYOUTS

PAGE = Document("keyboard-wedge.md")


def layout_tables() -> list[list[list[str]]]:
    """The two tables below "The layout": what a wrong one reads, and the countries."""
    tables: list[list[list[str]]] = [[]]
    for line in PAGE.section("The layout").splitlines():
        if line.startswith("| `"):
            tables[-1].append([cell.strip(" `") for cell in line.strip("|").split(" | ")])
        elif tables[-1]:
            tables.append([])
    return tables[:2]


def test_every_layout_has_its_row() -> None:
    read, countries = layout_tables()
    assert [row[0] for row in countries] == list(LAYOUTS)
    assert [row[0] for row in read] == list(LAYOUTS)


def test_what_a_wrong_layout_reads_is_as_told() -> None:
    keys = timed(Typist(LAYOUTS["us"]).keys('{"token":"TKT-12"}'))
    for country, text in layout_tables()[0]:
        assert codes(decoder(country), keys) == [text]


def test_the_limits_are_as_told() -> None:
    assert f"more than {MAX_CODE_CHARACTERS} characters" in PAGE.words
