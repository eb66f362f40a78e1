"""A running check-in service for each test that asks for one."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest
from postgres_server import postgres_server

from gatedrill.backend.instants import utc_now
from gatedrill.backend.postgres_store import SCHEMA, PostgresStore
from gatedrill.backend.serve import serve
from gatedrill.backend.sqlite_store import SqliteStore
from gatedrill.backend.store import Store
from gatedrill.contract.service import (
    BUSY,
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
        await self.populate(Population(tickets))

    async def populate(self, population: Population) -> None:
        """Make the service hold exactly this."""
        body = msgspec.json.encode(population)
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

    async def scan_until_decided(
        self, number: int, client: httpx.AsyncClient | None = None
    ) -> ScanRow:
        """Scan one ticket, again for as long as another scanner holds its row."""
        while (row := await self.scan(number, client)).error_message == BUSY:
            pass
        return row

    async def post(self, path: str, **body: object) -> httpx.Response:
        """Post a JSON object."""
        return await self.client.post(path, json=body)

    async def answer(self, function: str, **arguments: object) -> dict[str, object]:
        """What a function that answers a bare object answers."""
        answer = await self.post(RPC_PATH.format(function=function), **arguments)
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=dict[str, object])

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
    fault: str | None = None, database: Path | None = None, store_url: str | None = None
) -> AsyncIterator[Service]:
    stop = asyncio.Event()
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(
        serve(
            key=KEY,
            database=database,
            store_url=store_url,
            fault=fault,
            ready=ready.set_result,
            stop=stop,
        )
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


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL database that is ours alone."""
    with postgres_server() as url:
        yield url


@pytest.fixture
async def empty_postgres(postgres: str) -> str:
    """The same, with nothing in it."""
    connection = await asyncpg.connect(postgres)
    await connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
    await connection.close()
    return postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest) -> str | None:
    """Each store in turn: None for a file, else the URL of an empty database."""
    return request.getfixturevalue("empty_postgres") if request.param == "postgresql" else None


@pytest.fixture
async def either(store_url: str | None) -> AsyncIterator[Service]:
    """The honest service, on each store in turn."""
    async with _running(store_url=store_url) as running:
        yield running


OpenStore = Callable[..., AbstractAsyncContextManager[Store]]


@pytest.fixture
def open_store(store_url: str | None, tmp_path: Path) -> OpenStore:
    """Open each store in turn: `async with open_store(…) as store`, the same each time."""

    def opened(
        *, guarded: bool = True, now: Callable[[], str] = utc_now
    ) -> AbstractAsyncContextManager[Store]:
        if store_url is None:
            return SqliteStore.open(tmp_path / "gate.db", guarded=guarded, now=now)
        return PostgresStore.open(store_url, guarded=guarded, now=now)

    return opened
