import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatedrill.contract.outcome import Certainty, Outcome, OutcomeKind, Reason
from gatedrill.devices.scanner import RETRY_PAUSE_S, RETRY_WITHIN_S, Scanner, retry_pause_s

MS = 1_000_000
WINDOW_S = 0.5
WINDOW_MS = 500

Sighting = tuple[str, int]


@pytest.mark.parametrize(
    ("sightings", "starts"),
    [
        pytest.param([("A", 0)], [True], id="the first one"),
        pytest.param([("A", 0), ("A", 1)], [True, False], id="still in view"),
        pytest.param([("A", 0), ("A", 499)], [True, False], id="just within the window"),
        pytest.param([("A", 0), ("A", 500)], [True, True], id="out of view for the window"),
        pytest.param([("A", 0), ("B", 1)], [True, True], id="another ticket"),
        pytest.param([("A", 0), ("B", 1), ("A", 2)], [True, True, False], id="two at once"),
        pytest.param(
            [("A", 0), ("A", 400), ("A", 800)], [True, False, False], id="each sighting counts"
        ),
        pytest.param(
            [("A", 0), ("A", 400), ("A", 900)], [True, False, True], id="gone after a second look"
        ),
        pytest.param([("", 0), ("", 1)], [True, False], id="an empty code is a code"),
        pytest.param([("a", 0), ("A", 1)], [True, True], id="codes are compared as they stand"),
    ],
)
def test_a_sighting_starts_a_scan_after_an_absence(
    sightings: list[Sighting], starts: list[bool]
) -> None:
    scanner = Scanner(WINDOW_S)
    seen = []
    for symbol, at_ms in sightings:
        seen.append(scanner.see(symbol, at_ms * MS))
        scanner.settle(symbol)
    assert seen == starts


def test_a_ticket_that_lies_in_view_all_evening_is_one_scan() -> None:
    scanner = Scanner(WINDOW_S)
    starts = []
    for frame in range(6 * 3600 * 3):
        starts.append(scanner.see("A", frame * 333 * MS))
        scanner.settle("A")
    assert starts.count(True) == 1


def test_a_symbol_under_way_starts_nothing_however_long_it_was_out_of_view() -> None:
    scanner = Scanner(WINDOW_S)
    assert scanner.see("A", 0)
    assert not scanner.see("A", 60_000 * MS)
    assert scanner.see("B", 60_000 * MS), "another ticket does not wait for it"


def test_after_its_end_a_scan_may_start_anew_but_not_while_the_ticket_is_in_view() -> None:
    scanner = Scanner(WINDOW_S)
    scanner.see("A", 0)
    scanner.settle("A")
    assert not scanner.see("A", 100 * MS)
    assert scanner.see("A", 600 * MS)


def test_settling_what_is_not_under_way_changes_nothing() -> None:
    scanner = Scanner(WINDOW_S)
    scanner.settle("A")
    assert scanner.see("A", 0)
    scanner.settle("B")
    assert not scanner.see("A", 60_000 * MS)


def test_the_memory_holds_what_was_seen_within_the_window_and_no_more() -> None:
    scanner = Scanner(WINDOW_S)
    for number in range(10_000):
        symbol = f"T{number}"
        scanner.see(symbol, number * 100 * MS)
        scanner.settle(symbol)
        assert len(scanner._last_seen_ns) <= 6
    assert not scanner._under_way


@st.composite
def evenings(draw: st.DrawFn) -> list[tuple[Sighting, bool]]:
    """Sightings in order of time, each with whether its scan ends before the next one."""
    at_ms = 0
    sightings = []
    for _ in range(draw(st.integers(0, 40))):
        at_ms += draw(st.sampled_from([0, 1, 200, 499, 500, 501, 2000]))
        sightings.append(((draw(st.sampled_from("ABC")), at_ms), draw(st.booleans())))
    return sightings


def rule(before: list[tuple[Sighting, bool]], under_way: set[str], now: Sighting) -> bool:
    """The rule in one sentence, over all that was ever seen."""
    symbol, at_ms = now
    return symbol not in under_way and not any(
        other == symbol and at_ms - other_ms < WINDOW_MS for (other, other_ms), _ in before
    )


@settings(deadline=None)
@given(evenings())
def test_whatever_is_seen_the_scanner_follows_the_rule(
    evening: list[tuple[Sighting, bool]],
) -> None:
    scanner = Scanner(WINDOW_S)
    under_way: set[str] = set()
    for number, ((symbol, at_ms), settles) in enumerate(evening):
        expected = rule(evening[:number], under_way, (symbol, at_ms))
        assert scanner.see(symbol, at_ms * MS) is expected
        if expected:
            under_way.add(symbol)
        if settles:
            scanner.settle(symbol)
            under_way.discard(symbol)
    in_window = {s for (s, at_ms), _ in evening if evening[-1][0][1] - at_ms <= WINDOW_MS}
    assert set(scanner._last_seen_ns) == in_window


def outcome_of(reason: Reason) -> Outcome:
    is_unknown = reason.certainty is Certainty.INDEFINITE
    return Outcome(OutcomeKind.UNKNOWN if is_unknown else OutcomeKind.REFUSED, reason)


ANSWERS = [
    Outcome(OutcomeKind.ADMITTED),
    Outcome(OutcomeKind.READMITTED),
    *(outcome_of(reason) for reason in Reason),
]
BUSY = Outcome(OutcomeKind.REFUSED, Reason.BUSY)


@pytest.mark.parametrize("answer", ANSWERS, ids=str)
def test_only_an_answer_that_decided_nothing_is_asked_again(answer: Outcome) -> None:
    pause_s = retry_pause_s(answer, 0.0, random.Random(1))
    decides_nothing = (Reason.BUSY, Reason.UNSUPPORTED)
    assert (pause_s is not None) == (answer.reason in decides_nothing)


@settings(deadline=None)
@given(st.integers(), st.floats(0, 2))
def test_a_pause_lasts_ten_to_fifty_milliseconds_and_ends_within_the_second(
    seed: int, asking_for_s: float
) -> None:
    pause_s = retry_pause_s(BUSY, asking_for_s, random.Random(seed))
    if pause_s is not None:
        assert 0.010 <= pause_s <= 0.050
        assert asking_for_s + pause_s < 1.0
    else:
        assert asking_for_s + 0.050 >= 1.0


def test_pauses_differ_so_that_two_devices_do_not_meet_again() -> None:
    rng = random.Random(1)
    pauses = {retry_pause_s(BUSY, 0.0, rng) for _ in range(100)}
    assert len(pauses) == 100


def test_the_limits_are_those_that_the_project_promises() -> None:
    assert (RETRY_PAUSE_S, RETRY_WITHIN_S) == ((0.010, 0.050), 1.0)
