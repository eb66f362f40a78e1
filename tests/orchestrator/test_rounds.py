"""What is told of each burst, and whether it counts as a race."""

import msgspec
import pytest
from evidence_builder import (
    IGNORED,
    NOT_FOUND,
    STEP_NS,
    UNKNOWN,
    UNREAD,
    USED,
    Run,
    own_tickets,
    race,
    stream,
)

from gatedrill.contract.outcome import Outcome
from gatedrill.orchestrator.rounds import LISTED_UP_TO, ListedScan, RoundResult, judge_rounds

MS = 1_000_000


def judged(run: Run) -> RoundResult:
    """The only round."""
    [found] = judge_rounds(run.evidence)
    return found


def under_way(run: Run, *devices: int) -> None:
    """Let these devices ask at the same time and all others one after the other."""
    for number, event in enumerate(run.scans.copy().values()):
        begin_ns = STEP_NS + (100 + number) * 10 * MS
        if number + 1 in devices:
            begin_ns = STEP_NS
        run.time(event.scan.attempt, sent_ns=begin_ns, answered_ns=begin_ns + 5 * MS)


def test_an_honest_round_is_told_with_its_outcomes_skew_and_overlap() -> None:
    run = Run(race(devices=2, probe=False))
    run.show("drill-1.1:gate-02", UNREAD)

    assert judged(run) == RoundResult(
        step="drill-1.1",
        burst="request",
        planned=2,
        outcomes={"admitted": 1, "unknown (unread)": 1},
        release_skew_ms=0.001,
        in_flight=1,
        overlap_source="service",
        counts=False,
        why_not="only 1 of 2 requests were under way at one instant",
        scans=(
            ListedScan("gate-01", "admitted", 0.0, -1.0, 10.0),
            ListedScan("gate-02", "unknown (unread)", 0.001, -1.0, 10.001),
        ),
    )


def test_probes_and_streams_are_no_rounds() -> None:
    assert [each.step for each in judge_rounds(Run(race(rounds=2)).evidence)] == [
        "drill-1.1",
        "drill-1.2",
    ]
    assert judge_rounds(Run(stream()).evidence) == ()


def test_a_round_that_was_never_fired_is_no_round() -> None:
    run = Run(race(rounds=2))
    del run.fired["drill-1.2"]

    assert [each.step for each in judge_rounds(run.evidence)] == ["drill-1.1"]


def test_a_burst_of_own_tickets_is_no_race() -> None:
    run = Run(own_tickets())
    assert judged(run).in_flight == 3

    for gate in ("gate-02", "gate-03"):
        run.show(f"drill-1.1:{gate}", UNREAD)
    found = judged(run)
    assert (found.in_flight, found.counts, found.why_not) == (1, None, None)


@pytest.mark.parametrize(
    ("devices", "together", "counts"),
    [
        (2, 2, True),
        (2, 1, False),
        (3, 2, True),
        (3, 1, False),
        (4, 2, True),
        (5, 2, False),
        (5, 3, True),
        (10, 5, True),
        (10, 4, False),
    ],
)
def test_a_round_counts_when_half_of_its_requests_and_no_fewer_than_two_overlap(
    devices: int, together: int, counts: bool
) -> None:
    run = Run(race(devices=devices, probe=False))
    under_way(run, *range(1, together + 1))

    found = judged(run)

    assert (found.in_flight, found.overlap_source) == (together, "devices")
    assert found.counts is counts
    why_not = f"only {together} of {devices} requests were under way at one instant"
    assert found.why_not == (None if counts else why_not)


def test_a_device_that_was_not_ready_is_missing_from_the_race() -> None:
    run = Run(race(devices=5, probe=False))
    for device in ("gate-02", "gate-03", "gate-04"):
        run.not_ready("drill-1.1", device)

    found = judged(run)

    assert (found.planned, found.in_flight, found.counts) == (5, 2, False)


def test_clock_bounds_narrow_what_the_devices_stamps_claim() -> None:
    run = Run(race(devices=2, probe=False))
    under_way(run, 1, 2)
    run.clocks = [msgspec.structs.replace(run.clocks[0], bound_ns=3 * MS)]

    assert judged(run).counts is False


def test_one_device_alone_makes_no_race() -> None:
    found = judged(Run(race(devices=1, probe=False)))

    assert (found.counts, found.why_not) == (False, "one device alone makes no race")


@pytest.mark.parametrize("status", ["scanned", "cancelled"])
def test_a_round_whose_ticket_was_not_valid_before_does_not_count(status: str) -> None:
    run = Run(race(probe=False))
    run.was_before("t1", status)
    run.show("drill-1.1:gate-01", USED)

    found = judged(run)

    assert (found.counts, found.why_not) == (False, "its ticket was not valid before")


@pytest.mark.parametrize("refusal", [USED, NOT_FOUND])
def test_without_records_a_round_in_which_everybody_refused_so_does_not_count(
    refusal: Outcome,
) -> None:
    run = Run(race())
    run.hide_records()
    for attempt in run.scans:
        run.show(attempt, refusal)

    assert judged(run).why_not == "its ticket was not valid before"


@pytest.mark.parametrize("gate", ["gate-01", "gate-02"])
def test_without_records_one_other_answer_makes_it_a_race(gate: str) -> None:
    run = Run(race(probe=False))
    run.hide_records()
    run.show("drill-1.1:gate-01", USED)
    run.show(f"drill-1.1:{gate}", UNKNOWN)

    assert judged(run).counts is True


def test_without_records_a_silent_device_may_have_used_the_ticket() -> None:
    run = Run(race(probe=False))
    run.hide_records()
    run.fall_silent("drill-1.1", "gate-01")

    assert judged(run).counts is True


def test_small_rounds_are_listed_scan_by_scan_and_large_ones_are_not() -> None:
    assert len(judged(Run(race(devices=LISTED_UP_TO, probe=False))).scans) == 20
    assert judged(Run(race(devices=LISTED_UP_TO + 1, probe=False))).scans == ()


def test_a_scan_that_was_never_read_is_listed_without_a_reading() -> None:
    run = Run(race(devices=2, probe=False))
    event = run.scans["drill-1.1:gate-01"]
    blind = msgspec.structs.replace(event.scan, decoded_ns=None)
    run.scans["drill-1.1:gate-01"] = msgspec.structs.replace(event, scan=blind)

    assert judged(run).scans[0].decoded_ms is None


def test_a_round_of_which_nothing_was_heard_has_no_skew() -> None:
    run = Run(race(probe=False))
    run.lose(*run.scans.copy())

    found = judged(run)

    assert (found.release_skew_ms, found.outcomes, found.scans) == (None, {}, ())
    assert found.counts is False


def test_a_symbol_still_in_view_is_listed_among_the_outcomes() -> None:
    run = Run(race(devices=2, probe=False))
    run.show("drill-1.1:gate-02", IGNORED)

    assert judged(run).outcomes == {"admitted": 1, "ignored (repeated)": 1}
