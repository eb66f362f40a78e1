from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatedrill.backend.claimed_time import ClaimedTime, weigh_time
from gatedrill.backend.instants import BadInstantError, later_by, parse_instant, utc_now

RECEIVED = "2026-11-27T20:00:00.000000+00:00"
OPENS = "2026-11-27T18:00:00.000000+00:00"


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-27T20:00:00Z",
        "2026-11-27T21:00:00.000+01:00",
        "2026-11-27 15:30:00-04:30",
        "20261127T200000Z",
        "2026-11-27T20:00",
        RECEIVED,
    ],
)
def test_an_instant_is_kept_in_one_spelling(text: str) -> None:
    assert parse_instant(text) == RECEIVED


@pytest.mark.parametrize(
    "text", ["", "now", "20:00", "2026-13-01T00:00:00Z", "1795809600", "0001-01-01T00:00:00+01:00"]
)
def test_what_is_no_instant_is_refused_as_postgresql_does(text: str) -> None:
    with pytest.raises(BadInstantError) as caught:
        parse_instant(text)

    assert str(caught.value) == f'invalid input syntax for type timestamp with time zone: "{text}"'


AWARE = st.datetimes(
    min_value=datetime(2, 1, 1),  # noqa: DTZ001
    max_value=datetime(9998, 1, 1),  # noqa: DTZ001
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda m: timezone(timedelta(minutes=m))),
)


@given(AWARE, AWARE)
def test_the_earlier_instant_is_the_lesser_text(one: datetime, other: datetime) -> None:
    texts = parse_instant(one.isoformat()), parse_instant(other.isoformat())

    assert (texts[0] < texts[1]) == (one < other)
    assert [datetime.fromisoformat(text) for text in texts] == [one, other]


def test_the_time_of_day_is_written_like_every_instant() -> None:
    before = datetime.now(UTC)
    now = utc_now()

    assert parse_instant(now) == now
    assert before <= datetime.fromisoformat(now) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("claimed_at", "counts_from", "flag"),
    [
        (OPENS, OPENS, None),
        ("2026-11-27T17:59:59.999999+00:00", RECEIVED, "before_event"),
        (later_by(RECEIVED, 60), later_by(RECEIVED, 60), None),
        (later_by(RECEIVED, 60.000001), RECEIVED, "in_future"),
    ],
)
def test_a_time_that_cannot_be_counts_from_when_it_was_heard_of(
    claimed_at: str, counts_from: str, flag: object
) -> None:
    assert weigh_time(claimed_at, RECEIVED, OPENS) == ClaimedTime(claimed_at, counts_from, flag)  # type: ignore[arg-type]


def test_without_a_beginning_any_past_is_believed() -> None:
    long_ago = "1970-01-01T00:00:00.000000+00:00"

    assert weigh_time(long_ago, RECEIVED, None) == ClaimedTime(long_ago, long_ago)
