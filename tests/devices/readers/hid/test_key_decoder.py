import pytest
from recorded_keys import code_of, codes, decoder, read, recorded

from gatedrill.devices.readers.hid.key_decoder import MAX_CODE_CHARACTERS
from gatedrill.devices.readers.hid.key_events import AUTOREPEAT, KeyEvent

# Written down by hand, key by key and by the kernel's names: neither our tables nor the emulated
# scanner had a part in it.
TYPED = [
    (
        "us",
        """LEFTSHIFT+T LEFTSHIFT+K LEFTSHIFT+T MINUS 1 2 RIGHTSHIFT+EQUAL SLASH""",
        "TKT-12+/",
    ),
    (
        "us",
        """LEFTSHIFT+LEFTBRACE LEFTSHIFT+APOSTROPHE A LEFTSHIFT+APOSTROPHE LEFTSHIFT+SEMICOLON
        LEFTBRACE 1 COMMA 2 RIGHTBRACE LEFTSHIFT+RIGHTBRACE""",
        '{"a":[1,2]}',
    ),
    ("us", "BACKSLASH LEFTSHIFT+BACKSLASH GRAVE LEFTSHIFT+GRAVE LEFTSHIFT+2", "\\|`~@"),
    ("gb", "LEFTSHIFT+2 LEFTSHIFT+APOSTROPHE BACKSLASH LEFTSHIFT+BACKSLASH 102ND", '"@#~\\'),
    (
        "de",
        """LEFTSHIFT+T LEFTSHIFT+K LEFTSHIFT+T SLASH 1 2 RIGHTBRACE LEFTSHIFT+7 LEFTSHIFT+0""",
        "TKT-12+/=",
    ),
    (
        "de",
        """RIGHTALT+7 LEFTSHIFT+2 Z LEFTSHIFT+2 LEFTSHIFT+DOT RIGHTALT+8 Y RIGHTALT+9
        RIGHTALT+0""",
        '{"y":[z]}',
    ),
    (
        "de",
        """RIGHTALT+Q RIGHTALT+MINUS RIGHTALT+RIGHTBRACE RIGHTALT+102ND 102ND LEFTSHIFT+102ND
        BACKSLASH LEFTSHIFT+BACKSLASH MINUS LEFTBRACE""",
        "@\\~|<>#'ßü",
    ),
    ("fr", "LEFTSHIFT+T LEFTSHIFT+K LEFTSHIFT+T 6 LEFTSHIFT+1 LEFTSHIFT+2", "TKT-12"),
    (
        "fr",
        """RIGHTALT+4 3 Q 3 DOT RIGHTALT+5 LEFTSHIFT+0 M LEFTSHIFT+0 RIGHTALT+MINUS
        RIGHTALT+EQUAL""",
        '{"a":[0,0]}',
    ),
    (
        "fr",
        """A W Z SEMICOLON RIGHTALT+0 RIGHTALT+8 RIGHTALT+6 RIGHTALT+9 RIGHTALT+3 EQUAL
        LEFTSHIFT+EQUAL LEFTSHIFT+DOT LEFTSHIFT+COMMA SLASH 8""",
        "qzwm@\\|^#=+/.!_",
    ),
]


@pytest.mark.parametrize(("layout", "keys", "text"), TYPED)
def test_recorded_keys_are_what_their_keyboard_has_on_them(
    layout: str, keys: str, text: str
) -> None:
    assert read(f"{keys} ENTER", layout) == [text]


def test_a_scanner_set_to_another_country_is_read_wrongly_not_refused() -> None:
    keys = "LEFTSHIFT+T LEFTSHIFT+K LEFTSHIFT+T MINUS 1 2 A Q SEMICOLON ENTER"
    assert read(keys, "us") == ["TKT-12aq;"]
    assert read(keys, "fr") == ["TKT)&éqam"]
    assert read(keys, "de") == ["TKTß12aqö"]


@pytest.mark.parametrize(
    ("layout", "keys", "text"),
    [
        ("de", "GRAVE SPACE", "^"),
        ("de", "LEFTSHIFT+EQUAL SPACE EQUAL SPACE", "`\N{ACUTE ACCENT}"),
        ("de", "GRAVE A EQUAL LEFTSHIFT+E", "âÉ"),
        ("de", "GRAVE 1", "^1"),
        ("de", "GRAVE GRAVE A", "^^a"),
        ("de", "GRAVE", "^"),
        ("de", "GRAVE LEFTSHIFT+GRAVE", "^°"),
        ("fr", "LEFTBRACE E LEFTSHIFT+LEFTBRACE I LEFTBRACE SPACE", "êï^"),
        ("fr", "RIGHTALT+2 SPACE RIGHTALT+7 SPACE RIGHTALT+2 N", "~`ñ"),
    ],
)
def test_a_dead_key_waits_for_the_next_one(layout: str, keys: str, text: str) -> None:
    assert read(f"{keys} ENTER", layout) == [text]


