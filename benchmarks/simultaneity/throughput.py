"""How many tickets a second get through, one after the other at each device, and what one costs.

    python -m benchmarks.simultaneity.throughput --seconds 10

Everybody has the same number of devices, a closed loop without rest, a new ticket each time, and
the same server, which answers at once; so the sender is what is measured.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
from benchmarks.simultaneity import document, peers
from benchmarks.simultaneity.costs import Costs
from benchmarks.simultaneity.machine import Machine, this_machine
from benchmarks.simultaneity.places import CHECKOUT
from benchmarks.simultaneity.report import markdown
from benchmarks.simultaneity.roster import MODULES
from benchmarks.simultaneity.service import Service, serving


class Streamer(NamedTuple):
    """Who sends a stream."""

    title: str
    module: str
    peer: str | None = None


class Stream(msgspec.Struct, frozen=True):
    """What came of it; `arrived_per_s` is what the server counted."""

    title: str
    costs: Costs
    arrived_per_s: float


FLEET = Streamer("gatedrill, emulated gates", "stream_fleet")
STREAMERS = (
    FLEET,
    Streamer("gatedrill, check-in adapters alone", "stream_checkin"),
    Streamer("Locust", "stream_locust", "locust"),
)


def main() -> None:
    """Measure, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--devices", type=int, default=10, help="default 10")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each (default 10)")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    parser.add_argument("--write-docs", action="store_true", help="fill in docs/performance.md")
    options = parser.parse_args()
    peers.install()
    machine = this_machine()
    with serving() as service:
        able = [each for each in STREAMERS if each.peer is None or each.peer in machine.peers]
        streams = [stream(each, service, options.devices, options.seconds) for each in able]
        profiled = stream(FLEET, service, options.devices, options.seconds, "--profile")
    lines = list(report(machine, streams, profiled.costs, options.devices))
    print("\n".join(lines))
    if options.json:
        everything = {"machine": machine, "streams": streams, "profiled": profiled}
        options.json.write_bytes(msgspec.json.format(msgspec.json.encode(everything)) + b"\n")
    if options.write_docs:
        document.fill("throughput", lines)


def stream(
    streamer: Streamer, service: Service, devices: int, seconds: float, *flags: str
) -> Stream:
    """Have one send; ends the program if it fails."""
    print(f"{streamer.title}, {seconds:g} s", file=sys.stderr)
    python = str(peers.PYTHON) if streamer.peer else sys.executable
    command = [python, "-m", f"{MODULES}.{streamer.module}", service.url, str(devices)]
    service.reset()
    ended = subprocess.run(
        [*command, str(seconds), *flags], cwd=CHECKOUT, stdout=subprocess.PIPE, check=False
    )
    if ended.returncode:
        sys.exit(f"{streamer.title} ended with {ended.returncode}")
    arrivals_ns = service.arrivals_ns()
    lasted_s = (arrivals_ns[-1] - arrivals_ns[0]) / 1e9
    costs = msgspec.convert(json.loads(ended.stdout), Costs)
    return Stream(streamer.title, costs, len(arrivals_ns) / lasted_s)


def report(
    machine: Machine, streams: Sequence[Stream], profiled: Costs, devices: int
) -> Iterator[str]:
    """For people: who gets how far, and where the fleet's time goes."""
    yield from machine.lines()
    yield ""
    heading = [f"closed loop, {devices} devices", "tickets/s", "CPU ms a ticket", "cores busy"]
    yield from markdown([heading, *map(row, streams)])
    yield ""
    yield from markdown([["where the fleet's processor time goes", "share"], *parts(profiled)])


def row(stream: Stream) -> list[str]:
    """Of the first table."""
    costs = stream.costs
    return [
        stream.title,
        f"{stream.arrived_per_s:,.0f}",
        f"{1000 * costs.cpu_s / costs.scans:.2f}",
        f"{costs.cpu_s / costs.seconds:.2f}",
    ]


def parts(costs: Costs) -> Iterator[list[str]]:
    """Of the second: the decoders' threads, then the event loop by library."""
    loop_s = costs.cpu_s if costs.loop_cpu_s is None else costs.loop_cpu_s
    yield ["worker threads: rendering and decoding", f"{1 - loop_s / costs.cpu_s:.0%}"]
    for library, share in costs.shares.items():
        of_all = share * loop_s / costs.cpu_s
        if of_all >= 0.01:
            yield [f"event loop: {library}", f"{of_all:.0%}"]


if __name__ == "__main__":
    main()
