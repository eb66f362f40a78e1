"""Time that passes when a test says so, certificates, and brokers."""

import asyncio
import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Iterator
from types import SimpleNamespace

import pytest
from broker_process import KINDS, BrokerProcess, running_broker
from device_fakes import ManualClock
from scripted_service import Tls, make_tls
from services import require

from gatedrill.broker.bus import Bus
from gatedrill.devices import decide


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
