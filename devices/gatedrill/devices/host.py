"""A fleet's process, from its start to its stop: devices, broker, presence, obedience."""

import asyncio
import os
import secrets
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from gatedrill.broker.bus import Bus
from gatedrill.broker.claim import claim_alone
from gatedrill.broker.clock import MonotonicClock, answer_pings
from gatedrill.contract import topics
from gatedrill.contract.messages import ANSWER_TIMEOUT_S, DeviceInfo, Presence
from gatedrill.devices.checkin import CheckIn
from gatedrill.devices.emulated import make_lane
from gatedrill.devices.fleet import Fleet
from gatedrill.devices.lane import Lane
from gatedrill.devices.readers.decoders import make_decoder
from gatedrill.devices.supabase import SupabaseCheckIn


class FleetSettings(msgspec.Struct, frozen=True):
    """What a fleet is to be. `key` opens the check-in service at `target` and goes nowhere else."""

    name: str
    devices: tuple[DeviceInfo, ...]
    broker: str
    target: str
    key: str
    scanned_by: str
    decoder: str

    def __repr__(self) -> str:
        return f"FleetSettings({self.name!r}, {len(self.devices)} devices)"


async def serve_fleet(
    settings: FleetSettings, *, ready: Callable[[], None], stop: asyncio.Event
) -> None:
    """Host the devices until `stop`; `ready` is called when they are on the roster.

    Raises UsageError for settings that cannot be, PeerError when the broker cannot be reached or
    the fleet's name is in use.
    """
    clock = MonotonicClock()
    boot = secrets.token_hex(4)
    presence = Presence(
        fleet=settings.name,
        boot=boot,
        host=socket.gethostname(),
        target=settings.target,
        devices=settings.devices,
    )
    own_topic = topics.PRESENCE.topic(fleet=settings.name, boot=boot)
    async with AsyncExitStack() as stack:
        workers = stack.enter_context(ThreadPoolExecutor(os.cpu_count(), "decoder"))
        lanes = await stack.enter_async_context(_open_lanes(settings, clock, workers))
        bus = await stack.enter_async_context(
            Bus(settings.broker, f"{settings.name}-{boot}", own_topic=own_topic)
        )
        fleet = Fleet(settings.name, boot, bus, clock, lanes, workers)
        await stack.enter_async_context(answer_pings(bus, clock, fleet=settings.name, boot=boot))
        await fleet.listen()
        stack.push_async_callback(fleet.rest)
        await stack.enter_async_context(
            claim_alone(
                bus,
                topics.PRESENCE,
                presence,
                mine={"fleet": settings.name, "boot": boot},
                rivals={"fleet": settings.name},
                refusal=_name_in_use,
            )
        )
        ready()
        await stop.wait()


def _name_in_use(other: Presence) -> str:
    return (
        f"fleet {other.fleet} is here already, on {other.host} (boot {other.boot}): "
        "choose another --name-prefix"
    )


@asynccontextmanager
async def _open_lanes(
    settings: FleetSettings, clock: MonotonicClock, workers: ThreadPoolExecutor
) -> AsyncIterator[list[Lane]]:
    decoder = make_decoder(settings.decoder)
    tls = ssl.create_default_context()  # one for all: making it takes tens of milliseconds

    def checkin(device: str) -> CheckIn:
        return SupabaseCheckIn(
            settings.target,
            settings.key,
            device=device,
            scanned_by=settings.scanned_by,
            clock=clock,
            tls=tls,
            timeout_s=ANSWER_TIMEOUT_S,
        )

    async with AsyncExitStack() as stack:
        lanes = []
        for device in settings.devices:
            lane = make_lane(device, decoder=decoder, checkin=checkin, clock=clock, workers=workers)
            stack.push_async_callback(lane.close)
            await lane.open()
            lanes.append(lane)
        yield lanes
