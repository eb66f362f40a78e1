"""How many claims a second one registrar answers, and how long a device waits for one.

A Mosquitto, a registrar and the fleets are processes of this machine. Claims are made one after the
other, then so many at once; each is for a ticket of its own, and written to the disk.
"""

import argparse
import asyncio
import os
import platform
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path

from gatedrill.broker.bus import Bus
from gatedrill.broker.clock import MonotonicClock
from gatedrill.broker.serve import BrokerReady, serve
from gatedrill.contract.messages import VenueClaim
from gatedrill.devices.venue_registrar import VenueRegistrar

PATIENCE_S = 60.0


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alone", type=int, default=200, help="claims one after the other")
    parser.add_argument(
        "--bursts", type=int, nargs="*", default=[100, 1_000], help="claims at once"
    )
    parser.add_argument("--rounds", type=int, default=5, help="bursts of each size")
    parser.add_argument("--fleets", type=int, default=4, help="connections that share the claims")
    parser.add_argument("--folder", type=Path, help="where the registrar's file is, for its disk")
    asyncio.run(measure(parser.parse_args()))


async def measure(wanted: argparse.Namespace) -> None:
    """Start broker, registrar and fleets, and measure what was wanted."""
    print(f"{platform.platform()}, {platform.machine()}, {os.cpu_count()} cores")
    print(f"{wanted.fleets} fleets in one process; ms from the claim to the grant\n")
    print(f"{'claims':>12}{'p50':>9}{'p95':>9}{'max':>9}{'a second':>11}")
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(_Broker())
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=wanted.folder))
        stack.enter_context(running_registrar(url, Path(folder, "registrar.sqlite3")))
        fleets = [await connect(stack, url, f"fleet-{n}") for n in range(wanted.fleets)]
        started = time.perf_counter()
        alone = [await claim_once(fleets[n % len(fleets)]) for n in range(wanted.alone)]
        print_row("alone", alone, time.perf_counter() - started)
        for size in wanted.bursts:
            await measure_bursts(fleets, size, wanted.rounds)


async def measure_bursts(fleets: Sequence[VenueRegistrar], size: int, rounds: int) -> None:
    """Print a row for `rounds` bursts, one after the other."""
    waits_ms: list[float] = []
    started = time.perf_counter()
    for _ in range(rounds):
        claims = (claim_once(fleets[n % len(fleets)]) for n in range(size))
        waits_ms += await asyncio.gather(*claims)
    print_row(f"{size} at once", waits_ms, time.perf_counter() - started)


async def claim_once(fleet: VenueRegistrar) -> float:
    """Claim a ticket that nobody has claimed; milliseconds until it was granted."""
    made = VenueClaim(secrets.token_hex(16), "gate-1", "edition", secrets.token_hex(16))
    grant, ask = await fleet.claim(made, PATIENCE_S)
    if grant is None or not grant.granted:
        raise SystemExit(f"a fresh ticket was not granted: {grant}")
    return (ask.answered_ns - ask.sent_ns) / 1e6


def print_row(what: str, waits_ms: Sequence[float], took_s: float) -> None:
    """One line of the table."""
    cuts = statistics.quantiles(waits_ms, n=20, method="inclusive")
    rate = len(waits_ms) / took_s
    print(f"{what:>12}{cuts[9]:9.1f}{cuts[18]:9.1f}{max(waits_ms):9.1f}{rate:11.0f}")


async def connect(stack: AsyncExitStack, url: str, name: str) -> VenueRegistrar:
    """A fleet that does nothing but claim."""
    bus = await stack.enter_async_context(Bus(url, name))
    fleet = VenueRegistrar(bus, MonotonicClock(), name)
    await fleet.listen()
    stack.push_async_callback(fleet.close)
    return fleet


@contextmanager
def running_registrar(url: str, file: Path) -> Iterator[None]:
    """The real command in a process of its own."""
    command = ("registrar", "--broker", url, "--file", str(file), "--supervised", "benchmark")
    with subprocess.Popen(
        [sys.executable, "-m", "gatedrill.cli", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        if process.stdout is None or b"ready" not in process.stdout.readline():
            raise SystemExit("the registrar does not start")
        yield
        process.terminate()


class _Broker:
    """Mosquitto, or the embedded broker where there is none, while the body runs."""

    async def __aenter__(self) -> str:
        self._stop = asyncio.Event()
        ready: asyncio.Future[BrokerReady] = asyncio.get_running_loop().create_future()
        self._serving = asyncio.create_task(serve(ready=ready.set_result, stop=self._stop))
        return (await ready).url

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await self._serving


if __name__ == "__main__":
    main()
