"""The uplink as a running thing: its socket, and its life from ready to stopped."""

import asyncio
from collections.abc import Callable

from gatedrill.broker.loopback import bind, check_loopback
from gatedrill.broker.uplink.entrance import Entrance
from gatedrill.broker.uplink.line import Line
from gatedrill.contract.errors import UsageError

_WAITING = 1024
"""A whole venue may come at one instant."""


async def serve(
    *,
    target: str,
    key: str,
    host: str = "127.0.0.1",
    port: int = 0,
    ready: Callable[[str], None],
    stop: asyncio.Event,
) -> None:
    """Lead devices to `target`, an http(s) URL, until `stop` is set; then every tunnel is reset.

    `key` is what must be shown to change faults. `host` must be this machine's own loopback
    address, `port` 0 takes a free one. `ready` is called with the uplink's URL as soon as it
    accepts connections. Raises UsageError if the port is taken, or for settings that cannot be.
    """
    check_loopback(host, "the uplink lets everybody in")
    if not key.strip():
        raise UsageError("the uplink's key is empty: give one that nobody guesses")
    line = Line(target)
    doors: set[Entrance] = set()
    listener = bind(host, port)
    chosen: int = listener.getsockname()[1]
    server = await asyncio.get_running_loop().create_server(
        lambda: Entrance(line, key, doors), sock=listener, backlog=_WAITING
    )
    async with server:
        ready(f"http://[{host}]:{chosen}" if ":" in host else f"http://{host}:{chosen}")
        try:
            await stop.wait()
        finally:
            server.close()
            line.cut()
            for door in tuple(doors):
                door.hang_up()
