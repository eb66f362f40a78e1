"""A PostgreSQL that starts later than the service, is starting, or never comes."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import asyncpg
import pytest
from heard_warnings import Warnings, heard_warnings
from ports import free_port

from gatedrill.backend.postgres_wait import wait_for_postgres
from gatedrill.backend.serve import serve
from gatedrill.contract.errors import PeerError, UsageError

KEY = "a-key-that-nobody-may-ever-see"
LONG_S = 100.0
"""Nothing may last as long: a test that needs it has failed."""


def at_port(url: str, port: int) -> str:
    """The same database at another port."""
    parts = urlsplit(url)
    return url.replace(f":{parts.port}/", f":{port}/")


@pytest.fixture
def heard() -> Iterator[Warnings]:
    with heard_warnings() as heard:
        yield heard


async def serve_at(
    url: str,
    *,
    wait_s: float = LONG_S,
    stop: asyncio.Event | None = None,
    ready: Callable[[str], None] = lambda _: pytest.fail("it started"),
) -> None:
    """Serve with the records at `url`."""
    await serve(
        key=KEY,
        database=None,
        store_url=url,
        store_wait_s=wait_s,
        fault=None,
        ready=ready,
        stop=stop or asyncio.Event(),
    )


@asynccontextmanager
async def relay(port: int, url: str) -> AsyncIterator[None]:
    """Lead those who come to `port` to the server at `url`."""

    async def lead(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection("127.0.0.1", urlsplit(url).port)
        await asyncio.gather(_pass_on(reader, there[1]), _pass_on(there[0], writer))

    async with await asyncio.start_server(lead, "127.0.0.1", port):
        yield


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


async def test_a_server_that_comes_later_is_waited_for_and_used(
    empty_postgres: str, heard: Warnings
) -> None:
    port, stop = free_port(), asyncio.Event()
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    url = at_port(empty_postgres, port)
    serving = asyncio.create_task(serve_at(url, stop=stop, ready=ready.set_result))
    line = await heard.lines.get()
    assert not ready.done()
    assert line.startswith(f"PostgreSQL at 127.0.0.1:{port}/postgres cannot be reached yet")
    async with relay(port, empty_postgres):
        assert await ready
        stop.set()
        await serving


def refusal(code: str) -> bytes:
    """How a server says why it lets nobody in: "Message Formats" in PostgreSQL's documentation."""
    fields = f"SFATAL\0C{code}\0Mno\0\0".encode()
    return b"E" + (len(fields) + 4).to_bytes(4, "big") + fields


@asynccontextmanager
async def refusing(*codes: str) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that refuses one after the other with these codes: its URL, and those left."""
    left = list(codes)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _message(reader)  # may it be encrypted?
        writer.write(b"N")
        await _message(reader)  # who is there
        writer.write(refusal(left.pop(0)))
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield f"postgresql://ann:{KEY}@127.0.0.1:{port}/venue", left


async def _message(reader: asyncio.StreamReader) -> None:
    await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big") - 4)


async def test_a_server_that_is_starting_is_waited_for_and_one_that_knows_us_not_is_not() -> None:
    starting, wrong_password = (
        asyncpg.CannotConnectNowError.sqlstate,
        asyncpg.InvalidPasswordError.sqlstate,
    )
    async with refusing(starting, starting, wrong_password) as (url, left):
        await wait_for_postgres(url, LONG_S, asyncio.Event())
        assert left == []


async def test_a_service_that_is_stopped_while_waiting_ends_without_a_word(
    heard: Warnings,
) -> None:
    stop = asyncio.Event()
    url = f"postgresql://127.0.0.1:{free_port()}/venue"
    serving = asyncio.create_task(serve_at(url, stop=stop))
    await heard.lines.get()
    stop.set()
    await serving


async def test_a_server_that_never_comes_is_named_without_the_password(heard: Warnings) -> None:
    port = free_port()
    with pytest.raises(PeerError) as caught:
        await serve_at(f"postgresql://ann:{KEY}@127.0.0.1:{port}/venue", wait_s=0.01)
    told = str(caught.value)
    assert told == f"cannot reach PostgreSQL at 127.0.0.1:{port}/venue: Connection refused"
    assert KEY not in told
    while not heard.lines.empty():
        assert KEY not in heard.lines.get_nowait()


async def test_what_is_no_url_is_refused_at_once() -> None:
    with pytest.raises(UsageError, match="not one of PostgreSQL"):
        await wait_for_postgres("mysql://127.0.0.1/venue", LONG_S, asyncio.Event())
