"""Instants as this service writes them: ISO 8601 in UTC, to the microsecond, always as long.

Written so, the earlier of two instants is the lesser of two texts.
"""

from datetime import UTC, datetime, timedelta


class BadInstantError(ValueError):
    """A text that is no instant."""


def utc_now() -> str:
    """The time of day."""
    return _written(datetime.now(UTC))


def parse_instant(text: str) -> str:
    """The instant in `text`, ISO 8601; without an offset it is UTC, as in a database of UTC.

    BadInstantError when it is none, or one before the year 1 or after 9999.
    """
    try:
        read = datetime.fromisoformat(text)
        return _written(read if read.tzinfo else read.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        kind = "timestamp with time zone"
        raise BadInstantError(f'invalid input syntax for type {kind}: "{text}"') from None


def later_by(instant: str, seconds: float) -> str:
    """The instant so much later."""
    return _written(datetime.fromisoformat(instant) + timedelta(seconds=seconds))


def _written(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="microseconds")
