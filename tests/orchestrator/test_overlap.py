"""How many requests were under way at one instant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatedrill.contract.attempt import Ask, AskKind, CheckoutRecord, ScanRecord
from gatedrill.contract.outcome import Outcome, OutcomeKind
from gatedrill.orchestrator.overlap import Overlap, measure_overlap, most_at_once

INTERVALS = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=12)


def asked(*asks: Ask, fleet: str = "east") -> tuple[str, ScanRecord]:
    record = ScanRecord(
        attempt="a",
        device="gate-01",
        symbol="t",
        intended_ns=0,
        released_ns=0,
        decoded_ns=0,
        decided_ns=1,
        outcome=Outcome(OutcomeKind.ADMITTED),
        asks=asks,
    )
    return fleet, record


def stamped(arrived_ns: int, departed_ns: int) -> Ask:
    """Asked when nobody else did, by the device's clock; the service's stamps say otherwise."""
    alone_ns = arrived_ns * 1_000_000
    return Ask(alone_ns, alone_ns + 1, 200, arrived_ns=arrived_ns, departed_ns=departed_ns)


@given(INTERVALS)
def test_the_sweep_finds_what_trying_every_instant_finds(intervals: list[tuple[int, int]]) -> None:
    # Edges are whole numbers, so the middle between two of them meets every interval there is.
    tried = [sum(begin < instant + 0.5 < end for begin, end in intervals) for instant in range(31)]

    assert most_at_once(intervals) == max(tried)


@pytest.mark.parametrize(
    ("intervals", "most"),
    [
        ([], 0),
        ([(0, 10)], 1),
        ([(5, 5)], 0),
        ([(9, 2)], 0),
        ([(0, 5), (5, 9)], 1),
        ([(0, 6), (5, 9)], 2),
        ([(0, 10), (1, 2), (3, 4), (3, 9)], 3),
    ],
)
def test_intervals_that_only_touch_share_no_instant(
    intervals: list[tuple[int, int]], most: int
) -> None:
    assert most_at_once(intervals) == most


def test_the_services_stamps_are_believed_where_every_answer_has_them() -> None:
    scans = [asked(stamped(100, 200)), asked(stamped(150, 250)), asked(stamped(300, 400))]

    assert measure_overlap(scans, {}) == Overlap(2, "service")


@pytest.mark.parametrize(
    "stampless",
    [Ask(150, 260), Ask(150, 260, arrived_ns=1), Ask(150, 260, departed_ns=2)],
    ids=["neither", "no departure", "no arrival"],
)
def test_one_answer_without_both_stamps_makes_all_rest_on_the_devices(stampless: Ask) -> None:
    complete = Ask(100, 200, 200, arrived_ns=1_000, departed_ns=2_000)

    assert measure_overlap([asked(complete), asked(stampless)], {}) == Overlap(2, "devices")


@pytest.mark.parametrize(
    ("bounds_ns", "in_flight"),
    [
        ({}, 2),
        ({"east": 24, "west": 25}, 2),
        ({"east": 25, "west": 25}, 1),
        ({"east": 60}, 1),
        ({"north": 99}, 2),
    ],
)
def test_the_devices_stamps_are_narrowed_at_both_ends_by_their_fleets_clock_bound(
    bounds_ns: dict[str, int], in_flight: int
) -> None:
    scans = [asked(Ask(0, 100), fleet="east"), asked(Ask(50, 150), fleet="west")]

    assert measure_overlap(scans, bounds_ns) == Overlap(in_flight, "devices")


def test_only_the_first_question_of_a_scan_counts() -> None:
    scans = [asked(Ask(0, 10), Ask(20, 30)), asked(Ask(25, 35))]

    assert measure_overlap(scans, {}).in_flight == 1


def test_a_scan_that_asked_nobody_is_not_under_way() -> None:
    assert measure_overlap([asked(), asked(stamped(1, 9))], {}) == Overlap(1, "service")
    assert measure_overlap([asked()], {}) == Overlap(0, "devices")


READING = Ask(0, 100, 200, kind=AskKind.LOOKUP)


@pytest.mark.parametrize("kind", [AskKind.VERIFY, AskKind.LOOKUP, AskKind.LINKED_TICKET], ids=str)
def test_a_question_that_only_reads_is_no_part_of_a_race(kind: AskKind) -> None:
    reading = Ask(0, 100, 200, kind=kind)

    assert measure_overlap([asked(reading), asked(reading)], {}) == Overlap(0, "devices")


def test_the_first_question_that_may_change_something_counts() -> None:
    scans = [asked(READING, Ask(200, 300)), asked(READING, Ask(250, 350), Ask(400, 500))]

    assert measure_overlap(scans, {}).in_flight == 2
    late = asked(READING, Ask(400, 500))
    assert measure_overlap([scans[0], late], {}).in_flight == 1


def test_readings_without_stamps_do_not_make_the_rest_go_without() -> None:
    scans = [asked(READING, stamped(100, 200)), asked(READING, stamped(150, 250))]

    assert measure_overlap(scans, {}) == Overlap(2, "service")


def test_checkouts_overlap_with_scans() -> None:
    booking = CheckoutRecord(
        attempt="c",
        device="kiosk-01",
        intended_ns=0,
        released_ns=0,
        decided_ns=1,
        outcome=Outcome(OutcomeKind.BOOKED),
        asks=(Ask(50, 150, 200, kind=AskKind.CHECKOUT),),
        slot="evening",
        guests=1,
    )

    assert measure_overlap([asked(Ask(0, 100)), ("west", booking)], {}).in_flight == 2
