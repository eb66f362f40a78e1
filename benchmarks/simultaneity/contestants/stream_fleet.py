"""gatedrill's stream: emulated gates that scan one new ticket after the other, decoding and all.

Prints, as JSON, what it has cost. Only the broker is missing, which carries no scan.
"""

import argparse
import asyncio
import contextlib
import cProfile
import os
import ssl
import time
import uuid
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AsyncExitStack

import msgspec
from benchmarks.simultaneity.costs import Costs, Meter, shares

from gatedrill.broker.clock import MonotonicClock
from gatedrill.contract.messages import DeviceInfo, Presentation
from gatedrill.devices.connection import ServiceConnection
from gatedrill.devices.device import Device
from gatedrill.devices.emulated import make_gate
from gatedrill.devices.emulated_roster import emulated_devices
from gatedrill.devices.readers.decoders import make_decoder
from gatedrill.devices.stream import Stream, StreamTimes
from gatedrill.devices.supabase_checkin import SupabaseCheckIn

TICKETS_PER_SECOND = 500
"""At one device: more than any gets through."""


class Venue:
    """What all devices share."""

    def __init__(self, url: str, workers: Executor) -> None:
        self.clock = MonotonicClock()
        self.workers = workers
        self._url = url
        self._tls = ssl.create_default_context()

    def device(self, info: DeviceInfo) -> Device:
        """An emulated gate, as a fleet makes it."""
        return make_gate(
            info,
            decoder=make_decoder("zxing"),
            checkin=SupabaseCheckIn(
                self.connection(), device=info.name, scanned_by="benchmark", event_id="benchmark"
            ),
            clock=self.clock,
            workers=self.workers,
        )

    def connection(self) -> ServiceConnection:
        """To the service."""
        return ServiceConnection(
            self._url, "benchmark", clock=self.clock, tls=self._tls, timeout_s=30
        )


async def serve(url: str, lanes: int, seconds: float, profile: cProfile.Profile | None) -> Costs:
    """Open all gates for so long; only what follows upon that is profiled."""
    async with AsyncExitStack() as stack:
        workers = stack.enter_context(ThreadPoolExecutor(os.cpu_count(), "decoder"))
        venue = Venue(url, workers)
        streams = []
        for info in emulated_devices("gate", lanes):
            device = venue.device(info)
            stack.push_async_callback(device.close)
            await device.open()
            await device.warm()
            stream = Stream(device, tickets(info.name, seconds), workers, venue.clock)
            stack.push_async_callback(stream.give_up)
            streams.append(stream)
        await asyncio.gather(*(stream.prepare() for stream in streams))
        with profile or contextlib.nullcontext():
            return await run(streams, venue.clock, seconds)


async def run(streams: list[Stream], clock: MonotonicClock, seconds: float) -> Costs:
    """From now on, without a rest between two guests."""
    at_ns = clock.now_ns()
    times = StreamTimes(at_ns, at_ns + round(seconds * 1e9), pause_ns=0)
    scans = 0

    def count(_: object) -> None:
        nonlocal scans
        scans += 1

    meter = Meter()
    running = [asyncio.create_task(stream.run(times, count)) for stream in streams]
    await asyncio.sleep(0)
    for stream in streams:
        assert stream.opening is not None
        stream.opening.release()
        stream.opening.resume()
    await asyncio.gather(*running)
    return meter.costs(scans)


def tickets(device: str, seconds: float) -> list[Presentation]:
    """Enough new ones."""
    return [
        Presentation(f"{device}/{number}", device, str(uuid.uuid4()), number)
        for number in range(round(seconds * TICKETS_PER_SECOND))
    ]


def main() -> None:
    """Run, with a profile where one is asked for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("lanes", type=int)
    parser.add_argument("seconds", type=float)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    profile = cProfile.Profile(time.thread_time) if options.profile else None
    costs = asyncio.run(serve(options.url, options.lanes, options.seconds, profile))
    if profile:
        costs = msgspec.structs.replace(costs, shares=shares(profile))
    print(msgspec.json.encode(costs).decode())


if __name__ == "__main__":
    main()
