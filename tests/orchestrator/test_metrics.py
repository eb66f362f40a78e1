"""Figures of a set of attempts."""

import statistics
from itertools import pairwise

import numpy as np
import pytest
from evidence_builder import ADMITTED, BUSY, IGNORED, NOT_FOUND, UNKNOWN, USED
from hypothesis import given
from hypothesis import strategies as st

from gatedrill.contract.attempt import (
    Ask,
    AttemptRecord,
    CheckoutRecord,
    LinkRecord,
    ScanRecord,
    WebhookRecord,
)
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.orchestrator.metrics import (
    LatencyStats,
    Metrics,
    StageStats,
    Whose,
    collect_metrics,
    latency_stats,
    quantile,
    stage_stats,
)

VALUES = st.lists(st.floats(0, 1e6), min_size=2, max_size=60)
MS = 1_000_000
NOBODYS = Whose((), (), ())
LOST_RACE = Outcome(OutcomeKind.REFUSED, Reason.LOST_RACE)


def scan(
    outcome: Outcome = ADMITTED,
    *,
    intended_ms: int = 0,
    released_ms: int = 0,
    decoded_ms: int | None = 0,
    decided_ms: int = 10,
    device: str = "gate-01",
    asks: tuple[Ask, ...] = (),
) -> ScanRecord:
    return ScanRecord(
        attempt="a",
        device=device,
        symbol="t",
        intended_ns=intended_ms * MS,
        released_ns=released_ms * MS,
        decoded_ns=None if decoded_ms is None else decoded_ms * MS,
        decided_ns=decided_ms * MS,
        outcome=outcome,
        asks=asks,
    )


def ask(
    sent_ms: int,
    answered_ms: int,
    reason: Reason | None = None,
    stamps_ms: tuple[int, int] | None = None,
) -> Ask:
    arrived_ns, departed_ns = (None, None) if stamps_ms is None else (at * MS for at in stamps_ms)
    return Ask(sent_ms * MS, answered_ms * MS, 200, reason, arrived_ns, departed_ns)


@given(VALUES)
def test_percentiles_are_those_of_the_standard_library(values: list[float]) -> None:
    percentiles = statistics.quantiles(values, n=100, method="inclusive")

    for percent, expected in enumerate(percentiles, 1):
        assert quantile(sorted(values), percent / 100) == pytest.approx(
            expected, rel=1e-9, abs=1e-9
        )


@given(VALUES, st.floats(0, 1))
def test_any_quantile_is_that_of_numpy(values: list[float], fraction: float) -> None:
    expected = float(np.quantile(np.array(values), fraction))

    assert quantile(sorted(values), fraction) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(VALUES)
def test_the_ends_are_the_smallest_and_the_largest_value_to_the_last_bit(
    values: list[float],
) -> None:
    assert quantile(sorted(values), 0.0) == min(values)
    assert quantile(sorted(values), 1.0) == max(values)


@given(VALUES)
def test_statistics_rise_from_the_minimum_to_the_maximum(values: list[float]) -> None:
    stats = latency_stats(values)

    assert stats is not None
    assert stats.count == len(values)
    assert stats.avg == pytest.approx(statistics.fmean(values))
    ladder = (stats.min, stats.p50, stats.p95, stats.p99, stats.max)
    assert all(low <= high or low == pytest.approx(high) for low, high in pairwise(ladder))


def test_one_value_is_all_its_statistics() -> None:
    assert latency_stats([7.0]) == LatencyStats(1, 7.0, 7.0, 7.0, 7.0, 7.0, 7.0)


def test_p95_p99_and_median_lie_where_they_should_among_101_values() -> None:
    stats = latency_stats(float(value) for value in reversed(range(101)))

    assert stats == LatencyStats(101, 50.0, 0.0, 50.0, 95.0, 99.0, 100.0)


def test_no_values_have_no_statistics_and_no_quantile() -> None:
    assert latency_stats([]) is None
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)


