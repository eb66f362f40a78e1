"""A service behind an uplink, and devices that come through it."""

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
from running_uplink import RunningUplink, running_uplink
from scripted_service import ScriptedService, Tls, always, answer, make_tls, scripted_service
from services import require

BODY = b'[{"success": true}]'


class Gates:
    """Devices' clients, each made when it is first asked for."""

    def __init__(
        self, service: ScriptedService, uplink: RunningUplink, tls: ssl.SSLContext | None = None
    ) -> None:
        self.service = service
        self.uplink = uplink
        self._tls = tls
        self._clients: dict[str, httpx.AsyncClient] = {}

    def __getitem__(self, device: str) -> httpx.AsyncClient:
        if device not in self._clients:
            self._clients[device] = self.uplink.client(self.service.url, device, self._tls)
        return self._clients[device]

    async def warm(self, *devices: str) -> None:
        """Open the connections of these."""
        for device in devices:
            (await self[device].get("/warm")).raise_for_status()

    def scan(self, device: str) -> asyncio.Task[httpx.Response]:
        """Begin to ask, without a time limit."""
        return asyncio.create_task(self[device].post("/scan", content=b'{"ticket": "T-1"}'))

    async def close(self) -> None:
        for client in self._clients.values():
            await client.aclose()


@pytest.fixture
async def gates() -> AsyncIterator[Gates]:
    async with scripted_service() as service, running_uplink(service.url) as uplink:
        service.script = always(answer(200, BODY, content_type="application/json"))
        gates = Gates(service, uplink)
        yield gates
        await gates.close()


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """Two sides of a certificate for 127.0.0.1."""
    openssl = shutil.which("openssl")
    require(openssl is not None, "the program openssl")
    return make_tls(str(openssl), tmp_path_factory.mktemp("tls"))


@pytest.fixture
async def tls_gates(tls: Tls) -> AsyncIterator[Gates]:
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(scripted_service(tls.server))
        uplink = await stack.enter_async_context(running_uplink(service.url))
        gates = Gates(service, uplink, tls.client)
        stack.push_async_callback(gates.close)
        yield gates


@pytest.fixture
def leap(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let so many seconds pass at once, for every time limit of the event loop."""
    leapt_s = 0.0
    now_s = asyncio.BaseEventLoop.time

    def leap(seconds: float) -> None:
        nonlocal leapt_s
        leapt_s += seconds

    monkeypatch.setattr(asyncio.BaseEventLoop, "time", lambda loop: now_s(loop) + leapt_s)
    return leap
