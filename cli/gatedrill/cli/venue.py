"""The venue of a run: started here, part by part, or one that is there already."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlsplit

import msgspec

from gatedrill.cli.child import Child
from gatedrill.cli.environment import BROKER, KEY
from gatedrill.cli.logs import never_log

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
    """What to start. `target` None means the reference backend, perhaps with a planted fault."""

    run: str
    devices: tuple[str, ...]
    target: str | None
    key: str | None
    decoder: str
    fault: str | None
    log_options: tuple[str, ...]

    def __repr__(self) -> str:
        return f"LocalVenue({len(self.devices)} devices)"


@asynccontextmanager
async def start_venue(wanted: LocalVenue) -> AsyncIterator[Venue]:
    """Start broker, backend (where no target is given) and fleet; stop them all at the end."""
    async with AsyncExitStack() as stack:

        async def start(name: str, *arguments: str, **variables: str) -> Child:
            command = [name, *arguments, *wanted.log_options]
            child = await Child.start(name, wanted.run, command, os.environ | variables)
            stack.push_async_callback(child.stop)
            return child

        broker = await start("broker", "--port", "0")
        parts = [f"broker: {broker.what} at {broker.url}"]
        if wanted.target is None:
            key = secrets.token_urlsafe(24)
            never_log(key)
            fault = ("--fault", wanted.fault) if wanted.fault else ()
            backend = await start("backend", "--port", "0", *fault, **{KEY: key})
            parts.append(f"service: {backend.what} at {backend.url}")
            target = backend.url
        else:
            target, key = wanted.target, wanted.key or ""
        fleet = await start(
            "fleet",
            *("--count", str(len(wanted.devices)), "--name-prefix", LOCAL_PREFIX),
            *("--target", target, "--allow-target", urlsplit(target).hostname or ""),
            *("--decoder", wanted.decoder),
            **{BROKER: broker.url, KEY: key},
        )
        parts.append(f"devices: {fleet.what}")
        yield Venue(broker.url, target, key, wanted.devices, tuple(parts))