def test_every_kind_of_outcome_counts_as_what_it_is() -> None:
    outcomes = [ADMITTED, ADMITTED, Outcome(OutcomeKind.READMITTED), USED, USED, USED, USED]
    outcomes += [LOST_RACE, LOST_RACE, NOT_FOUND, BUSY, UNKNOWN]

    metrics = collect_metrics(scan(outcome) for outcome in outcomes)

    assert metrics == Metrics(
        scan_duration=(10.0,) * 12,
        scan_errors=(False,) * 10 + (True, True),
        checkout_duration=(),
        checkout_errors=(),
        service_duration=(0.0,) * 12,
        own_duration=(10.0,) * 12,
        successful_scans=3,
        already_scanned=4,
        race_conditions_caught=2,
        whose={
            "scan_duration": Whose((0.0,) * 12, (0.0,) * 12, (10.0,) * 12),
            "checkout_duration": NOBODYS,
        },
    )


def test_a_symbol_that_was_still_in_view_is_no_scan() -> None:
    metrics = collect_metrics([scan(IGNORED), scan(ADMITTED)])

    assert (len(metrics.scan_duration), len(metrics.scan_errors)) == (1, 1)
    assert stage_stats([scan(IGNORED)]) == StageStats(*[None] * 8)


def test_latency_counts_from_the_intended_instant() -> None:
    metrics = collect_metrics([scan(intended_ms=100, released_ms=130, decided_ms=190)])

    assert metrics.scan_duration == (90.0,)


def test_the_stages_of_a_scan_that_was_read_after_its_release() -> None:
    asks = (ask(42, 47, Reason.BUSY, (900, 901)), ask(50, 58, None, (950, 953)))
    stages = stage_stats(
        [scan(intended_ms=10, released_ms=11, decoded_ms=41, decided_ms=60, asks=asks)]
    )

    assert stages == StageStats(
        total=latency_stats([50.0]),
        wait=latency_stats([1.0]),
        read=latency_stats([30.0]),
        decide=latency_stats([19.0]),
        ask=latency_stats([13.0]),
        service=latency_stats([4.0]),
        pause=latency_stats([3.0]),
        ours=latency_stats([3.0]),
    )


def test_a_scan_that_was_read_ahead_has_no_reading_stage_and_decides_from_its_release() -> None:
    stages = stage_stats([scan(intended_ms=10, released_ms=12, decoded_ms=3, decided_ms=20)])

    assert stages.read is None
    assert stages.decide == latency_stats([8.0])


def test_a_scan_that_was_never_read_has_neither_reading_nor_deciding() -> None:
    stages = stage_stats([scan(UNKNOWN, decoded_ms=None, decided_ms=2_000)])

    assert stages == StageStats(
        total=latency_stats([2_000.0]),
        wait=latency_stats([0.0]),
        read=None,
        decide=None,
        ask=None,
        service=None,
        pause=None,
        ours=latency_stats([2_000.0]),
    )


def checkout(outcome: Outcome, decided_ms: int = 20, released_ms: int = 1) -> CheckoutRecord:
    return CheckoutRecord(
        attempt="c",
        device="kiosk-01",
        intended_ns=0,
        released_ns=released_ms * MS,
        decided_ns=decided_ms * MS,
        outcome=outcome,
        slot="evening",
        guests=1,
    )


BOOKED = Outcome(OutcomeKind.BOOKED)
FULL = Outcome(OutcomeKind.REFUSED, Reason.FULL)
PAID = WebhookRecord(
    attempt="w",
    device="kiosk-01",
    intended_ns=0,
    released_ns=0,
    decided_ns=30 * MS,
    outcome=Outcome(OutcomeKind.CONFIRMED),
    event="e",
    session="s",
)
JOINED = LinkRecord(
    attempt="l",
    device="kiosk-01",
    intended_ns=0,
    released_ns=0,
    decided_ns=40 * MS,
    outcome=Outcome(OutcomeKind.LINKED),
    ticket="t",
    reservation="r",
)


