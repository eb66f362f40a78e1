"""`gatedrill hardware`: which scanners and cameras this machine has, and what is in their way."""

import asyncio
import sys
import time
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gatedrill.cli.console import open_console
from gatedrill.cli.extras import extra_needed
from gatedrill.cli.logs import tell
from gatedrill.cli.service_process import serve_until_stopped

if TYPE_CHECKING:
    from collections.abc import Callable

    from gatedrill.devices.hardware.watch import HotPlug


def hardware(
    watch: Annotated[
        bool, typer.Option("--watch", help="Tell what is plugged in and out, until Ctrl-C")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="As JSON; with --watch, an object a line")
    ] = False,
) -> None:
    """List scanners and cameras, how each is used, and what is in its way."""
    if watch:
        serve_until_stopped(lambda _, stop: _watch(stop, as_json=as_json), supervised=False)
        return
    with extra_needed("devices"):
        from gatedrill.cli.hardware_document import document
        from gatedrill.cli.hardware_view import show
        from gatedrill.devices.hardware.survey import survey

    found = survey()
    if as_json:
        encoded = msgspec.json.encode(document(found))
        sys.stdout.write(msgspec.json.format(encoded).decode() + "\n")
    else:
        show(found, open_console())


async def _watch(stop: asyncio.Event, *, as_json: bool) -> None:
    """Tell of changes until `stop`."""
    with extra_needed("devices"):
        from gatedrill.cli.hardware_document import event_line
        from gatedrill.cli.hardware_view import words_of_event
        from gatedrill.devices.hardware.catalogue import find_devices
        from gatedrill.devices.hardware.watch import watch

    tell("gatedrill: looking once a second for what is plugged in and out, Ctrl-C stops it")
    write = event_line if as_json else words_of_event

    async def follow() -> None:
        async with aclosing(watch(find_devices)) as events:
            async for event in events:
                _say(write, event)

    following = asyncio.create_task(follow())
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({following, stopped}, return_when=asyncio.FIRST_COMPLETED)
    for task in (following, stopped):
        task.cancel()
    ends = await asyncio.gather(following, stopped, return_exceptions=True)
    broken = next((end for end in ends if isinstance(end, Exception)), None)
    if broken is not None:
        raise broken


def _say(write: "Callable[[HotPlug, float], str]", event: "HotPlug") -> None:
    """A line, at once: whoever reads a pipe waits for it."""
    sys.stdout.write(write(event, time.time()) + "\n")
    sys.stdout.flush()
