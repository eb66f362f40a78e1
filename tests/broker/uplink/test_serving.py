"""The uplink as a thing on a port: whom it lets through, who may change it, how it ends."""

import asyncio
import contextlib
import resource
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from running_uplink import UPLINK_KEY, running_uplink, until_all_sent_has_arrived
from scripted_service import Tls, answer, scripted_service, silent
from services import require

from gatedrill.broker.uplink.serve import serve
from gatedrill.cli.uplink_control import UplinkControl
from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.contract.uplink import UplinkFault, UplinkFaultKind, UplinkHealth

if TYPE_CHECKING:
    from broker.uplink.conftest import Gates

MANY = 1000
WAVE = 50
"""As many as the service of these tests lets wait."""
DOWN = UplinkFault("d", UplinkFaultKind.DOWN)
SLOW = UplinkFault("s", UplinkFaultKind.SLOW, devices=("gate-01",), delay_ms=60_000)


def connect(authority: str, more: bytes = b"") -> bytes:
    return f"CONNECT {authority} HTTP/1.1\r\nhost: {authority}\r\n\r\n".encode() + more


async def status_of(gates: "Gates", sent: bytes) -> int:
    """What the uplink answers to these bytes."""
    reader, writer = await gates.uplink.raw(sent)
    status = (await reader.readline()).split()[1]
    writer.close()
    return int(status)


@pytest.mark.parametrize(
    "authority", ["127.0.0.1:1", "localhost:{port}", "127.0.0.1:{port}0", "example.org:443", "x"]
)
async def test_no_tunnel_leads_anywhere_but_to_the_service(gates: "Gates", authority: str) -> None:
    named = authority.format(port=gates.service.port)
    assert await status_of(gates, connect(named)) == 403
    assert gates.service.received == []
    assert (await gates.uplink.health()).tunnels == 0


async def test_what_is_sent_before_the_tunnel_is_open_arrives_all_the_same(gates: "Gates") -> None:
    request = b"GET /early HTTP/1.1\r\nhost: x\r\n\r\n"
    _, writer = await gates.uplink.raw(connect(f"127.0.0.1:{gates.service.port}", request))
    await gates.service.until(lambda: bool(gates.service.calls))
    assert bytes(gates.service.received[0]) == request
    writer.close()


async def test_a_service_that_is_not_there_is_told_at_once() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        async with running_uplink(url) as uplink, uplink.client(url, "gate-01") as client:
            with pytest.raises(httpx.ConnectError):
                await client.get("/")
            assert (await uplink.health()).tunnels == 0


async def test_any_client_that_knows_proxies_comes_through(tls: Tls) -> None:
    async with (
        scripted_service(tls.server) as service,
        running_uplink(service.url) as uplink,
        httpx.AsyncClient(proxy=uplink.url, verify=tls.client) as client,
    ):
        assert (await client.get(service.url)).status_code == 200


async def test_faults_are_changed_only_by_who_has_the_key(gates: "Gates") -> None:
    for headers in ({}, {"authorization": UPLINK_KEY}, {"authorization": "Bearer wrong"}):
        async with httpx.AsyncClient(base_url=gates.uplink.url, headers=headers) as stranger:
            answered = await stranger.put("/faults", json={"faults": []})
            assert answered.status_code == 401
            assert answered.headers["www-authenticate"] == "Bearer"
            assert UPLINK_KEY not in answered.text
    await gates.uplink.put(DOWN)
    async with UplinkControl(gates.uplink.url, "wrong") as control:
        with pytest.raises(PeerError, match="status 401"):
            await control.end("d")
    assert (await gates.uplink.health()).faults == ("d",)


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/", b"", 404),
        ("GET", "/faults", b"", 405),
        ("HEAD", "/health", b"", 405),
        ("PUT", "/health", b"", 405),
        ("PUT", "/faults", b"", 400),
        ("PUT", "/faults", b"[" * 100_000, 400),
        ("PUT", "/faults", b'{"faults": [{"id": "x", "kind": "flood"}]}', 400),
        ("PUT", "/faults", b'{"faults": [{"id": "x", "kind": "lossy", "share": 0}]}', 400),
        ("PUT", "/faults", b'{"faults": [{"id": "x", "kind": "down", "device": ["a"]}]}', 400),
        ("PUT", "/faults", b" " * 1_000_001, 413),
    ],
)
async def test_what_cannot_be_is_refused_and_changes_nothing(
    gates: "Gates", method: str, path: str, body: bytes, status: int
) -> None:
    await gates.uplink.put(DOWN)
    answered = await gates.uplink.control.request(method, path, content=body)
    assert answered.status_code == status
    assert (await gates.uplink.health()).faults == ("d",)


