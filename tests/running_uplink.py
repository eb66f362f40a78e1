"""An uplink in this process, which tests tell what is to go wrong."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import httpx
import msgspec

from gatedrill.broker.uplink.serve import serve
from gatedrill.contract.uplink import (
    FAULTS_PATH,
    HEALTH_PATH,
    UplinkFault,
    UplinkFaults,
    UplinkHealth,
)
from gatedrill.devices.hold import HoldingTransport
from gatedrill.devices.tunnel import Uplink

UPLINK_KEY = "hush-hush-uplink-key"
TRUSTING_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class RunningUplink(NamedTuple):
    """Where it is, and a client that has the key."""

    url: str
    control: httpx.AsyncClient

    @property
    def port(self) -> int:
        """Its port on loopback."""
        return int(self.url.rpartition(":")[2])

    def of(self, device: str) -> Uplink:
        """The way of this device through it."""
        return Uplink("127.0.0.1", self.port, device)

    def client(self, url: str, device: str, tls: ssl.SSLContext | None = None) -> httpx.AsyncClient:
        """A device's client of the service at `url`, with one connection and no time limit."""
        transport = HoldingTransport(tls or TRUSTING_NOBODY, self.of(device))
        return httpx.AsyncClient(base_url=url, transport=transport, timeout=None)

    async def raw(self, sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection on which this was sent."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        return reader, writer

    async def put(self, *faults: UplinkFault) -> None:
        """From now on these are in force and no other."""
        body = msgspec.json.encode(UplinkFaults(faults))
        (await self.control.put(FAULTS_PATH, content=body)).raise_for_status()

    async def health(self) -> UplinkHealth:
        """How things stand."""
        answer = await self.control.get(HEALTH_PATH)
        return msgspec.json.decode(answer.content, type=UplinkHealth)

    async def until_tunnels(self, count: int) -> None:
        """Wait until there are so many tunnels."""
        while (await self.health()).tunnels != count:
            pass


@asynccontextmanager
async def running_uplink(target: str) -> AsyncIterator[RunningUplink]:
    """Lead to `target` while the body runs."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve(target=target, key=UPLINK_KEY, ready=ready.set_result, stop=stop)
    )
    either: set[asyncio.Future[Any]] = {ready, serving}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    if not ready.done():
        await serving
    headers = {"authorization": f"Bearer {UPLINK_KEY}"}
    try:
        async with httpx.AsyncClient(
            base_url=ready.result(), headers=headers, trust_env=False, verify=TRUSTING_NOBODY
        ) as control:
            yield RunningUplink(ready.result(), control)
    finally:
        stop.set()
        await serving


async def until_all_sent_has_arrived() -> None:
    """Both ends and the uplink live in this event loop, which looks for bytes in every round."""
    for _ in range(200):
        await asyncio.sleep(0)
