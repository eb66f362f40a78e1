"""What a rehearsal costs with 1, 10, 100 and 1,000 emulated devices, and what grows too fast.

Everything is measured on the real command, started as a user starts it, from outside. The machine
should have nothing else to do; its load is printed with the figures.
"""

import argparse
import asyncio
import contextlib
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import msgspec
from benchmarks.simultaneity.document import filled
from benchmarks.simultaneity.machine import listed, own_versions, processor
from benchmarks.simultaneity.priority import is_real_time_permitted
from benchmarks.simultaneity.roster import cores
from benchmarks.venue_watch import CONDUCTOR, ROLES, BusWatch, ProcessWatch

from gatedrill.orchestrator.result import Result

DOCUMENT = Path(__file__).parent.parent / "docs" / "scale.md"
ROUNDS = {1: 5, 10: 5, 100: 5, 1000: 3}
FASTER = 1.25
"""What grows by this much more than the devices is named."""
FEWEST = 10
"""With fewer devices, a round's own cost hides what the devices cost."""
SCENARIO = """\
version = 1
name = "scale"
title = "A ticket of its own at every gate, all at the same instant"
devices = {devices}

[[tickets]]
name = "own"

[[phases]]
kind = "burst"
burst = "request"
shows = [{{ tickets = "own" }}]
rounds = {rounds}
"""


class Cost(NamedTuple):
    """One run of so many devices; what is told of a scan is an average."""

    devices: int
    fleets: int
    start_s: float
    memory_mib: float
    arming_s: float
    skew_ms: float
    answers_ms: float
    gathering_ms: float
    verdict_ms: float
    messages: float
    octets: float
    cpu_ms: dict[str, float]
    lost: int


class Row(NamedTuple):
    """A line of the table; `of_scan` tells that it is counted for one scan, or one device."""

    title: str
    value: Callable[[Cost], float]
    of_scan: bool = False
    digits: int = 0


ROWS = (
    Row("fleets, processes", lambda cost: cost.fleets),
    Row("start of the command to the full roster, s", lambda cost: cost.start_s, digits=1),
    Row("memory of the fleets, MiB", lambda cost: cost.memory_mib),
    Row(
        "memory a device, MiB", lambda cost: cost.memory_mib / cost.devices, of_scan=True, digits=2
    ),
    Row("arming a round, s", lambda cost: cost.arming_s, digits=2),
    Row("burst: first to last release, ms", lambda cost: cost.skew_ms, digits=2),
    Row("burst: instant to last answer, ms", lambda cost: cost.answers_ms),
    Row("last answer to last report, ms", lambda cost: cost.gathering_ms),
    Row("last answer to verdict, ms", lambda cost: cost.verdict_ms),
    Row("MQTT messages a scan", lambda cost: cost.messages, of_scan=True, digits=3),
    Row("MQTT payload a scan, bytes", lambda cost: cost.octets, of_scan=True),
    Row("CPU a scan, ms: fleets", lambda cost: cost.cpu_ms["fleet"], of_scan=True, digits=2),
    Row("CPU a scan, ms: conductor", lambda cost: cost.cpu_ms[CONDUCTOR], of_scan=True, digits=2),
    Row("CPU a scan, ms: broker", lambda cost: cost.cpu_ms["broker"], of_scan=True, digits=2),
    Row("CPU a scan, ms: backend", lambda cost: cost.cpu_ms["backend"], of_scan=True, digits=2),
    Row("attempts lost", lambda cost: cost.lost),
)