async def test_the_control_begins_and_ends_faults_one_by_one(gates: "Gates") -> None:
    async with UplinkControl(gates.uplink.url, UPLINK_KEY) as control:
        await asyncio.gather(control.begin(DOWN), control.begin(SLOW))
        assert (await control.health()).faults == ("d", "s")
        await control.end("d")
        await control.end("unknown")
        assert await control.health() == UplinkHealth(gates.service.url, 0, ("s",))
        await control.begin(UplinkFault("s", UplinkFaultKind.LOSSY))
        assert (await control.health()).faults == ("s",)


async def test_an_uplink_that_is_not_there_is_a_peers_failure() -> None:
    async with UplinkControl("http://127.0.0.1:1", UPLINK_KEY) as control:
        with pytest.raises(PeerError, match=r"uplink at http://127\.0\.0\.1:1 does not answer"):
            await control.begin(DOWN)


LINES = st.sampled_from(
    [b"CONNECT ", b"PUT /faults ", b"HTTP/1.1\r\n", b"\r\n\r\n", b"content-length: 9\r\n", b"{"]
)


@settings(max_examples=60, deadline=None)
@given(pieces=st.lists(st.one_of(st.binary(max_size=40), LINES), max_size=8))
def test_no_bytes_put_the_uplink_out_of_step(pieces: list[bytes]) -> None:
    async def babble() -> None:
        broken: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda _loop, said: broken.append(said))
        async with running_uplink("http://127.0.0.1:1") as uplink:
            _, writer = await uplink.raw(b"".join(pieces))
            await until_all_sent_has_arrived()
            writer.write_eof()
            assert (await uplink.health()).faults == ()
            writer.close()
        assert broken == []

    asyncio.run(babble())


@pytest.fixture
def many_files() -> Iterator[None]:
    """All ends of all tunnels are in this process."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    require(hard == resource.RLIM_INFINITY or hard > 5 * MANY, "enough open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
async def test_a_thousand_devices_come_at_one_instant(gates: "Gates") -> None:
    ask = connect(f"127.0.0.1:{gates.service.port}")
    opened = await asyncio.gather(*(gates.uplink.raw(b"") for _ in range(MANY)))
    for first in range(0, MANY, WAVE):
        for _, writer in opened[first : first + WAVE]:
            writer.write(ask)
        for reader, _ in opened[first : first + WAVE]:
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
    assert (await gates.uplink.health()).tunnels == MANY
    for number, (_, writer) in enumerate(opened):
        writer.write(f"GET /{number} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
    for reader, writer in opened:
        assert b" 200 " in await reader.readline()
        writer.close()
    assert {call.target for call in gates.service.calls} == {f"/{each}" for each in range(MANY)}
    await gates.uplink.until_tunnels(0)


async def test_it_stops_whatever_is_under_way() -> None:
    async with scripted_service() as service:
        async with running_uplink(service.url) as uplink:
            clients = [uplink.client(service.url, f"gate-0{each}") for each in range(1, 4)]
            await uplink.put(SLOW, UplinkFault("d", UplinkFaultKind.DOWN, devices=("gate-02",)))
            service.script = lambda call: silent(call) if call.target == "/silent" else said(call)
            paths = ("/slow", "/dead", "/silent")
            asking = [
                asyncio.create_task(client.get(path))
                for client, path in zip(clients, paths, strict=True)
            ]
            await service.until(lambda: len(service.calls) == 2)
            await uplink.until_tunnels(3)
            reader, writer = await uplink.raw(b"PUT /faults HTTP/1.1\r\n")
            await until_all_sent_has_arrived()
        ended = await asyncio.gather(*asking, return_exceptions=True)
        assert [isinstance(each, httpx.TransportError) for each in ended] == [True] * 3
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
        for client in clients:
            await client.aclose()


async def said(_call: object) -> bytes:
    return answer(200, b"late")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"host": "0.0.0.0"}, "not this machine's loopback address"),
        ({"key": " "}, "key is empty"),
        ({"target": "ftp://127.0.0.1"}, r"is no URL of a service: write http\(s\)"),
        ({"target": "http://127.0.0.1:99999"}, "is no URL of a service"),
    ],
)
async def test_settings_that_cannot_be_are_refused(changed: dict[str, str], message: str) -> None:
    wanted = {"target": "http://127.0.0.1:1", "key": "k", "host": "127.0.0.1"} | changed
    with pytest.raises(UsageError, match=message):
        await serve(
            target=wanted["target"],
            key=wanted["key"],
            host=wanted["host"],
            ready=pytest.fail,
            stop=asyncio.Event(),
        )


async def test_a_port_that_is_taken_is_told(gates: "Gates") -> None:
    with pytest.raises(UsageError, match="is taken: choose another with --port"):
        await serve(
            target="http://127.0.0.1:1",
            key="k",
            port=gates.uplink.port,
            ready=pytest.fail,
            stop=asyncio.Event(),
        )
