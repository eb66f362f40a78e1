"""What the commands that start a part of a venue have in common: serve until told to stop."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable

import msgspec

from gatedrill.cli.child import ChildFailed, ChildReady
from gatedrill.cli.logs import tell
from gatedrill.contract.errors import GatedrillError

Serve = Callable[[Callable[[str, str], None], asyncio.Event], Awaitable[None]]
"""Serves until the event is set; calls back with its URL and what it is when it is ready."""


def serve_until_stopped(serve: Serve, *, supervised: bool) -> None:
    """Run `serve` until SIGINT or SIGTERM, or, if supervised, until standard input closes."""
    asyncio.run(_serve(serve, supervised=supervised))


async def _serve(serve: Serve, *, supervised: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has none
            loop.add_signal_handler(number, stop.set)
    if not supervised:
        await serve(_tell_person, stop)
        return
    await _watch_stdin(stop)
    told = asyncio.Event()

    def tell_supervisor(url: str, what: str) -> None:
        told.set()
        _say(ChildReady(url, what))

    try:
        await serve(tell_supervisor, stop)
    except GatedrillError as error:
        if told.is_set():  # nobody reads our words any more
            raise
        _say(ChildFailed(str(error), error.exit_code))


def _tell_person(url: str, what: str) -> None:
    tell(f"gatedrill: {what} ready at {url}, Ctrl-C stops it")


def _say(word: ChildReady | ChildFailed) -> None:
    sys.stdout.write(msgspec.json.encode(word).decode() + "\n")
    sys.stdout.flush()


async def _watch_stdin(stop: asyncio.Event) -> None:
    class _UntilClosed(asyncio.Protocol):
        def connection_lost(self, _error: Exception | None) -> None:
            stop.set()

    await asyncio.get_running_loop().connect_read_pipe(_UntilClosed, sys.stdin)
