"""Whose time it was: what the service's answers tell, set against the device's own clock."""

import pytest
from device_fakes import ManualClock
from hypothesis import given
from hypothesis import strategies as st

from gatedrill.contract.attempt import AskKind
from gatedrill.contract.outcome import Reason
from gatedrill.devices.connection import ServiceAnswer
from gatedrill.devices.offline.service_time import (
    Corrected,
    ServiceTime,
    TimeEstimate,
    TimeSample,
    instant_ns,
    instant_text,
)
from gatedrill.devices.offline.time_of_day import Stamp, TimeOfDay
from gatedrill.devices.stamps import StatedTime, stated_time

SECOND = 1_000_000_000
HOUR = 3600 * SECOND


@given(
    offset_ns=st.integers(-HOUR, HOUR),
    there_ns=st.integers(0, SECOND),
    back_ns=st.integers(0, SECOND),
    resolution_ns=st.sampled_from([1, SECOND]),
)
def test_the_true_time_lies_within_the_bound(
    offset_ns: int, there_ns: int, back_ns: int, resolution_ns: int
) -> None:
    sent_ns = 10 * HOUR
    left_ns = sent_ns + there_ns + offset_ns
    service = ServiceTime()
    told_ns = left_ns // resolution_ns * resolution_ns
    service.learn(TimeSample(sent_ns, sent_ns + there_ns + back_ns, told_ns, resolution_ns))

    estimate = service.at(sent_ns)

    assert estimate is not None
    assert abs(estimate.offset_ns - offset_ns) <= estimate.bound_ns
    assert estimate.bound_ns <= (there_ns + back_ns + resolution_ns) // 2 + SECOND // 10_000 + 2


def test_the_tightest_answer_is_believed_until_clocks_have_drifted() -> None:
    service = ServiceTime()
    assert service.at(0) is None
    service.learn(TimeSample(0, 20_000_000, 500, 1))
    service.learn(TimeSample(0, 2_000_000, 1_000_700, 1))
    service.learn(TimeSample(0, 90_000_000, 45_000_900, 1))
    near = service.at(1_000_000)
    assert near == TimeEstimate(700, 1_000_001)
    far = service.at(HOUR)
    assert far is not None
    assert far.bound_ns > 300_000_000

    service.learn(TimeSample(HOUR, HOUR + 90_000_000, HOUR, 1))

    assert service.at(HOUR) == TimeEstimate(-45_000_000, 45_000_001 + 4_500)


def test_only_an_answer_that_tells_the_time_is_learnt_from() -> None:
    service = ServiceTime()
    service.hear(ServiceAnswer(AskKind.SCAN, 0, 10, failure=Reason.TIMEOUT))
    assert service.at(0) is None
    service.hear(ServiceAnswer(AskKind.SCAN, 0, 10, 200, stated=StatedTime(105, 1)))
    assert service.at(5) == TimeEstimate(100, 6)


@pytest.mark.parametrize(
    ("headers", "stated"),
    [
        ({"x-gatedrill-time-ns": "1800000000123456789"}, StatedTime(1800000000123456789, 1)),
        ({"date": "Fri, 15 Jan 2027 08:00:00 GMT"}, StatedTime(1800000000 * SECOND, SECOND)),
        (
            {"x-gatedrill-time-ns": "soon", "date": "Fri, 15 Jan 2027 08:00:00 GMT"},
            StatedTime(1800000000 * SECOND, SECOND),
        ),
        ({"x-gatedrill-time-ns": "9" * 20}, None),
        ({"date": "yesterday"}, None),
        ({"date": "Fri, 99 Jan 2027 08:00:00 GMT"}, None),
        ({}, None),
    ],
)
def test_the_time_is_read_from_the_header_that_tells_it_best(
    headers: dict[str, str], stated: StatedTime | None
) -> None:
    assert stated_time(headers) == stated


def test_a_wrong_time_of_day_is_corrected_also_when_it_is_set_in_between() -> None:
    clock = ManualClock(HOUR)
    time = TimeOfDay(clock)
    time.set_skew(600)
    assert time.now_ns() == HOUR + 600 * SECOND
    assert time.stamp() == Stamp(HOUR, HOUR + 600 * SECOND, None, None)
    time.service.learn(TimeSample(HOUR, HOUR, HOUR + 7, 1))

    before = time.stamp()
    time.set_skew(-600)
    after = time.stamp()

    for stamp in (before, after):
        assert stamp.offset_ns is not None
        assert stamp.of_day_ns + stamp.offset_ns == HOUR + 7
    assert before.of_day_ns != after.of_day_ns


def test_instants_are_told_in_utc_and_read_with_any_offset() -> None:
    text = "2027-01-15T08:00:00.123456+00:00"
    assert Corrected(1800000000123456789, None).text == text
    assert instant_text(1800000000 * SECOND) == "2027-01-15T08:00:00.000000+00:00"
    assert instant_ns(text) == 1800000000123456000
    assert instant_ns("2027-01-15T09:00:00+01:00") == 1800000000 * SECOND
    assert instant_ns("2027-01-15T08:00:00Z") == 1800000000 * SECOND
    assert instant_ns("2027-01-15 08:00:00") == 1800000000 * SECOND
    assert instant_ns("soon") is None
