"""A running check-in service for each test that asks for one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import httpx
import msgspec
import pytest

from gatedrill.backend.serve import serve
from gatedrill.contract.service import (
    POPULATION_PATH,
    RPC_PATH,
    SCAN_FUNCTION,
    SCAN_LOGS_TABLE,
    TABLE_PATH,
    Population,
    ScanLogRow,
    ScanRow,
    TicketRow,
)

KEY = "a-key-that-nobody-may-ever-see"
SCANNER = str(UUID(int=0x5CA))
ALLOWANCE_S = 60.0  # far more than anything takes: only a hang reaches it


def ticket_id(number: int) -> str:
    """A UUID that is easy to tell from others."""
    return str(UUID(int=number))


@dataclass(frozen=True)
class Service:
    """A running service and a client that has its key."""

    url: str
    client: httpx.AsyncClient

    def another_client(self) -> httpx.AsyncClient:
        """A client with a connection of its own, as each device has one."""
        return _client(self.url)

    async def hold(self, *tickets: TicketRow) -> None:
        """Make the service hold exactly these tickets."""
        body = msgspec.json.encode(Population(tickets))
        (await self.client.put(POPULATION_PATH, content=body)).raise_for_status()

    async def hold_valid(self, *numbers: int) -> None:
        """Make it hold exactly these tickets, none of them scanned."""
        await self.hold(*(TicketRow(ticket_id(each), "event", "general") for each in numbers))

    async def call(self, **arguments: object) -> httpx.Response:
        """Call `scan_ticket_atomic` with these arguments, right or wrong."""
        return await self.client.post(RPC_PATH.format(function=SCAN_FUNCTION), json=arguments)

    async def scan(self, number: int, client: httpx.AsyncClient | None = None) -> ScanRow:
        """Scan one ticket."""
        answer = await (client or self.client).post(
            RPC_PATH.format(function=SCAN_FUNCTION),
            json={"p_ticket_id": ticket_id(number), "p_scanned_by": SCANNER},
        )
        assert answer.status_code == 200, answer.text
        [row] = msgspec.json.decode(answer.content, type=list[ScanRow])
        return row

    async def read(self, table: str, query: str = "") -> list[dict[str, object]]:
        """The rows of a table."""
        answer = await self.client.get(f"{TABLE_PATH.format(table=table)}?{query}")
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=list[dict[str, object]])

    async def logs(self) -> list[ScanLogRow]:
        """The whole log, in order."""
        rows = await self.read(SCAN_LOGS_TABLE, "order=id")
        return msgspec.convert(rows, list[ScanLogRow])


Start = Callable[..., AbstractAsyncContextManager[Service]]


def _client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=url,
        headers={"apikey": KEY, "Authorization": f"Bearer {KEY}"},
        timeout=ALLOWANCE_S,
        trust_env=False,
    )


@asynccontextmanager
async def _running(
    fault: str | None = None, database: Path | None = None
) -> AsyncIterator[Service]:
    stop = asyncio.Event()
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(key=KEY, database=database, fault=fault, ready=ready.set_result, stop=stop)
    )
    waiting: set[asyncio.Future[None] | asyncio.Future[str]] = {serving, ready}
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        serving.result()
    try:
        async with _client(ready.result()) as client:
            yield Service(ready.result(), client)
    finally:
        stop.set()
        await serving


@pytest.fixture
def start() -> Start:
    """Start a service: `async with start(fault=…, database=…) as service`."""
    return _running


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """The honest service with a file of its own."""
    async with _running() as running:
        yield running
