import string

import pytest

from gatedrill.contract.outcome import Outcome, OutcomeKind
from gatedrill.devices.feedback.big_letters import LETTERS, ROWS, enlarge, largest
from gatedrill.devices.feedback.screen import LOOKS
from gatedrill.devices.feedback.wording import NO_READER, READY, shown_for

HEADLINES = {shown_for(Outcome(kind)).headline for kind in OutcomeKind} | {
    READY.headline,
    NO_READER.headline,
}


def test_the_font_has_letters_digits_and_the_symbols() -> None:
    wanted = {*string.ascii_uppercase, *string.digits, *(look.symbol for look in LOOKS.values())}
    assert wanted <= set(LETTERS)


@pytest.mark.parametrize("sign", LETTERS)
def test_a_letter_is_five_dots_high_and_at_most_seven_wide(sign: str) -> None:
    rows = LETTERS[sign]
    assert len(rows) == ROWS
    assert len({len(row) for row in rows}) == 1
    assert len(rows[0]) <= 7
    assert set("".join(rows)) <= {"#", "."}


def test_no_two_letters_look_alike() -> None:
    assert len(set(LETTERS.values())) == len(LETTERS)


def test_letters_are_drawn_one_column_apart() -> None:
    assert enlarge("IT", ink="*") == [
        "*** *****",
        " *    *  ",
        " *    *  ",
        " *    *  ",
        "***   *  ",
    ]


def test_a_dot_may_be_several_columns_and_rows() -> None:
    assert enlarge("-", across=2, down=3, ink="*") == [
        *["      "] * 6,
        *["******"] * 3,
        *["      "] * 6,
    ]


@pytest.mark.parametrize("headline", sorted(HEADLINES))
@pytest.mark.parametrize(("width", "height"), [(78, 18), (200, 44), (40, 12), (24, 9), (7, 5)])
def test_letters_never_exceed_the_room(headline: str, width: int, height: int) -> None:
    drawn = largest(headline, "✔", width, height)
    assert len(drawn) <= height
    assert all(len(row) <= width for row in drawn)


@pytest.mark.parametrize("headline", sorted(HEADLINES))
def test_every_headline_fits_a_common_terminal_beside_its_symbol(headline: str) -> None:
    tick = LETTERS["✔"][-1].replace("#", "█").replace(".", " ").strip()
    drawn = largest(headline, "✔", 78, 18)
    bare = largest(headline, " ", 78, 18)
    assert drawn
    assert tick in "".join(drawn)
    assert drawn != bare


def test_more_room_makes_larger_letters() -> None:
    sizes = [len(largest("STOP", "✘", 20 * n, 12 * n)) for n in range(2, 6)]
    assert sizes == sorted(set(sizes))


def test_a_narrow_terminal_gets_each_word_on_its_own_line() -> None:
    assert largest("COME IN", "✔", 24, 17) == [
        *(row.center(23) for row in enlarge("✔")),
        " " * 23,
        *enlarge("COME"),
        " " * 23,
        *(row.center(23) for row in enlarge("IN")),
    ]


def test_where_there_is_no_room_for_the_symbol_the_words_go_first() -> None:
    assert largest("COME IN", "✔", 24, 11)[:5] == enlarge("COME")


@pytest.mark.parametrize(
    ("headline", "width", "height"), [("STOP", 22, 20), ("STOP", 80, 4), ("STÖP", 80, 20)]
)
def test_without_room_or_without_a_letter_nothing_is_drawn(
    headline: str, width: int, height: int
) -> None:
    assert largest(headline, "✘", width, height) == []