def test_checkouts_have_figures_of_their_own_and_are_no_scans() -> None:
    attempts: list[AttemptRecord] = [
        scan(),
        checkout(BOOKED, 20),
        checkout(FULL, 30),
        checkout(UNKNOWN, 5_000),
    ]

    assert collect_metrics(attempts) == Metrics(
        scan_duration=(10.0,),
        scan_errors=(False,),
        checkout_duration=(20.0, 30.0, 5_000.0),
        checkout_errors=(False, False, True),
        service_duration=(0.0,) * 4,
        own_duration=(10.0, 20.0, 30.0, 5_000.0),
        successful_scans=1,
        already_scanned=0,
        race_conditions_caught=0,
        whose={
            "scan_duration": Whose((0.0,), (0.0,), (10.0,)),
            "checkout_duration": Whose((0.0,) * 3, (0.0,) * 3, (20.0, 30.0, 5_000.0)),
        },
    )


def test_payments_and_links_are_neither_scans_nor_checkouts() -> None:
    metrics = collect_metrics([PAID, JOINED])

    assert (metrics.scan_duration, metrics.checkout_duration) == ((), ())
    assert (metrics.scan_errors, metrics.checkout_errors) == ((), ())
    assert metrics.whose == {"scan_duration": NOBODYS, "checkout_duration": NOBODYS}
    assert metrics.own_duration == (30.0, 40.0)


def test_the_stages_count_what_kiosks_do_but_give_it_no_reading() -> None:
    stages = stage_stats([checkout(BOOKED, 20, released_ms=2), PAID, JOINED])

    assert stages == StageStats(
        total=latency_stats([20.0, 30.0, 40.0]),
        wait=latency_stats([2.0, 0.0, 0.0]),
        read=None,
        decide=latency_stats([18.0, 30.0, 40.0]),
        ask=None,
        service=None,
        pause=None,
        ours=latency_stats([18.0, 30.0, 40.0]),
    )


def test_each_attempts_latency_is_the_services_and_ours_and_nothing_else() -> None:
    metrics = collect_metrics(
        [
            scan(released_ms=3, decoded_ms=5, decided_ms=20, asks=(ask(6, 18),)),
            scan(device="gate-02", decided_ms=40, asks=(ask(1, 9, Reason.BUSY), ask(30, 39))),
        ]
    )

    assert metrics.service_duration == (12.0, 38.0)  # the rest after a busy answer included
    assert metrics.own_duration == (8.0, 2.0)


def test_a_line_behind_slow_answers_is_the_services_doing() -> None:
    first = scan(decided_ms=160, asks=(ask(0, 150),))
    second = scan(intended_ms=50, released_ms=160, decided_ms=320, asks=(ask(160, 310),))

    metrics = collect_metrics([first, second])

    assert metrics.scan_duration == (160.0, 270.0)
    assert metrics.service_duration == (150.0, 250.0)


def test_a_machine_that_wakes_late_may_have_heard_an_answer_late_too() -> None:
    late = scan(released_ms=40, decoded_ms=40, decided_ms=100, asks=(ask(40, 100),))

    [whose] = [collect_metrics([late]).whose["scan_duration"]]

    assert whose == Whose(service=(60.0,), service_at_least=(20.0,), own=(40.0,))


def test_what_the_service_has_stamped_it_has_taken_however_late_we_wake() -> None:
    stamped = (ask(40, 100, None, (500, 555)),)
    late = scan(released_ms=40, decoded_ms=40, decided_ms=100, asks=stamped)

    assert collect_metrics([late]).whose["scan_duration"].service_at_least == (55.0,)


def test_lateness_is_the_95th_percentile_over_all_attempts() -> None:
    records = [
        scan(device=f"gate-{late_ms}", released_ms=late_ms, decided_ms=99, asks=(ask(20, 90),))
        for late_ms in (0, 0, 0, 0, 20)
    ]

    [*_, last] = collect_metrics(records).whose["scan_duration"].service_at_least

    assert last == pytest.approx(70 - 16)
