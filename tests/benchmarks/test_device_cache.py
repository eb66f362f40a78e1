"""The benchmark of a gate's own copy runs, with few tickets, and says what it measured."""

import re
from pathlib import Path

from benchmarks.device_cache import Sizes, measure, table


async def test_a_small_copy_is_measured(tmp_path: Path) -> None:
    figures = await measure(Sizes(50, 20, 5), tmp_path, downloads=False)
    assert (len(figures.lookups_ms), len(figures.scans_ms)) == (20, 5)
    told = dict(re.findall(r"(?m)^(.+?)  +([\d.]+ m?s)$", table(figures)))
    assert set(told) == {
        "copy written to the file",
        "file opened, first ticket found",
        "lookup, p50",
        "lookup, p99",
        "scan begun and decided, p50",
        "scan begun and decided, p99",
    }
