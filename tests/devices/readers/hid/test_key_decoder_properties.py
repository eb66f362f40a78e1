"""Whatever a keyboard does, the decoder goes on, and reads what is typed properly after it."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recorded_keys import codes

from gatedrill.devices.emulation.keyboard import Typist, timed
from gatedrill.devices.readers.hid.key_codes import KEY_CAPSLOCK, KEY_ENTER, MODIFIERS
from gatedrill.devices.readers.hid.key_decoder import MAX_CODE_CHARACTERS, KeyDecoder
from gatedrill.devices.readers.hid.key_events import KeyEvent
from gatedrill.devices.readers.hid.layouts import LAYOUTS

# However busy the machine is.
relaxed = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

IDLE_S = 0.08

countries = st.sampled_from(sorted(LAYOUTS))
key_codes = st.one_of(st.integers(0, 130), st.sampled_from(sorted(MODIFIERS)), st.integers(0, 767))
values = st.sampled_from([0, 1, 1, 2])
gaps_s = st.sampled_from([0.0, 0.001, 0.004, 0.079, 0.08, 1.0, -1.0])
loss = st.none()
garbage = st.lists(st.one_of(st.tuples(key_codes, values, gaps_s), loss), max_size=80)
texts = st.text([chr(number) for number in range(0x20, 0x7F)], min_size=1, max_size=12)


def disturb(scanner: KeyDecoder, happenings: list[tuple[int, int, float] | None]) -> float:
    """Feed it all; return when it ended. What comes out of it is within the limits."""
    at_s = 100.0
    for happening in happenings:
        if happening is None:
            scanner.lose()
            continue
        code, value, gap_s = happening
        at_s += gap_s
        for read in scanner.feed(KeyEvent(code, value, at_s)):
            assert 0 < len(read) <= MAX_CODE_CHARACTERS
            read.encode()
    return at_s


@relaxed
@given(country=countries, happenings=garbage, text=texts)
def test_after_anything_and_a_silence_a_code_is_read(
    country: str, happenings: list[tuple[int, int, float] | None], text: str
) -> None:
    layout = LAYOUTS[country]
    scanner = KeyDecoder(layout, IDLE_S)
    ended_s = disturb(scanner, happenings)
    scanner.flush()
    typed = timed(Typist(layout).keys(text), start_s=ended_s + IDLE_S)
    assert codes(scanner, typed) == [text]


@relaxed
@given(country=countries, happenings=garbage, text=texts)
def test_after_anything_enter_is_enough_if_caps_lock_was_left_alone(
    country: str, happenings: list[tuple[int, int, float] | None], text: str
) -> None:
    layout = LAYOUTS[country]
    scanner = KeyDecoder(layout, IDLE_S)
    others = [each for each in happenings if each is None or each[0] != KEY_CAPSLOCK]
    ended_s = disturb(scanner, others)
    scanner.feed(KeyEvent(KEY_ENTER, 1, ended_s))
    typed = timed(Typist(layout).keys(text), start_s=ended_s)
    assert codes(scanner, typed) == [text]


@relaxed
@given(country=countries, text=texts, after=st.integers(0, 200))
def test_a_loss_in_a_code_never_makes_another_of_it(country: str, text: str, after: int) -> None:
    layout = LAYOUTS[country]
    scanner = KeyDecoder(layout, IDLE_S)
    events = timed(Typist(layout).keys(text))
    at = min(after, len(events) - 2)
    assert codes(scanner, events[:at]) == []
    scanner.lose()
    assert codes(scanner, events[at + 1 :]) == []
