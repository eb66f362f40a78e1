import asyncio
import logging
import signal
import socket
import sqlite3
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from services import require
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gatedrill.backend.serve import serve
from gatedrill.contract.errors import UsageError

if TYPE_CHECKING:
    from backend.conftest import Start

KEY = "a-key-that-nobody-may-ever-see"
SHOWN = {"apikey": KEY, "authorization": f"Bearer {KEY}"}
SCANNER = "00000000-0000-0000-0000-0000000005ca"
STOPS_WITHIN_S = 2.0


async def refused(
    host: str = "127.0.0.1",
    port: int = 0,
    key: str = KEY,
    database: Path | None = None,
    store_url: str | None = None,
) -> str:
    """The message with which the service refuses to start."""
    with pytest.raises(UsageError) as caught:
        await serve(
            host=host,
            port=port,
            key=key,
            database=database,
            store_url=store_url,
            fault=None,
            ready=lambda _: pytest.fail("it started"),
            stop=asyncio.Event(),
        )
    assert KEY not in str(caught.value)
    return str(caught.value)


async def begin(
    stop: asyncio.Event, host: str = "127.0.0.1", fault: str | None = None
) -> tuple[str, asyncio.Task[None]]:
    """The URL of a service that has started, and its task."""
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve(host=host, key=KEY, database=None, fault=fault, ready=ready.set_result, stop=stop)
    )
    return await ready, task


async def test_a_taken_port_is_refused_with_the_cure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert await refused(port=port) == (
            f"port {port} on 127.0.0.1 is taken: choose another with --port, or 0 for a free one"
        )


@pytest.mark.parametrize(
    ("host", "port", "said"),
    [
        ("127.0.0.1", 70000, "there is no port 70000: choose"),
        ("192.0.2.1", 0, "cannot listen on 192.0.2.1 port 0: "),
    ],
    ids=["no port", "not our address"],
)
async def test_an_address_that_cannot_be_used_is_refused(host: str, port: int, said: str) -> None:
    assert (await refused(host=host, port=port)).startswith(said)


@pytest.mark.parametrize("key", ["", "  "])
async def test_an_empty_key_is_refused(key: str) -> None:
    assert "key is empty" in await refused(key=key)


async def test_a_database_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    assert f"cannot open database {tmp_path}: " in await refused(database=tmp_path)
    missing = tmp_path / "missing" / "gate.db"
    assert f"cannot open database {missing}: " in await refused(database=missing)


async def test_a_file_and_a_url_at_once_are_refused(tmp_path: Path) -> None:
    said = await refused(database=tmp_path / "gate.db", store_url="postgresql://127.0.0.1/gate")

    assert said == "the records go into a file or to a URL, not both: give one of them"


async def test_postgresql_without_its_package_is_refused_with_the_cure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    monkeypatch.delitem(sys.modules, "gatedrill.backend.postgres_store", raising=False)

    said = await refused(store_url="postgresql://127.0.0.1/gate")

    assert said == "PostgreSQL needs the package asyncpg: pip install 'gatedrill[postgres]'"


async def test_it_accepts_connections_when_it_says_that_it_is_ready() -> None:
    connected = []
    stop = asyncio.Event()

    def connect(url: str) -> None:
        parts = httpx.URL(url)
        with socket.create_connection((parts.host, parts.port or 0)):
            connected.append(parts.port)
        stop.set()

    await serve(key=KEY, database=None, fault=None, ready=connect, stop=stop)

    assert len(connected) == 1


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


async def test_ipv6_addresses_stand_in_brackets() -> None:
    require(has_ipv6(), "an IPv6 loopback address")
    stop = asyncio.Event()
    url, serving = await begin(stop, host="::1")
    async with httpx.AsyncClient(base_url=url, headers=SHOWN, trust_env=False) as client:
        answer = await client.get("/gatedrill/about")
    stop.set()
    await serving

    assert url.startswith("http://[::1]:")
    assert answer.status_code == 200


async def half_a_request(url: str) -> asyncio.StreamWriter:
    """A connection on which a request lacks its last byte, and which stays open."""
    _, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(url).port)
    headers = {**SHOWN, "host": "gate", "content-length": "2"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"PUT /gatedrill/population HTTP/1.1\r\n{head}\r\n{{".encode())
    await writer.drain()
    return writer


End = Callable[[asyncio.Event, "asyncio.Task[None]"], None]


