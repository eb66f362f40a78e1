"""What a drill costs, and how simultaneous it is: the figures that the README quotes.

Everything is measured on the real command, started as a user starts it. The machine should have
nothing else to do; its load is printed with the figures.
"""

import argparse
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec

from gatedrill.orchestrator.result import Result

GATEDRILL = (sys.executable, "-m", "gatedrill.cli")
READY = re.compile(r"gatedrill: (?P<what>.+) ready at (?P<url>[^\s,]+)")
IDLE_S = 3.0
"""A fleet's memory is read so long after it joined the roster."""


class Row(NamedTuple):
    """A line of the table."""

    figure: str
    value: str
    how: str


class Drill(NamedTuple):
    """One `gatedrill run` of one scenario."""

    seconds: float
    result: Result


class Part(NamedTuple):
    """A part of a venue, started by hand."""

    pid: int
    what: str
    url: str


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each scenario (default 5)")
    parser.add_argument("--rounds", type=int, default=30, help="rounds for the skew (default 30)")
    parser.add_argument("--out", type=Path, help="write the table to this file too")
    options = parser.parse_args()
    load = f"{os.getloadavg()[0]:.2f}"
    races = [run("race") for _ in range(options.runs)]
    streams = [run("scanner-burst", "--duration", "10s") for _ in range(options.runs)]
    many_rounds = run("race", "--rounds", str(options.rounds))
    broker, memory = measure_memory((10, 100))
    rows = [*race_rows(races), *stream_rows(streams), *skew_rows(many_rounds), *memory]
    rows.append(verdict_row([*races, *streams, many_rounds]))
    table = "\n".join([*machine(broker, load), "", *written(rows)])
    print(table)
    if options.out:
        options.out.write_text(table + "\n", encoding="utf-8")


def run(scenario: str, *options: str) -> Drill:
    """Rehearse; whatever the verdict is, there must be one."""
    tell(f"gatedrill run {' '.join([scenario, *options])}")
    with tempfile.TemporaryDirectory() as folder:
        command = [*GATEDRILL, "run", scenario, *options, "--out", folder]
        began = time.perf_counter()
        finished = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
        results = list(Path(folder).glob("*/*/result.json"))
        if len(results) != 1:
            sys.exit(f"{' '.join(command)} ended with {finished.returncode}\n{finished.stderr}")
        return Drill(seconds, msgspec.json.decode(results[0].read_bytes(), type=Result))


def race_rows(races: Sequence[Drill]) -> Iterator[Row]:
    """From the start of the command to its end."""
    seconds = [race.seconds for race in races]
    yield Row("`run race`, from start to verdict", spread(seconds, "s", 1), runs(races))


def stream_rows(streams: Sequence[Drill]) -> Iterator[Row]:
    """Latency from the intended instant to the decision."""
    latencies = [stream.result.scan_duration for stream in streams]
    for name in ("p50", "p95", "p99"):
        values = [getattr(latency, name) for latency in latencies if latency]
        yield Row(
            f"`scanner-burst`, 10 devices, 10 s: {name}", spread(values, "ms", 1), runs(streams)
        )


def skew_rows(drill: Drill) -> Iterator[Row]:
    """Between the first and the last release of a round."""
    skew = drill.result.release_skew
    if skew is None:
        sys.exit("no round of the race was fired")
    figures = (("min", skew.min_ms), ("median", skew.median_ms), ("p95", skew.p95_ms))
    for name, value in figures:
        yield Row(
            f"`race`, release skew of 10 devices of one fleet: {name}",
            f"{value:.3f} ms",
            f"{skew.rounds} rounds",
        )
    counting = sum(bool(each.counts) for each in drill.result.rounds)
    yield Row("rounds in which half of the requests overlapped", str(counting), f"of {skew.rounds}")


def verdict_row(drills: Sequence[Drill]) -> Row:
    """How all the drills ended."""
    counted = Counter(str(drill.result.verdict) for drill in drills)
    verdicts = ", ".join(f"{count} {verdict}" for verdict, count in counted.most_common())
    return Row("verdicts", verdicts, runs(drills))


def measure_memory(fleets: Sequence[int]) -> tuple[str, list[Row]]:
    """What the broker is, and the memory of a fleet of each of these sizes."""
    rows = []
    with (
        started("broker", "--port", "0") as broker,
        started("backend", "--port", "0") as backend,
    ):
        for count in fleets:
            tell(f"gatedrill fleet --count {count}")
            address = ("--broker", broker.url, "--target", backend.url)
            with started("fleet", "--count", str(count), *address) as fleet:
                time.sleep(IDLE_S)
                rows.append(Row(f"memory of a fleet of {count}", memory(fleet.pid), "idle"))
    return broker.what, rows


@contextmanager
def started(*arguments: str) -> Iterator[Part]:
    """Start a part of the venue, and stop it at the end."""
    variables = os.environ | {"SUPABASE_SERVICE_ROLE_KEY": "benchmark"}
    command = [*GATEDRILL, *arguments]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=variables) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            ready = READY.match(line)
            if ready is None:
                sys.exit(line)
            yield Part(process.pid, ready["what"], ready["url"])
        finally:
            process.terminate()


def memory(pid: int) -> str:
    """What a process holds: its share of shared pages counted in part (PSS) and in full (RSS)."""
    kib = dict(named_values(Path(f"/proc/{pid}/smaps_rollup"), r"^(Pss|Rss): +(\d+) kB$"))
    if not kib:
        return "not measured: only Linux tells"
    mib = {name: f"{int(size) / 1024:.0f} MiB" for name, size in kib.items()}
    return f"{mib['Pss']} ({mib['Rss']} with all that is shared)"


def machine(broker: str, load: str) -> Iterator[str]:
    """Where this was measured, and with what."""
    yield f"{platform.platform()}, {processor()}, {os.cpu_count()} cores"
    yield f"Python {platform.python_version()}, gatedrill {version('gatedrill')}, {broker}"
    yield f"load average before {load}, after {os.getloadavg()[0]:.2f} (the drills' own included)"


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    names = named_values(Path("/proc/cpuinfo"), r"^(model name)\s*: (.+)$")
    return names[0][1] if names else platform.processor() or platform.machine()


def named_values(file: Path, pattern: str) -> list[tuple[str, str]]:
    """Pairs that `pattern` finds in a file of the kernel; none where there is no such file."""
    try:
        return re.findall(pattern, file.read_text(), re.MULTILINE)
    except OSError:
        return []


def written(rows: Sequence[Row]) -> Iterator[str]:
    """The rows as a Markdown table that reads well as it is."""
    titled = [Row("figure", "value", "of"), *rows]
    widths = [max(map(len, column)) for column in zip(*titled, strict=True)]
    dashes = Row(*("-" * width for width in widths))
    for row in (titled[0], dashes, *rows):
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        yield f"| {' | '.join(cells)} |"


def spread(values: Sequence[float], unit: str, digits: int) -> str:
    """The median, and between what it lies."""
    low, middle, high = (
        f"{value:.{digits}f}" for value in (min(values), median(values), max(values))
    )
    return f"{middle} {unit} ({low} to {high})"


def runs(drills: Sequence[Drill]) -> str:
    """How many runs a figure is the median of."""
    return f"{len(drills)} runs"


def tell(what: str) -> None:
    """Progress."""
    print(what, file=sys.stderr)


if __name__ == "__main__":
    main()
