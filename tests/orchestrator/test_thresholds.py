"""Thresholds in k6's syntax."""

import pytest

from gatedrill.contract.errors import UsageError
from gatedrill.orchestrator.metrics import Metrics, Whose, collect_metrics
from gatedrill.orchestrator.thresholds import (
    ThresholdResult,
    judge_threshold,
    parse_thresholds,
    threshold_problems,
)

METRICS = Metrics(
    scan_duration=(40.0, 10.0, 20.0, 30.0),
    scan_errors=(True, False, False, False),
    checkout_duration=(5.0, 15.0),
    checkout_errors=(True, False),
    service_duration=(8.0, 4.0, 6.0),
    own_duration=(1.0, 3.0),
    successful_scans=3,
    already_scanned=2,
    race_conditions_caught=0,
    whose={
        "scan_duration": Whose(
            service=(9.0, 8.0, 7.0, 6.0),
            service_at_least=(5.0, 4.0, 3.0, 2.0),
            own=(31.0, 2.0, 13.0, 24.0),
        ),
        "checkout_duration": Whose((5.0, 14.0), (5.0, 14.0), (0.0, 1.0)),
    },
)
NOTHING = Metrics((), (), (), (), (), (), 0, 0, 0, {})


@pytest.mark.parametrize(
    ("metric", "expression", "value", "passed"),
    [
        ("scan_duration", "avg<25.1", 25.0, True),
        ("scan_duration", "avg<25", 25.0, False),
        ("scan_duration", "avg<=25", 25.0, True),
        ("scan_duration", "min>=10", 10.0, True),
        ("scan_duration", "min>10", 10.0, False),
        ("scan_duration", "med==25", 25.0, True),
        ("scan_duration", "med===25", 25.0, True),
        ("scan_duration", "max!=40", 40.0, False),
        ("scan_duration", "max!=41", 40.0, True),
        ("scan_duration", "p(0)<11", 10.0, True),
        ("scan_duration", "p(50)<25.5", 25.0, True),
        ("scan_duration", "p(95)<38.4", 38.5, False),
        ("scan_duration", "p(99.9)<40", 39.97, True),
        ("scan_duration", "p(100)<40.5", 40.0, True),
        ("scan_duration", " p( 95 ) < 200 ", 38.5, True),
        ("scan_errors", "rate<0.25", 0.25, False),
        ("scan_errors", "rate<0.251", 0.25, True),
        ("scan_errors", "count<2", 1.0, True),
        ("checkout_duration", "max<15", 15.0, False),
        ("checkout_duration", "avg<=10", 10.0, True),
        ("checkout_errors", "rate<0.6", 0.5, True),
        ("checkout_errors", "count<1", 1.0, False),
        ("service_duration", "max<8", 8.0, False),
        ("service_duration", "p(50)<=6", 6.0, True),
        ("own_duration", "avg<2.5", 2.0, True),
        ("own_duration", "min<1", 1.0, False),
        ("successful_scans", "count>2", 3.0, True),
        ("already_scanned", "count<2", 2.0, False),
        ("race_conditions_caught", "count>-1", 0.0, True),
        ("race_conditions_caught", "count>0", 0.0, False),
    ],
)
def test_a_figure_is_held_against_its_bound(
    metric: str, expression: str, value: float, passed: bool
) -> None:
    [threshold] = parse_thresholds({metric: [expression]}, "drill")
    result = judge_threshold(threshold, METRICS)

    assert (result.metric, result.expression) == (metric, expression)
    assert result.value == pytest.approx(value)
    assert result.passed is passed