def by_event(stop: asyncio.Event, _: "asyncio.Task[None]") -> None:
    stop.set()


def by_cancelling(_: asyncio.Event, serving: "asyncio.Task[None]") -> None:
    serving.cancel()


@pytest.mark.parametrize("end", [by_event, by_cancelling])
async def test_it_stops_in_time_with_connections_open_and_says_nothing(
    end: End, caplog: pytest.LogCaptureFixture
) -> None:
    stop = asyncio.Event()
    url, serving = await begin(stop)
    async with httpx.AsyncClient(base_url=url, headers=SHOWN, trust_env=False) as client:
        await client.get("/gatedrill/about")
        writer = await half_a_request(url)
        await client.get("/gatedrill/about")  # by now the service has read the half request

        end(stop, serving)
        done, _ = await asyncio.wait({serving}, timeout=STOPS_WITHIN_S)

        assert done == {serving}
        assert serving.cancelled() == (end is by_cancelling)
        with pytest.raises(httpx.ConnectError):
            await client.get("/gatedrill/about")
    writer.close()
    await writer.wait_closed()
    assert caplog.text == ""


async def test_an_answer_under_way_is_finished_before_it_stops() -> None:
    stop = asyncio.Event()
    url, serving = await begin(stop, fault="slow-350ms")
    scan = {"p_ticket_id": SCANNER, "p_scanned_by": SCANNER}
    async with httpx.AsyncClient(base_url=url, headers=SHOWN, trust_env=False) as client:
        scanning = asyncio.create_task(client.post("/rest/v1/rpc/scan_ticket_atomic", json=scan))
        while (await client.get("/rest/v1/scan_logs")).json() == []:
            pass
        stop.set()
        answer = await scanning
    await serving

    assert answer.json()[0]["error_message"] == "Ticket not found"


async def test_a_client_that_leaves_amid_its_request_is_no_failure(
    start: "Start", caplog: pytest.LogCaptureFixture
) -> None:
    async with start() as service:
        writer = await half_a_request(service.url)
        await service.client.get("/gatedrill/about")
        writer.close()
        await writer.wait_closed()
        await service.client.get("/gatedrill/about")

    assert caplog.text == ""


async def test_when_its_caller_fails_on_being_told_it_stops_too() -> None:
    urls = []

    def fail(url: str) -> None:
        urls.append(url)
        raise LookupError("no terminal")

    with pytest.raises(LookupError):
        await serve(key=KEY, database=None, fault=None, ready=fail, stop=asyncio.Event())

    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(urls[0])


async def test_signals_stay_with_the_caller(start: "Start") -> None:
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]

    async with start():
        assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


def files_in(folder: Path) -> list[str]:
    return [file.name for file in folder.rglob("*")]


async def test_without_a_database_nothing_is_left_behind(
    start: "Start", tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    async with start() as service:
        await service.hold_valid(1)
        assert "check-in.sqlite3" in files_in(tmp_path)

    assert files_in(tmp_path) == []


async def test_no_small_answer_waits_for_an_acknowledgement(
    start: "Start", monkeypatch: pytest.MonkeyPatch
) -> None:
    no_delay = []
    connection_made = HttpToolsProtocol.connection_made

    def look(protocol: HttpToolsProtocol, transport: asyncio.Transport) -> None:
        connection = transport.get_extra_info("socket")
        no_delay.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        connection_made(protocol, transport)

    monkeypatch.setattr(HttpToolsProtocol, "connection_made", look)
    async with start() as service:
        await service.client.get("/gatedrill/about")

    assert no_delay == [1]


async def test_the_key_shows_up_in_no_answer_and_no_log(
    start: "Start", tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "gate.db"
    async with start(database=file) as service:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("DROP TABLE tickets")
        answers = [
            await service.client.get("/gatedrill/about"),
            await service.client.get("/nowhere"),
            await service.client.get("/gatedrill/about", headers={"apikey": "wrong"}),
            await service.call(p_ticket_id="x"),
            await service.call(p_ticket_id=SCANNER, p_scanned_by=SCANNER),
        ]

    assert [answer.status_code for answer in answers] == [200, 404, 401, 404, 500]
    assert KEY not in "".join(f"{answer.text}{answer.headers}" for answer in answers)
    of_the_service = [each for each in caplog.records if not each.name.startswith("http")]
    logged = "\n".join(map(logging.Formatter().format, of_the_service))
    assert "no such table" in logged
    assert KEY not in logged
