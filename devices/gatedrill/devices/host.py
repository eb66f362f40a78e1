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
from gatedrill.devices.connection import ServiceConnection
from gatedrill.devices.device import Device
from gatedrill.devices.emulated import make_device
from gatedrill.devices.fleet import Fleet
from gatedrill.devices.readers.decoders import make_decoder
from gatedrill.devices.supabase_checkin import SupabaseCheckIn, VipArgument
from gatedrill.devices.supabase_kiosk import SupabaseKiosk


class FleetSettings(msgspec.Struct, frozen=True):
    """What a fleet is to be. `key` opens the check-in service at `target` and goes nowhere else.

    `event_id` is the event at whose gates the devices stand: tickets of another one are refused.
    `vip_argument` is what the service's VIP function asks for.
    """

    name: str
    devices: tuple[DeviceInfo, ...]
    broker: str
    target: str
    key: str
    scanned_by: str
    decoder: str
    event_id: str
    vip_argument: VipArgument = "p_pass_id"

    def __repr__(self) -> str:
        return f"FleetSettings({self.name!r}, {len(self.devices)} devices)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """What rich shows instead of every field, the key among them."""
        return [("name", self.name), ("devices", len(self.devices))]


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
        devices = await stack.enter_async_context(_open_devices(settings, clock, workers))
        bus = await stack.enter_async_context(
            Bus(settings.broker, f"{settings.name}-{boot}", own_topic=own_topic)
        )
        fleet = Fleet(settings.name, boot, bus, clock, devices, workers)
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
async def _open_devices(
    settings: FleetSettings, clock: MonotonicClock, workers: ThreadPoolExecutor
) -> AsyncIterator[list[Device]]:
    decoder = make_decoder(settings.decoder)
    tls = ssl.create_default_context()  # one for all: making it takes tens of milliseconds

    def connection() -> ServiceConnection:
        return ServiceConnection(
            settings.target, settings.key, clock=clock, tls=tls, timeout_s=ANSWER_TIMEOUT_S
        )

    def checkin(device: str) -> SupabaseCheckIn:
        return SupabaseCheckIn(
            connection(),
            device=device,
            scanned_by=settings.scanned_by,
            event_id=settings.event_id,
            vip_argument=settings.vip_argument,
        )

    async with AsyncExitStack() as stack:
        devices = []
        for info in settings.devices:
            device = make_device(
                info,
                decoder=decoder,
                checkin=checkin,
                kiosk_service=lambda _name: SupabaseKiosk(connection()),
                clock=clock,
                workers=workers,
            )
            stack.push_async_callback(device.close)
            await device.open()
            devices.append(device)
        yield devices