@pytest.mark.parametrize("end", ["ENTER", "KPENTER", "TAB", "LEFTCTRL+M", "LEFTCTRL+J"])
def test_what_ends_a_code(end: str) -> None:
    assert read(f"A {end} B {end}") == ["a", "b"]


def test_a_code_with_two_ends_is_one() -> None:
    assert read("A ENTER LEFTCTRL+J B ENTER TAB") == ["a", "b"]
    assert read("A +LEFTCTRL M J -LEFTCTRL B ENTER") == ["a", "b"]


@pytest.mark.parametrize(
    ("layout", "keys", "text"),
    [
        ("us", "0 1 LEFTCTRL+RIGHTBRACE 2", "01\x1d2"),
        ("de", "0 1 LEFTCTRL+RIGHTBRACE 2", "01\x1d2"),
        ("fr", "Q LEFTCTRL+RIGHTBRACE Q", "a\x1da"),
        ("us", "A RIGHTCTRL+LEFTBRACE LEFTCTRL+BACKSLASH LEFTCTRL+LEFTSHIFT+6", "a\x1b\x1c\x1e"),
        ("us", "A LEFTCTRL+LEFTSHIFT+MINUS LEFTCTRL+MINUS LEFTCTRL+6", "a\x1f\x1f\x1e"),
        ("us", "LEFTCTRL+B A LEFTCTRL+A LEFTCTRL+LEFTSHIFT+A", "a\x01\x01"),
        ("us", "A LEFTCTRL+SPACE LEFTCTRL+LEFTSHIFT+2 LEFTCTRL+7 LEFTCTRL+KP7", "a"),
        ("de", "A LEFTCTRL+MINUS LEFTCTRL+LEFTSHIFT+SLASH", "a\x1f"),
    ],
)
def test_control_characters_are_typed_with_ctrl(layout: str, keys: str, text: str) -> None:
    assert read(f"{keys} ENTER", layout) == [text]


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("LEFTALT+KP6+KP5", "A"),
        ("LEFTALT+KP0+KP0+KP6+KP5", "A"),
        ("RIGHTALT+KP6+KP5 LEFTALT+KP6+KP6", "AB"),
        ("LEFTALT+KP0+KP2+KP5+KP2", "ü"),
        ("LEFTALT+KP1+KP2+KP9", "ü"),
        ("LEFTALT+KP0+KP1+KP2+KP8", "€"),
        ("LEFTALT+KP0+KP1+KP2+KP9", "\x81"),
        ("LEFTALT+KP0+KP2+KP9 A", "\x1da"),
        ("LEFTALT+KP8+KP3+KP6+KP4", "€"),
        ("A LEFTALT+KP5+KP5+KP2+KP9+KP6", "a"),
        ("A LEFTALT+KP9+KP9+KP9+KP9+KP9+KP9+KP9+KP9+KP9+KP9", "a"),
        ("A LEFTALT LEFTALT+KP0", "a"),
    ],
)
def test_characters_by_number(keys: str, text: str) -> None:
    for layout in ("us", "de", "fr"):
        expected = text.replace("a", "q") if layout == "fr" else text
        assert read(f"{keys} ENTER", layout) == [expected]


def test_a_code_by_numbers_alone_may_end_by_one() -> None:
    assert read("LEFTALT+KP0+KP6+KP5 LEFTALT+KP0+KP1+KP3 LEFTALT+KP0+KP6+KP6 ENTER") == ["A", "B"]


def test_the_keypad_types_digits_and_signs_without_num_lock() -> None:
    keys = "KP0 KP1 KP2 KP3 KP4 KP5 KP6 KP7 KP8 KP9 KPPLUS KPMINUS KPASTERISK KPSLASH KPDOT ENTER"
    assert read(keys) == ["0123456789+-*/."]
    assert read("KP1 KPDOT KP5 ENTER", "de") == ["1,5"]


def test_caps_lock_turns_letters_only_and_stays_over_codes() -> None:
    assert read("CAPSLOCK A LEFTSHIFT+B 1 LEFTSHIFT+1 ENTER C CAPSLOCK C ENTER") == ["Ab1!", "Cc"]
    assert read("CAPSLOCK SEMICOLON LEFTSHIFT+SEMICOLON MINUS ENTER", "de") == ["Ööß"]


def test_caps_lock_is_off_again_after_a_silence() -> None:
    scanner = decoder(idle_flush_s=0.08)
    assert codes(scanner, recorded("CAPSLOCK A ENTER")) == ["A"]
    assert codes(scanner, recorded("A ENTER", start_s=1.0)) == ["a"]