@pytest.mark.parametrize(
    ("metric", "expression", "message"),
    [
        (
            "latency",
            "p(95)<200",
            (
                "drill: key thresholds.latency: unknown metric (allowed: scan_duration, "
                "scan_errors, checkout_duration, checkout_errors, service_duration, "
                "own_duration, successful_scans, already_scanned, race_conditions_caught)"
            ),
        ),
        (
            "scan_duration",
            "rate<1",
            (
                "drill: key thresholds.scan_duration: scan_duration has no 'rate' "
                "(allowed: avg, min, med, max, p(N))"
            ),
        ),
        (
            "scan_errors",
            "p(95)<1",
            (
                "drill: key thresholds.scan_errors: scan_errors has no 'p(95)' "
                "(allowed: rate, count)"
            ),
        ),
        (
            "successful_scans",
            "rate>0",
            (
                "drill: key thresholds.successful_scans: successful_scans has no 'rate' "
                "(allowed: count)"
            ),
        ),
        (
            "scan_duration",
            "p(101)<200",
            (
                "drill: key thresholds.scan_duration: 'p(101)<200': "
                "a percentile lies between 0 and 100"
            ),
        ),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_with_what_is_allowed(
    metric: str, expression: str, message: str
) -> None:
    with pytest.raises(UsageError) as raised:
        parse_thresholds({metric: [expression]}, "drill")

    assert str(raised.value) == message


@pytest.mark.parametrize(
    "expression",
    [
        *("", "p(95)", "<200", "p(95)<", "p(95)<200ms", "p95<200", "p()<1", "p(-1)<1", "avg=3"),
        *("avg<<3", "avg<1e3", "avg<3 and max<4", "P(95)<200", "avg>3\nmax", "p(95)=<200"),
    ],
)
def test_what_is_no_condition_is_refused_with_an_example(expression: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse_thresholds({"scan_duration": [expression]}, "drill")

    assert str(raised.value) == (
        f"drill: key thresholds.scan_duration: {expression!r} is no threshold: "
        "write it like 'p(95)<200'"
    )


@pytest.mark.parametrize(
    ("metric", "expression"),
    [
        ("scan_duration", "p(95)<200"),
        ("scan_duration", "avg>=0"),
        ("scan_duration", "max!=3"),
        ("scan_errors", "rate<0.001"),
        ("scan_errors", "rate>=0"),
        ("checkout_duration", "p(95)<200"),
        ("checkout_errors", "rate<1"),
        ("service_duration", "p(95)<200"),
        ("own_duration", "max<1"),
    ],
)
def test_where_nothing_was_measured_nothing_passes(metric: str, expression: str) -> None:
    [threshold] = parse_thresholds({metric: [expression]}, "drill")
    result = judge_threshold(threshold, NOTHING)

    assert (result.value, result.passed) == (None, False)


def test_all_conditions_of_all_metrics_are_read_in_their_order() -> None:
    written = {"scan_errors": ("rate<1", "count<5"), "scan_duration": ("max<9",)}

    assert [(each.metric, each.expression) for each in parse_thresholds(written, "drill")] == [
        ("scan_errors", "rate<1"),
        ("scan_errors", "count<5"),
        ("scan_duration", "max<9"),
    ]


def test_the_second_of_two_conditions_is_refused_as_well() -> None:
    with pytest.raises(UsageError, match="'oops' is no threshold"):
        parse_thresholds({"scan_duration": ["max<9", "oops"]}, "drill")


def test_everything_that_is_wrong_is_told_at_once_each_with_its_key() -> None:
    written = {
        "scan_duration": ("max<9", "oops", "p(101)<1"),
        "latency": ("p(95)<200",),
        "checkout_errors": ("avg<1",),
    }

    with pytest.raises(UsageError) as raised:
        parse_thresholds(written, "drill.toml")

    lines = str(raised.value).splitlines()
    assert [line.partition(":")[0] for line in lines] == ["drill.toml"] * 4
    keys = [line.split(": ")[1] for line in lines]
    assert keys == [
        "key thresholds.scan_duration",
        "key thresholds.scan_duration",
        "key thresholds.latency",
        "key thresholds.checkout_errors",
    ]
    assert "'oops' is no threshold" in lines[0]
    assert "a percentile lies between 0 and 100" in lines[1]
    assert "unknown metric" in lines[2]
    assert "checkout_errors has no 'avg' (allowed: rate, count)" in lines[3]
    assert [f"drill.toml: {what}" for what in threshold_problems(written)] == lines


def test_thresholds_that_make_sense_have_no_problems() -> None:
    written = {"scan_duration": ("p(95)<200",), "checkout_errors": ("rate<0.1",)}

    assert threshold_problems(written) == []
    assert len(parse_thresholds(written, "drill.toml")) == 2


def judged(metric: str, expression: str, metrics: Metrics = METRICS) -> ThresholdResult:
    [threshold] = parse_thresholds({metric: [expression]}, "drill")
    return judge_threshold(threshold, metrics)


def test_beside_a_duration_stands_the_same_figure_of_each_sides_share() -> None:
    assert judged("scan_duration", "med<30") == ThresholdResult(
        "scan_duration", "med<30", 25.0, True, 7.5, 3.5, 18.5
    )


@pytest.mark.parametrize("metric", ["scan_errors", "service_duration", "successful_scans"])
def test_other_figures_are_nobodys_share(metric: str) -> None:
    result = judged(metric, "count>9" if metric != "service_duration" else "max<1")

    assert (result.service_value, result.service_at_least, result.own_value) == (None, None, None)
    assert (result.passed, result.is_machines) == (False, False)


@pytest.mark.parametrize(
    ("expression", "passed", "is_machines"),
    [
        ("max<41", True, False),
        ("max<40", False, True),
        ("max<10", False, True),
        ("max<9", False, True),  # by its most, the service would have crossed it
        ("max<5.1", False, True),
        ("max<5", False, False),  # by its least too
        ("max<1", False, False),
        ("min>40", False, False),
    ],
)
def test_a_threshold_is_the_machines_if_what_is_certainly_the_services_would_hold_it(
    expression: str, passed: bool, is_machines: bool
) -> None:
    result = judged("scan_duration", expression)

    assert (result.passed, result.is_machines) == (passed, is_machines)


def test_where_nothing_was_measured_nobody_is_to_blame() -> None:
    metrics = collect_metrics([])

    for metric in ("scan_duration", "checkout_duration"):
        result = judged(metric, "p(95)<200", metrics)
        assert (result.value, result.passed, result.is_machines) == (None, False, False)
