"""What a gate's own copy of the tickets costs: fetching it, opening it, looking a ticket up.

The tickets are copied over HTTP from the reference backend, which is started for that.
"""

import argparse
import asyncio
import os
import platform
import random
import sqlite3
import ssl
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec

from gatedrill.backend.serve import serve
from gatedrill.broker.clock import MonotonicClock
from gatedrill.contract.outcome import Authority, Outcome, OutcomeKind
from gatedrill.contract.service import POPULATION_PATH, Population, TicketRow
from gatedrill.devices.connection import ServiceConnection
from gatedrill.devices.offline.cached_ticket import ManifestRows, ManifestTicket
from gatedrill.devices.offline.device_file import DeviceFile
from gatedrill.devices.offline.journal_rows import NewScan
from gatedrill.devices.offline.manifest import Found
from gatedrill.devices.offline.manifest_download import download
from gatedrill.devices.offline.time_of_day import TimeOfDay

EVENT = "tonight"
KEY = "a-key-for-the-benchmark"
TIMEOUT_S = 60.0


class Sizes(NamedTuple):
    """How much is measured."""

    tickets: int
    lookups: int
    scans: int


class Figures(NamedTuple):
    """What was measured; all of a kind in milliseconds, but for the copy in seconds."""

    download_s: float | None
    replace_s: float
    open_ms: float
    lookups_ms: Sequence[float]
    scans_ms: Sequence[float]


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tickets", type=int, default=100_000)
    parser.add_argument("--lookups", type=int, default=20_000)
    parser.add_argument("--scans", type=int, default=1_000)
    parser.add_argument("--no-download", action="store_true", help="make the tickets up here")
    options = parser.parse_args()
    sizes = Sizes(options.tickets, options.lookups, options.scans)
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(sizes, Path(folder), downloads=not options.no_download))
    print(f"{platform.platform()}, {platform.machine()}, {os.cpu_count()} cores")
    print(f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, ", end="")
    print(f"load {os.getloadavg()[0]:.2f}; {sizes.tickets:,} tickets\n")
    print(table(figures))


async def measure(sizes: Sizes, folder: Path, *, downloads: bool) -> Figures:
    """Measure once, in files below `folder`."""
    ids = [
        str(uuid.UUID(int=random.Random(number).getrandbits(128)))
        for number in range(sizes.tickets)
    ]
    started = time.perf_counter()
    rows = await downloaded(ids) if downloads else made_up(ids)
    download_s = time.perf_counter() - started if downloads else None
    file = await opened(folder)
    started = time.perf_counter()
    await file.manifest.replace("edition", rows)
    replace_s = time.perf_counter() - started
    await file.close()
    started = time.perf_counter()
    file = await opened(folder)
    await find(file, ids[0])
    open_ms = (time.perf_counter() - started) * 1e3
    rng = random.Random(1)
    symbols = rng.choices(ids, k=sizes.lookups)
    lookups_ms = [await timed(partial(find, file, symbol)) for symbol in symbols]
    scans = rng.sample(ids, k=min(sizes.scans, len(ids)))
    scans_ms = [await timed(partial(scan, file, symbol)) for symbol in scans]
    await file.close()
    return Figures(download_s, replace_s, open_ms, lookups_ms, scans_ms)


async def opened(folder: Path) -> DeviceFile:
    """The device's file."""
    return await DeviceFile.open(folder / "gate.db", "gate-01", "boot", TimeOfDay(MonotonicClock()))


async def find(file: DeviceFile, symbol: str) -> None:
    """Look one ticket up."""
    found = await file.manifest.find(symbol, EVENT)
    assert isinstance(found, Found), f"ticket {symbol} is not in the copy"


async def scan(file: DeviceFile, symbol: str) -> None:
    """Write one scan down, its beginning and its decision: two commits, both synced."""
    await file.journal.begin(NewScan(symbol, "edition", symbol, symbol))
    outcome, at = Outcome(OutcomeKind.ADMITTED), file.journal.time.stamp()
    await file.journal.decide(symbol, outcome, Authority.OFFLINE, at)


async def timed(work: Callable[[], Awaitable[None]]) -> float:
    """How long it takes, in milliseconds."""
    started = time.perf_counter()
    await work()
    return (time.perf_counter() - started) * 1e3


def made_up(ids: Sequence[str]) -> ManifestRows:
    """These tickets, without a service."""
    tickets = tuple(ManifestTicket(each, "ticket", EVENT, None, "valid") for each in ids)
    return ManifestRows(EVENT, tickets)


async def downloaded(ids: Sequence[str]) -> ManifestRows:
    """These tickets, from a service that has them; progress goes to stderr."""
    async with backend() as url:
        await populate(url, ids)
        connection = ServiceConnection(
            url,
            KEY,
            clock=MonotonicClock(),
            tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            timeout_s=TIMEOUT_S,
        )
        try:
            return await download(connection, EVENT, progress=show_progress)
        finally:
            await connection.close()


def show_progress(rows: int) -> None:
    """One line that is written over."""
    sys.stderr.write(f"\r{rows:,} rows")
    sys.stderr.flush()


async def populate(url: str, ids: Sequence[str]) -> None:
    """Have the backend hold these tickets."""
    population = Population(tuple(TicketRow(each, EVENT, "general") for each in ids))
    headers = {"apikey": KEY, "authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=TIMEOUT_S) as client:
        body = msgspec.json.encode(population)
        (await client.put(POPULATION_PATH, content=body)).raise_for_status()


@asynccontextmanager
async def backend() -> AsyncIterator[str]:
    """The reference backend in this process; yields its URL."""
    stop = asyncio.Event()
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(key=KEY, database=None, fault=None, ready=ready.set_result, stop=stop)
    )
    try:
        yield await ready
    finally:
        stop.set()
        await serving


def table(figures: Figures) -> str:
    """The figures in words and columns."""
    rows = [
        ("copy written to the file", f"{figures.replace_s:.2f} s"),
        ("file opened, first ticket found", f"{figures.open_ms:.1f} ms"),
        ("lookup, p50", f"{quantile(figures.lookups_ms, 0.5):.3f} ms"),
        ("lookup, p99", f"{quantile(figures.lookups_ms, 0.99):.3f} ms"),
        ("scan begun and decided, p50", f"{quantile(figures.scans_ms, 0.5):.3f} ms"),
        ("scan begun and decided, p99", f"{quantile(figures.scans_ms, 0.99):.3f} ms"),
    ]
    if figures.download_s is not None:
        rows.insert(0, ("service started, filled and copied", f"{figures.download_s:.2f} s"))
    return "\n".join(f"{name:36}{value:>12}" for name, value in rows)


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that so many are not above."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


if __name__ == "__main__":
    main()
