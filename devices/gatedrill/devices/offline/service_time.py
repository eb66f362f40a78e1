"""The service's time of day, by what its answers told. Pure.

A device's own time of day may be wrong, and may step. So the service's is set against a clock that
never steps, and an instant on that clock is translated.
"""

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from gatedrill.devices.connection import ServiceAnswer

_KEPT: Final = 32
_DRIFT: Final = 10_000
"""One part of so many is how far two clocks may drift apart: 0.1 ms a second, 8.6 s a day."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class TimeSample(NamedTuple):
    """One answer that told the time, all in nanoseconds.

    `sent_ns` and `answered_ns` are on the device's clock; `service_ns` is the service's time of
    day, cut down to a multiple of `resolution_ns`.
    """

    sent_ns: int
    answered_ns: int
    service_ns: int
    resolution_ns: int


class TimeEstimate(NamedTuple):
    """The service's time of day minus the device's clock, and the most it can be wrong by."""

    offset_ns: int
    bound_ns: int


class Corrected(NamedTuple):
    """An instant in the service's time of day: ISO 8601 in UTC, to within `bound_ms`.

    None: it could not be corrected, and is what the device took for the time of day.
    """

    at_ns: int
    bound_ms: float | None

    @property
    def text(self) -> str:
        """As the service takes it, always of one length."""
        return instant_text(self.at_ns)


class ServiceTime:
    """What is known of the service's time of day, in one boot of a device."""

    def __init__(self) -> None:
        self._samples: deque[TimeSample] = deque(maxlen=_KEPT)

    def hear(self, answer: ServiceAnswer) -> None:
        """Learn from an answer, if it told the time."""
        if answer.stated is not None:
            self.learn(TimeSample(answer.sent_ns, answer.answered_ns, *answer.stated))

    def learn(self, sample: TimeSample) -> None:
        """Take one more sample into account; only the last ones are."""
        self._samples.append(sample)

    def at(self, clock_ns: int) -> TimeEstimate | None:
        """The tightest estimate for an instant on the device's clock; None before any answer."""
        estimates = [_estimate(sample, clock_ns) for sample in self._samples]
        return min(estimates, key=lambda each: each.bound_ns, default=None)


def _estimate(sample: TimeSample, clock_ns: int) -> TimeEstimate:
    """The answer was given somewhere between question and answer, and clocks drift since."""
    middle_ns = (sample.sent_ns + sample.answered_ns) // 2
    half_ns = (sample.answered_ns - sample.sent_ns + sample.resolution_ns + 1) // 2
    offset_ns = sample.service_ns + sample.resolution_ns // 2 - middle_ns
    return TimeEstimate(offset_ns, half_ns + abs(clock_ns - middle_ns) // _DRIFT)


def instant_text(at_ns: int) -> str:
    """ISO 8601 in UTC, to the microsecond, always of one length."""
    return (_EPOCH + timedelta(microseconds=at_ns // 1000)).isoformat(timespec="microseconds")


def instant_ns(text: str) -> int | None:
    """Nanoseconds since the epoch of ISO 8601 (UTC unless it says so); None if it is none."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=UTC)
    return (instant - _EPOCH) // timedelta(microseconds=1) * 1000
