"""Run a broker on this machine: Mosquitto where there is one, else the embedded one."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Literal

from gatedrill.broker.bus import Bus
from gatedrill.broker.loopback import bind, check_loopback, port_taken
from gatedrill.broker.mosquitto import PortTakenError, find_mosquitto, mosquitto_broker
from gatedrill.contract.errors import PeerError

BrokerKind = Literal["auto", "mosquitto", "embedded"]
_ATTEMPTS = 10
_NO_PASSWORDS = (
    "gatedrill's own broker has no passwords; for other machines run a broker that has, and name "
    "it by its url"
)


@dataclass(frozen=True)
class BrokerReady:
    """Where the broker accepts connections, and what it is, with its version."""

    url: str
    kind: str


Ready = Callable[[BrokerReady], None]


async def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    kind: BrokerKind = "auto",
    ready: Ready,
    stop: asyncio.Event,
) -> None:
    """Run a broker until `stop` is set; call `ready` once it has accepted a connection.

    It has no passwords, so `host` must be this machine's own loopback address. `port` 0 takes a
    free one. Raises UsageError if the port is taken or what `kind` needs is not installed, and
    PeerError if Mosquitto fails.
    """
    check_loopback(host, _NO_PASSWORDS)
    if kind == "mosquitto" or (kind == "auto" and find_mosquitto()):
        await _serve_mosquitto(host, port, ready, stop)
    else:
        await _serve_embedded(host, port, ready, stop)


async def _serve_embedded(host: str, port: int, ready: Ready, stop: asyncio.Event) -> None:
    from gatedrill.broker.embedded import embedded_broker  # noqa: PLC0415 - an extra

    listener = bind(host, port)
    async with embedded_broker(listener):
        url = _url(host, listener.getsockname()[1])
        await _accepts(url)
        ready(BrokerReady(url, f"embedded (amqtt {version('amqtt')})"))
        await stop.wait()


async def _serve_mosquitto(host: str, port: int, ready: Ready, stop: asyncio.Event) -> None:
    for _ in range(_ATTEMPTS):
        listener = bind(host, port)
        chosen: int = listener.getsockname()[1]
        listener.close()
        try:
            await _run_mosquitto(host, chosen, ready, stop)
        except PortTakenError:
            continue  # somebody was quicker; a fixed port tells so at the next attempt
        return
    raise port_taken(host, port)


async def _run_mosquitto(host: str, port: int, ready: Ready, stop: asyncio.Event) -> None:
    async with mosquitto_broker(host, port) as mosquitto:
        url = _url(host, port)
        await _accepts(url)
        ready(BrokerReady(url, f"mosquitto {mosquitto.version}"))
        stopped = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({stopped, mosquitto.ended}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
        if mosquitto.ended.done():
            status = mosquitto.ended.result()
            raise PeerError(f"mosquitto ended with status {status}: {mosquitto.last_words}")


async def _accepts(url: str) -> None:
    async with Bus(url, f"gatedrill-ready-{os.getpid()}"):
        pass


def _url(host: str, port: int) -> str:
    return f"mqtt://[{host}]:{port}" if ":" in host else f"mqtt://{host}:{port}"