def test_alt_gr_may_be_ctrl_and_alt() -> None:
    assert read("LEFTCTRL+LEFTALT+Q LEFTCTRL+RIGHTALT+7 ENTER", "de") == ["@{"]


def test_shortcuts_and_keys_without_a_character_type_nothing() -> None:
    keys = "A LEFTALT+F4 LEFTMETA+R LEFTALT+Q RIGHTALT+A ESC F1 HOME 102ND BACKSPACE POWER ENTER"
    assert read(keys) == ["a"]


def test_an_empty_code_is_none() -> None:
    assert read("ENTER TAB ENTER LEFTSHIFT+ENTER") == []


def test_keys_that_overlap_keep_their_order() -> None:
    assert read("+LEFTSHIFT +A +B -A -LEFTSHIFT +C -B -C ENTER") == ["ABc"]


def test_either_shift_alone_is_enough() -> None:
    assert read("+LEFTSHIFT +RIGHTSHIFT A -LEFTSHIFT B -RIGHTSHIFT C ENTER") == ["ABc"]


def test_autorepeat_types_nothing_and_keeps_no_silence_away() -> None:
    scanner = decoder(idle_flush_s=0.08)
    assert codes(scanner, recorded("+A")) == []
    held = [KeyEvent(code_of("A"), AUTOREPEAT, at / 100) for at in range(100)]
    assert codes(scanner, held) == []
    assert codes(scanner, recorded("B ENTER", start_s=1.0)) == ["a", "b"]


def test_silence_ends_a_code_by_the_events_own_time() -> None:
    scanner = decoder(idle_flush_s=0.08)
    assert codes(scanner, recorded("A B C")) == []
    assert scanner.has_begun
    assert codes(scanner, recorded("D E F", start_s=1.0)) == ["abc"]
    assert scanner.flush() == ["def"]
    assert not scanner.has_begun
    assert scanner.flush() == []


def test_a_gap_shorter_than_the_silence_ends_nothing() -> None:
    scanner = decoder(idle_flush_s=0.08)
    assert codes(scanner, recorded("A B C ENTER", step_s=0.079)) == ["abc"]


def test_time_that_steps_back_ends_nothing() -> None:
    scanner = decoder(idle_flush_s=0.08)
    assert codes(scanner, recorded("A", start_s=100.0)) == []
    assert codes(scanner, recorded("B ENTER")) == ["ab"]


def test_a_dead_key_at_the_end_is_flushed_too() -> None:
    scanner = decoder("de", idle_flush_s=0.08)
    codes(scanner, recorded("GRAVE"))
    assert scanner.has_begun
    assert scanner.flush() == ["^"]


@pytest.mark.parametrize("held", ["LEFTSHIFT", "RIGHTALT", "LEFTCTRL", "LEFTALT", "LEFTMETA"])
def test_a_release_that_never_comes_harms_one_code_at_most(held: str) -> None:
    scanner = decoder()
    codes(scanner, recorded(f"A +{held} B ENTER"))
    assert codes(scanner, recorded("A B ENTER")) == ["ab"]
    silent = decoder(idle_flush_s=0.08)
    codes(silent, recorded(f"+{held} KP1"))
    assert codes(silent, recorded("A B ENTER", start_s=1.0))[-1] == "ab"


def test_a_code_from_which_events_were_lost_is_dropped_whole() -> None:
    scanner = decoder()
    codes(scanner, recorded("A +LEFTSHIFT B"))
    scanner.lose()
    assert not scanner.has_begun
    assert codes(scanner, recorded("C D ENTER A B ENTER")) == ["ab"]


def test_a_long_loss_is_no_silence() -> None:
    scanner = decoder(idle_flush_s=0.08)
    codes(scanner, recorded("A"))
    scanner.lose()
    assert codes(scanner, recorded("C D ENTER", start_s=5.0)) == []
    assert codes(scanner, recorded("A ENTER", start_s=6.0)) == ["a"]


def test_after_a_loss_silence_is_an_end_as_well() -> None:
    scanner = decoder(idle_flush_s=0.08)
    scanner.lose()
    assert codes(scanner, recorded("C D")) == []
    assert codes(scanner, recorded("A ENTER", start_s=1.0)) == ["a"]


def test_an_over_long_code_is_dropped_and_the_next_read() -> None:
    assert read("A " * MAX_CODE_CHARACTERS + "ENTER") == ["a" * MAX_CODE_CHARACTERS]
    assert read("A " * (MAX_CODE_CHARACTERS + 10) + "ENTER B ENTER") == ["b"]


def test_a_release_without_a_press_is_nothing() -> None:
    assert read("-LEFTSHIFT -A -LEFTALT A -CAPSLOCK ENTER") == ["a"]