def main() -> None:
    """Measure, and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1,10,100,1000", help="how many devices each time")
    parser.add_argument("--write-docs", action="store_true", help=f"fill {DOCUMENT.name} as well")
    options = parser.parse_args()
    load = os.getloadavg()[0]
    costs = [measure(int(size)) for size in options.sizes.split(",")]
    lines = [*machine(load), "", *table(costs), "", *judged_growth(costs)]
    print("\n".join(lines))
    if options.write_docs:
        measured = [f"Measured on {datetime.now(UTC).date().isoformat()}:", "", *lines]
        DOCUMENT.write_text(filled(DOCUMENT.read_text("utf-8"), "scale", measured), "utf-8")


def measure(devices: int) -> Cost:
    """Run the scenario once with so many devices."""
    rounds = ROUNDS.get(devices, 3)
    print(f"{devices} devices, {rounds} rounds", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder, "scale.toml")
        scenario.write_text(SCENARIO.format(devices=devices, rounds=rounds), "utf-8")
        run = Run()
        asyncio.run(run.follow("run", str(scenario), "--out", folder))
        results = list(Path(folder).glob("*/*/result.json"))
        if len(results) != 1:
            sys.exit(f"the run of {devices} devices came to no result:\n{run.said}")
        result = msgspec.json.decode(results[0].read_bytes(), type=Result)
    return run.cost(devices, rounds, result)


class Run:
    """A command, and what is seen of it."""

    def __init__(self) -> None:
        self.said = ""
        self._start_s = 0.0
        self._verdict_ns = 0
        self._processes = ProcessWatch()
        self._bus = BusWatch()
        self._before_s: dict[str, float] = {}
        self._after_s: dict[str, float] = {}

    async def follow(self, *arguments: str) -> None:
        """Start it and watch it to its end."""
        began_s = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "gatedrill.cli", *arguments),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        assert process.stdout is not None
        assert process.stderr is not None
        async with asyncio.TaskGroup() as watching:
            looking = watching.create_task(self._processes.look(process.pid))
            watching.create_task(self._await_verdict(process.stdout))
            async for raw in process.stderr:
                line = raw.decode()
                self.said += line
                if broker := re.match(r"broker: .* at (mqtt://\S+)", line):
                    watching.create_task(self._bus.listen(broker[1]))
                elif line.startswith("roster: "):
                    self._start_s = time.monotonic() - began_s
                    self._before_s = self._processes.cpu_s()
            await process.wait()
            looking.cancel()

    async def _await_verdict(self, out: asyncio.StreamReader) -> None:
        first = await out.readline()
        self._verdict_ns = self._bus.clock.now_ns()
        self._after_s = self._processes.cpu_s()
        self.said += (first + await out.read()).decode()

    def cost(self, devices: int, rounds: int, result: Result) -> Cost:
        """All that was seen, in figures."""
        scans = devices * rounds
        fleets = self._processes.fleets_mib()
        return Cost(
            devices=devices,
            fleets=len(fleets),
            start_s=self._start_s,
            memory_mib=sum(fleets),
            arming_s=statistics.median(self._bus.arming_ns) / 1e9,
            skew_ms=result.release_skew.median_ms if result.release_skew else float("nan"),
            answers_ms=result.scan_duration.max if result.scan_duration else float("nan"),
            gathering_ms=statistics.median(self._bus.gathering_ns) / 1e6,
            verdict_ms=(self._verdict_ns - self._bus.answered_ns) / 1e6,
            messages=self._bus.messages / scans,
            octets=self._bus.octets / scans,
            cpu_ms={
                role: (self._after_s.get(role, 0.0) - self._before_s.get(role, 0.0)) * 1e3 / scans
                for role in (*ROLES, CONDUCTOR)
            },
            lost=scans - sum(sum(each.outcomes.values()) for each in result.rounds),
        )


def machine(load: float) -> Iterator[str]:
    """Where this was measured, and with what."""
    permitted = "permitted" if is_real_time_permitted() else "not permitted"
    yield f"- {processor()}, {cores()} cores; real-time priority is {permitted}"
    yield f"- {listed(own_versions())}"
    yield f"- load average of the machine at the beginning: {load:.2f}"


def table(costs: Sequence[Cost]) -> list[str]:
    """The rows as a Markdown table that reads well as it is."""
    cells = [["", *(f"{cost.devices:,} device{'s' * (cost.devices > 1)}" for cost in costs)]]
    cells += [
        [row.title, *(f"{row.value(cost):,.{row.digits}f}" for cost in costs)] for row in ROWS
    ]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    ruler = [f"{'-' * widths[0]}", *(f"{'-' * (width - 1)}:" for width in widths[1:])]
    return [f"| {' | '.join(_aligned(line, widths))} |" for line in (cells[0], ruler, *cells[1:])]


def _aligned(line: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    yield line[0].ljust(widths[0])
    for cell, width in zip(line[1:], widths[1:], strict=True):
        yield cell.rjust(width)


def judged_growth(costs: Sequence[Cost]) -> list[str]:
    """What grows faster than the devices do, from one size to the next."""
    told = [
        f"- {row.title}: {row.value(small):,.{row.digits}f} with {small.devices:,}, "
        f"{row.value(large):,.{row.digits}f} with {large.devices:,}"
        for row in ROWS
        for small, large in pairwise(cost for cost in costs if cost.devices >= FEWEST)
        if grows_faster(row, small, large)
    ]
    return ["Grows faster than the devices:", "", *(told or ["- nothing"])]


def grows_faster(row: Row, small: Cost, large: Cost) -> bool:
    """Whether a row grows by clearly more than the devices."""
    expected = 1.0 if row.of_scan else large.devices / small.devices
    return row.value(large) > FASTER * expected * row.value(small)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
