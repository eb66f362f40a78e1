"""What many fleets of one device cost their broker, and the conductor who hears them all.

A fleet that idles says that it is here, over and over; nothing else is said between two steps. Here
each is a connection that claims its name as a real one does, all of them in one process. Mosquitto
and the one who hears them, with a conductor's roster, are processes of their own: how much time of
the processor they took is read from /proc, so this needs Linux.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NamedTuple

from gatedrill.broker.bus import Bus
from gatedrill.broker.claim import HEARTBEAT_S, claim_alone
from gatedrill.broker.clock import MonotonicClock
from gatedrill.broker.serve import BrokerReady, serve
from gatedrill.contract import topics
from gatedrill.contract.messages import DeviceInfo, Presence
from gatedrill.devices.twins import refuse_twins
from gatedrill.orchestrator.roster import Roster

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Row(NamedTuple):
    """With so many fleets: what their coming took, and then a thousand heartbeats."""

    fleets: int
    coming_s: float
    coming_broker_s: float
    broker_ms: float
    conductor_ms: float
    round_trip_ms: float


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fleets", type=int, nargs="*", default=[100, 200, 400])
    parser.add_argument("--seconds", type=float, default=20.0, help="of heartbeats, each size")
    parser.add_argument("--conductor", metavar="URL", help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.conductor:
        asyncio.run(conduct(wanted.conductor))
    else:
        asyncio.run(measure(wanted.fleets, wanted.seconds))


async def measure(sizes: Sequence[int], seconds: float) -> None:
    """One row for each number of fleets, each at a broker of its own."""
    print(f"{'':>8}{'all come at once':>24}{'CPU a 1,000 heartbeats, ms':>30}{'QoS 1':>12}")
    print(f"{'fleets':>8}{'s':>12}{'broker s':>12}{'broker':>15}{'conductor':>15}{'trip ms':>12}")
    rows = [await measure_one(size, seconds) for size in sizes]
    busiest_ms = max(rows[-1].broker_ms, rows[-1].conductor_ms)
    most = HEARTBEAT_S / (busiest_ms / 1e6)
    print(f"\none core of the busier of the two is full with {most:,.0f} fleets that idle")


async def measure_one(fleets: int, seconds: float) -> Row:
    """Have so many fleets come, then hear the hearts of as many beat."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(running_broker())
        broker = child_named("mosquitto")
        before, began = cpu_s(broker), time.perf_counter()
        await come(stack, url, fleets, Beats(), looking=True)
        coming_s, coming_broker_s = time.perf_counter() - began, cpu_s(broker) - before
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(running_broker())
        processes = child_named("mosquitto"), await stack.enter_async_context(conducting(url))
        beats = Beats()
        await come(stack, url, fleets, beats, looking=False)
        beats.count = 0
        used = [cpu_s(each) for each in processes]
        trip_ms = await trips(url, seconds)
        used = [cpu_s(each) - then for each, then in zip(processes, used, strict=True)]
        broker_ms, conductor_ms = (1e6 * each / beats.count for each in used)
        row = Row(fleets, coming_s, coming_broker_s, broker_ms, conductor_ms, trip_ms)
    print(
        f"{row.fleets:>8}{row.coming_s:>12.1f}{row.coming_broker_s:>12.2f}{row.broker_ms:>15.0f}"
        f"{row.conductor_ms:>15.0f}{row.round_trip_ms:>12.2f}"
    )
    return row


class Beats:
    """How many heartbeats the broker has taken."""

    def __init__(self) -> None:
        self.count = 0

    def beat(self) -> None:
        self.count += 1


async def come(
    stack: AsyncExitStack, url: str, fleets: int, beats: Beats, *, looking: bool
) -> None:
    """So many fleets come at the same time, each looking for twins or not."""
    names = [f"gate-{number}" for number in range(fleets)]
    await asyncio.gather(*(join(stack, url, name, beats, looking=looking) for name in names))


async def join(stack: AsyncExitStack, url: str, name: str, beats: Beats, *, looking: bool) -> None:
    """Come as a fleet of one device does, and go on saying so.

    Whoever looks for twins hears all others. Many in one process would still be busy with that when
    their hearts should beat.
    """
    own = Presence(
        name, "b1", "here", "http://127.0.0.1", (DeviceInfo(f"{name}-01", "camera", 1.0),)
    )
    bus = Bus(url, name, own_topic=topics.PRESENCE.topic(fleet=name, boot="b1"), timeout_s=60)
    await stack.enter_async_context(bus)
    await bus.subscribe(topics.FIRE, lambda _levels, _fire: None)
    await bus.subscribe(topics.CONDUCTOR, lambda _levels, _claim: None)
    renew = await stack.enter_async_context(
        claim_alone(
            bus,
            topics.PRESENCE,
            own,
            mine={"fleet": name, "boot": "b1"},
            rivals={"fleet": name},
            refusal=str,
            beat=beats.beat,
        )
    )
    if looking:
        await refuse_twins(bus, own, renew)


async def trips(url: str, seconds: float) -> float:
    """The median of how long a message at QoS 1 is under way meanwhile, there and back, in ms."""
    came: asyncio.Queue[None] = asyncio.Queue()
    took_ms = []
    async with Bus(url, "traveller") as bus:
        await bus.subscribe(topics.CLAIM, lambda _levels, _claim: came.put_nowait(None))
        end = time.perf_counter() + seconds
        while (began := time.perf_counter()) < end:
            await bus.clear(topics.CLAIM, fleet="traveller")
            await came.get()
            took_ms.append(1e3 * (time.perf_counter() - began))
            await asyncio.sleep(0.5)
    return sorted(took_ms)[len(took_ms) // 2]


async def conduct(url: str) -> None:
    """Hear everybody as a conductor does, until nobody reads what we say."""
    roster = Roster(MonotonicClock())
    async with Bus(url, "conductor") as bus:
        await bus.listen(topics.PRESENCE, roster.hear)
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


@asynccontextmanager
async def conducting(url: str) -> AsyncIterator[int]:
    """Who hears everybody, in a process of its own; its id."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "benchmarks.broker_load", "--conductor", url),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    if process.stdin is None or process.stdout is None or not await process.stdout.readline():
        raise SystemExit("the conductor does not start")
    yield process.pid
    process.stdin.close()
    await process.wait()


@asynccontextmanager
async def running_broker() -> AsyncIterator[str]:
    """Mosquitto while the body runs; its URL."""
    stop = asyncio.Event()
    ready: asyncio.Future[BrokerReady] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(kind="mosquitto", ready=ready.set_result, stop=stop))
    serving.add_done_callback(lambda _serving: ready.cancel())
    yield (await ready).url
    stop.set()
    await serving


def child_named(name: str) -> int:
    """The process of this name that we have started."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            head, _, rest = (folder / "stat").read_text().rpartition(") ")
        except OSError:
            continue
        if head.endswith(f"({name}") and int(rest.split()[1]) == os.getpid():
            return int(folder.name)
    raise SystemExit(f"there is no {name} of ours")


def cpu_s(process: int) -> float:
    """The processor's time that it has taken so far."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
    return TICK_S * (int(fields[11]) + int(fields[12]))


if __name__ == "__main__":
    main()
