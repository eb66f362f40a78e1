"""What the headers of an answer say of time. Pure."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Final, NamedTuple

from gatedrill.contract.service import TIME_HEADER

SECOND_NS: Final = 1_000_000_000
_DIGITS = 19  # of 64 bits; a longer one could not be passed on


class StatedTime(NamedTuple):
    """The service's time of day when the answer left: `at_ns` since the Unix epoch, or later.

    It is later by less than `resolution_ns`, as clocks are written down.
    """

    at_ns: int
    resolution_ns: int


def stamp(headers: Mapping[str, str], header: str) -> int | None:
    """The nanoseconds in a header, if it is there and says any."""
    value = headers.get(header, "")
    return int(value) if value.isdecimal() and len(value) <= _DIGITS else None


def stated_time(headers: Mapping[str, str]) -> StatedTime | None:
    """The contract's own header, else the `Date` of HTTP, which tells whole seconds; else None."""
    exactly = stamp(headers, TIME_HEADER)
    if exactly is not None:
        return StatedTime(exactly, 1)
    return _from_date(headers.get("date", ""))


@lru_cache(maxsize=8)  # it is the same for all answers of a second
def _from_date(value: str) -> StatedTime | None:
    try:
        seconds = int(parsedate_to_datetime(value).timestamp())
    except (ValueError, OverflowError):
        return None
    return StatedTime(seconds * SECOND_NS, SECOND_NS)
