"""The venue of a run: started here, part by part, or one that is there already."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import msgspec

from gatedrill.cli.child import Child
from gatedrill.cli.environment import BROKER, KEY, STORE
from gatedrill.cli.extras import extra_needed
from gatedrill.cli.logs import never_log
from gatedrill.cli.shares import Share, shares
from gatedrill.contract.messages import DeviceInfo

LOCAL_PREFIX = "gate"


class Venue(msgspec.Struct, frozen=True):
    """Where a run takes place. `target` None means that the roster tells it.

    `devices` names those that must come, if we know; `parts` says what was started, for people.
    """

    broker: str
    target: str | None
    key: str
    devices: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"Venue({self.parts})"


class LocalVenue(msgspec.Struct, frozen=True):
    """What to start: so many emulated gates and kiosks, and what they ask.

    `target` None means the reference backend, perhaps with its records in the PostgreSQL at
    `store` and with a planted fault.
    """

    run: str
    gates: int
    kiosks: int
    target: str | None = None
    key: str | None = None
    decoder: str = "zxing"
    vip_argument: str = "p_pass_id"
    store: str | None = None
    fault: str | None = None
    log_options: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"LocalVenue({self.gates} gates, {self.kiosks} kiosks)"


@asynccontextmanager
async def start_venue(wanted: LocalVenue) -> AsyncIterator[Venue]:
    """Start broker, backend (where no target is given) and fleets; stop them all at the end."""
    async with AsyncExitStack() as stack:
        key = new_key() if wanted.target is None else wanted.key or ""
        starting = [start_broker(stack, wanted)]
        if wanted.target is None:
            starting.append(start_backend(stack, wanted, key))
        broker, *backend = await _together(starting)
        target = wanted.target or backend[0].url
        fleets = await start_fleets(stack, wanted, broker.url, target, key)
        parts = [
            f"broker: {broker.what} at {broker.url}",
            *(f"service: {part.what} at {part.url}" for part in backend),
            *(f"devices: {fleet.what}" for fleet in fleets),
        ]
        yield Venue(broker.url, target, key, local_devices(wanted), tuple(parts))


def new_key() -> str:
    """A key that opens one backend of our own, and appears nowhere."""
    key = secrets.token_urlsafe(24)
    never_log(key)
    return key


async def start_broker(stack: AsyncExitStack, wanted: LocalVenue) -> Child:
    """A broker on a free port, until the stack unwinds."""
    return await _start(stack, wanted, "broker", "--port", "0")


async def start_backend(
    stack: AsyncExitStack, wanted: LocalVenue, key: str, port: int = 0
) -> Child:
    """The reference backend as it is wanted, until the stack unwinds."""
    fault = ("--fault", wanted.fault) if wanted.fault else ()
    # By the environment: a store's URL may carry a password.
    variables = {KEY: key, STORE: wanted.store or ""}
    return await _start(stack, wanted, "backend", "--port", str(port), *fault, **variables)


async def start_fleets(
    stack: AsyncExitStack, wanted: LocalVenue, broker: str, target: str, key: str
) -> list[Child]:
    """The gates and kiosks, in as many fleets as serve best, until the stack unwinds."""
    return await _together(
        [
            _start_fleet(stack, wanted, share, target, {BROKER: broker, KEY: key})
            for share in shares(wanted.gates + wanted.kiosks)
        ]
    )


async def _start_fleet(
    stack: AsyncExitStack, wanted: LocalVenue, share: Share, target: str, variables: dict[str, str]
) -> Child:
    return await _start(
        stack,
        wanted,
        "fleet",
        *("--count", str(wanted.gates), "--kiosks", str(wanted.kiosks), "--share", str(share)),
        *("--name-prefix", LOCAL_PREFIX),
        *("--target", target, "--allow-target", urlsplit(target).hostname or ""),
        *("--decoder", wanted.decoder, "--vip-argument", wanted.vip_argument),
        **variables,
    )


def local_devices(wanted: LocalVenue) -> tuple[str, ...]:
    """The names of the devices that the local fleets host."""
    return tuple(device.name for device in emulated_roster(wanted.gates, wanted.kiosks))


def emulated_roster(gates: int, kiosks: int) -> tuple[DeviceInfo, ...]:
    """The devices of a local venue of this size; nothing is started."""
    with extra_needed("devices"):
        from gatedrill.devices.emulated import emulated_devices
    return emulated_devices(LOCAL_PREFIX, gates, kiosks)


async def _start(
    stack: AsyncExitStack, wanted: LocalVenue, name: str, *arguments: str, **variables: str
) -> Child:
    command = [name, *arguments, *wanted.log_options]
    child = await Child.start(name, wanted.run, command, os.environ | variables)
    stack.push_async_callback(child.stop)
    return child


async def _together(starting: list[Coroutine[None, None, Child]]) -> list[Child]:
    """Start these at the same time. When one fails none is left starting, and its error is told."""
    tasks = [asyncio.create_task(each) for each in starting]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
