"""Durations as people write them on a command line: `10s`, `2m`, `500ms`."""

import re

from gatedrill.contract.errors import UsageError

_UNITS_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")


def parse_duration_s(written: str) -> float:
    """Seconds; UsageError for anything but a number with its unit."""
    match = _WRITTEN.fullmatch(written.strip())
    if match is None:
        raise UsageError(
            f"{written!r} is no duration: write a number and its unit (ms, s, m or h), like 60s"
        )
    return float(match[1]) * _UNITS_S[match[2]]
