"""Both brokers, one process each for the whole session; names keep the tests apart."""

import uuid
from collections.abc import AsyncIterator, Iterator

import pytest
from broker_process import KINDS, BrokerProcess, running_broker

from gatedrill.broker.bus import Bus


@pytest.fixture(scope="session", params=KINDS)
def broker(request: pytest.FixtureRequest) -> Iterator[BrokerProcess]:
    with running_broker(request.param) as process:
        yield process


@pytest.fixture
def name() -> str:
    """A name in the topics that no other test uses."""
    return f"t{uuid.uuid4().hex[:12]}"


@pytest.fixture
async def bus(broker: BrokerProcess, name: str) -> AsyncIterator[Bus]:
    async with Bus(broker.url, f"test-{name}") as connected:
        yield connected
