"""gatedrill's check-in adapters alone, each asking about one new ticket after the other.

Prints, as JSON, what it has cost.
"""

import argparse
import asyncio
import ssl
import time
import uuid

import msgspec
from benchmarks.simultaneity.costs import Costs, Meter

from gatedrill.broker.clock import MonotonicClock
from gatedrill.devices.checkin import Ticket
from gatedrill.devices.connection import ServiceConnection
from gatedrill.devices.supabase_checkin import SupabaseCheckIn


async def serve(url: str, lanes: int, seconds: float) -> Costs:
    """Ask for so long."""
    clock, tls = MonotonicClock(), ssl.create_default_context()
    checkins = [
        SupabaseCheckIn(
            ServiceConnection(url, "benchmark", clock=clock, tls=tls, timeout_s=30),
            device=f"gate-{number}",
            scanned_by="benchmark",
            event_id="benchmark",
        )
        for number in range(lanes)
    ]
    await asyncio.gather(*(checkin.warm() for checkin in checkins))
    meter, until = Meter(), time.monotonic() + seconds
    scans = await asyncio.gather(*(ask_until(checkin, until) for checkin in checkins))
    costs = meter.costs(sum(scans))
    for checkin in checkins:
        await checkin.close()
    return costs


async def ask_until(checkin: SupabaseCheckIn, until_s: float) -> int:
    """How many answers there were until then."""
    count = 0
    while time.monotonic() < until_s:
        await checkin.ask(Ticket(str(uuid.uuid4())))
        count += 1
    return count


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("lanes", type=int)
    parser.add_argument("seconds", type=float)
    costs = asyncio.run(serve(**vars(parser.parse_args())))
    print(msgspec.json.encode(costs).decode())


if __name__ == "__main__":
    main()
