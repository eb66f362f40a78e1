"""Time that passes when a test says so, certificates, brokers, and the reference backend."""

import asyncio
import shutil
import ssl
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import httpx
import msgspec
import pytest
from broker_process import KINDS, BrokerProcess, running_broker
from device_fakes import ManualClock
from scripted_service import Tls, make_tls
from services import require

from gatedrill.backend.serve import serve
from gatedrill.broker.bus import Bus
from gatedrill.contract.service import POPULATION_PATH, TABLE_PATH, Population
from gatedrill.devices import decide
from gatedrill.devices.connection import ServiceConnection

KEY = "hush-hush-service-key"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch, clock: ManualClock) -> list[float]:
    """The pauses made between questions, in seconds: `clock` has them, the test has not."""
    made: list[float] = []

    async def sleep(pause_s: float) -> None:
        made.append(pause_s)
        clock.advance(pause_s)

    monkeypatch.setattr(decide, "asyncio", SimpleNamespace(sleep=sleep))
    return made


@pytest.fixture
async def leap(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Let so many seconds pass at once, for every time limit of the event loop."""
    loop = asyncio.get_running_loop()
    now_s = loop.time
    leapt_s = 0.0

    def leap(seconds: float) -> None:
        nonlocal leapt_s
        leapt_s += seconds

    monkeypatch.setattr(loop, "time", lambda: now_s() + leapt_s)
    return leap


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Tls:
    """Two sides of a certificate for 127.0.0.1."""
    openssl = shutil.which("openssl")
    require(openssl is not None, "the program openssl")
    return make_tls(str(openssl), tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session", params=KINDS)
def broker(request: pytest.FixtureRequest) -> Iterator[BrokerProcess]:
    """Names keep the tests apart."""
    with running_broker(request.param) as process:
        yield process


@pytest.fixture
def name() -> str:
    """A name in the topics that no other test uses."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def bus(broker: BrokerProcess, name: str) -> AsyncIterator[Bus]:
    """The conductor's."""
    async with Bus(broker.url, f"conductor-{name}") as connected:
        yield connected


@dataclass(frozen=True)
class Backend:
    """The reference backend, and the key to it."""

    url: str
    client: httpx.AsyncClient

    async def populate(self, population: Population) -> None:
        """Make it hold exactly this."""
        body = msgspec.json.encode(population)
        (await self.client.put(POPULATION_PATH, content=body)).raise_for_status()

    async def read(self, table: str) -> list[dict[str, object]]:
        """The rows of a table."""
        answer = await self.client.get(TABLE_PATH.format(table=table), params={"order": "id"})
        return msgspec.json.decode(answer.content, type=list[dict[str, object]])

    def connection(self) -> ServiceConnection:
        """One device's."""
        clock = ManualClock(tick_ns=10)
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return ServiceConnection(self.url, KEY, clock=clock, tls=tls, timeout_s=60)


@pytest.fixture
async def backend() -> AsyncIterator[Backend]:
    """In this process, on a free port of loopback, holding nothing."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    serving = asyncio.create_task(
        serve(key=KEY, database=None, fault=None, ready=ready.set_result, stop=stop)
    )
    either: set[asyncio.Future[Any]] = {ready, serving}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    headers = {"apikey": KEY, "authorization": f"Bearer {KEY}"}
    url = ready.result()
    async with httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client:
        yield Backend(url, client)
    stop.set()
    await serving
