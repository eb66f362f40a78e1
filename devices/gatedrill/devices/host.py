"""A fleet's process, from its start to its stop: devices, broker, presence, obedience."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from gatedrill.broker.bus import Bus
from gatedrill.broker.claim import claim_alone
from gatedrill.broker.clock import MonotonicClock, answer_pings
from gatedrill.broker.other_conductors import listening_to_others
from gatedrill.contract import topics
from gatedrill.contract.messages import Presence
from gatedrill.devices.attended.attachment import Attach
from gatedrill.devices.attended.gate import AttendedGate
from gatedrill.devices.fleet import Fleet
from gatedrill.devices.fleet_settings import FleetSettings
from gatedrill.devices.furnishing import Furnishing
from gatedrill.devices.newcomers import Newcomers
from gatedrill.devices.standbys import Standbys
from gatedrill.devices.twins import refuse_twins
from gatedrill.devices.venue_registrar import VenueRegistrar

BROKER_PATIENCE_S = 10.0
OUTAGE_PATIENCE_S = 60.0
"""How long what is to be told waits for a broker that is gone, where gates go on without it."""


async def serve_fleet(
    settings: FleetSettings,
    *,
    ready: Callable[[], None],
    stop: asyncio.Event,
    attach: Attach | None = None,
    beat: Callable[[], None] | None = None,
) -> None:
    """Host the devices until `stop`; `ready` is called when they are on the roster.

    `beat` is called whenever the broker has taken a heartbeat. `attach` makes the hardware of the
    attended devices. Raises UsageError for settings that cannot be, PeerError when the broker
    cannot be reached, a name is in use, or the venue is conducted in another protocol version.
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
    bus = Bus(
        settings.broker,
        f"{settings.name}-{boot}",
        own_topic=own_topic,
        timeout_s=BROKER_PATIENCE_S if settings.data is None else OUTAGE_PATIENCE_S,
    )
    registrar = VenueRegistrar(bus, clock, settings.name)
    async with AsyncExitStack() as stack:
        workers = stack.enter_context(ThreadPoolExecutor(os.cpu_count(), "decoder"))
        furnishing = Furnishing(settings, boot, clock, workers, registrar, attach)
        devices, standbys = await furnishing.open(stack)
        await stack.enter_async_context(bus)
        if standbys is not None:
            await registrar.listen()
            stack.push_async_callback(registrar.close)
        fleet = Fleet(settings.name, boot, bus, clock, devices, workers, standbys)
        await stack.enter_async_context(answer_pings(bus, clock, fleet=settings.name, boot=boot))
        await fleet.listen()
        stack.push_async_callback(fleet.rest)
        newcomers = Newcomers(settings.name)
        await newcomers.listen(bus, boot)
        others = await stack.enter_async_context(listening_to_others(bus, f"fleet {settings.name}"))

        attended = [each for each in devices if isinstance(each, AttendedGate)]

        def said() -> Presence:
            states = {} if standbys is None else standbys.states()
            lost = {gate.name: gate.lost for gate in attended if gate.lost is not None}
            return msgspec.structs.replace(presence, states=states, lost=lost)

        changed = await stack.enter_async_context(
            claim_alone(
                bus,
                topics.PRESENCE,
                said,
                mine={"fleet": settings.name, "boot": boot},
                rivals={"fleet": settings.name},
                refusal=_name_in_use,
                beat=beat,
                rival_came=newcomers.same_name,
            )
        )
        await others.refuse()
        await refuse_twins(bus, presence, changed)
        for gate in attended:
            gate.on_change = changed
            gate.attend()
        if standbys is not None:
            await stack.enter_async_context(_keeping(standbys, changed))
        ready()
        await stop.wait()


@asynccontextmanager
async def _keeping(standbys: Standbys, changed: Callable[[], None]) -> AsyncIterator[None]:
    """Look after what the gates fall back on while the body runs."""
    async with asyncio.TaskGroup() as tasks:
        keepers = [
            tasks.create_task(standbys.keep_looking(changed)),
            tasks.create_task(standbys.keep_fresh()),
        ]
        yield
        for keeper in keepers:
            keeper.cancel()


def _name_in_use(other: Presence) -> str:
    return (
        f"fleet {other.fleet} is here already, on {other.host} (boot {other.boot}): "
        "choose another --name-prefix"
    )
