"""Durations as people write them."""

import pytest

from gatedrill.cli.durations import parse_duration_s
from gatedrill.contract.errors import UsageError


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("60s", 60.0), ("2m", 120.0), ("500ms", 0.5), ("1.5s", 1.5), ("1h", 3600.0), (" 10s ", 10.0)],
)
def test_a_number_with_a_unit_is_a_duration(written: str, seconds: float) -> None:
    assert parse_duration_s(written) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "written", ["", "60", "s", "1 s", "-1s", "1d", "1s2", "1e3s", ".5s", "5.s"]
)
def test_anything_else_is_refused_and_told_how_to_write_it(written: str) -> None:
    with pytest.raises(UsageError, match="is no duration: write a number and its unit") as refusal:
        parse_duration_s(written)
    assert repr(written) in str(refusal.value)
