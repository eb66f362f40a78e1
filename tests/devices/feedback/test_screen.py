import pytest

from gatedrill.devices.feedback.big_letters import enlarge
from gatedrill.devices.feedback.cue import Cue, Shown
from gatedrill.devices.feedback.screen import LOOKS, paint, symbol_for, writable

STOP = Shown(Cue.BAD, "STOP", "used before")
SIZES = [(80, 24), (40, 20), (200, 50), (24, 8), (3, 3), (1, 1)]


def rows(shown: Shown, width: int, height: int, encoding: str = "utf-8") -> list[str]:
    return [row.plain for row in paint(shown, "gate-a 19:42:07", width, height, encoding)]


def test_every_cue_has_a_colour_and_symbols_of_its_own() -> None:
    looks = [LOOKS[cue] for cue in Cue]
    for field in ("symbol", "ascii_symbol", "colour", "style"):
        assert len({getattr(look, field) for look in looks}) == len(looks)
    assert all(look.ascii_symbol.isascii() for look in looks)


@pytest.mark.parametrize("cue", Cue)
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_all_of_the_screen_takes_the_colour(cue: Cue, width: int, height: int) -> None:
    lines = paint(Shown(cue, "COME IN", "a word or two"), "gate-a", width, height, "utf-8")
    assert [line.cell_len for line in lines] == [width] * height
    assert all(LOOKS[cue].style in str(line.style) for line in lines)


@pytest.mark.parametrize("cue", Cue)
@pytest.mark.parametrize("encoding", ["utf-8", "latin-1", "ascii", "cp437"])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (40, 20), (24, 8)])
def test_symbol_and_word_are_always_there_beside_the_colour(
    cue: Cue, encoding: str, width: int, height: int
) -> None:
    drawn = rows(Shown(cue, "ASK", "why"), width, height, encoding)
    text = "\n".join(drawn)
    ink = "█" if encoding in ("utf-8", "cp437") else "#"
    in_blocks = [
        all(row in text for row in enlarge("ASK", across, down, ink=ink))
        for across, down in ((1, 1), (2, 1), (2, 2), (3, 3))
    ]
    assert f"{symbol_for(cue, encoding)} why" in text
    assert "ASK" in text or any(in_blocks)
    assert text.encode(encoding).decode(encoding) == text


def test_a_wide_screen_shows_block_letters_and_below_them_detail_and_footer() -> None:
    drawn = [row.strip() for row in rows(STOP, 40, 20)]
    letters = [row.strip() for row in enlarge("STOP")]
    at = drawn.index(letters[0])
    assert drawn[at : at + 8] == [*letters, "", "✘ used before", "gate-a 19:42:07"]


def test_a_screen_too_small_for_letters_shows_the_headline_in_bold() -> None:
    screen = paint(STOP, "gate-a", 20, 6, "utf-8")
    [headline] = [row for row in screen if "✘ STOP" in row.plain]
    assert "bold" in str(headline.style)


def test_words_that_do_not_fit_beside_each_other_are_put_below() -> None:
    drawn = [row.strip() for row in rows(Shown(Cue.GOOD, "WELCOME BACK"), 10, 12)]
    at = drawn.index("✔ WELCOME")
    assert drawn[at + 1] == "BACK"


def test_what_a_terminal_would_obey_is_not_shown() -> None:
    drawn = "\n".join(rows(Shown(Cue.BAD, "STOP\x1b[2J", "a\x07b\x1b]0;x\x9bc"), 80, 24))
    assert not any(sign in drawn for sign in "\x1b\x07\x9b")


def test_what_an_encoding_has_not_becomes_a_question_mark() -> None:
    assert writable("Zürich ✔", "ascii") == "Z?rich ?"
    assert writable("Zürich ✔", "utf-8") == "Zürich ✔"
