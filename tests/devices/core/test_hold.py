"""The last byte, as the wire sees it: what had arrived when, byte by byte."""

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

import httpx
import pytest
from running_uplink import running_uplink, until_all_sent_has_arrived
from scripted_service import (
    Call,
    Recorder,
    ScriptedService,
    always,
    answer,
    recording_relay,
    scripted_service,
)

from gatedrill.devices.hold import HOLD, Hold, HoldingTransport

CLIENTS = 5


class Venue(NamedTuple):
    """A service, the wire to it, and a client for each of some devices."""

    service: ScriptedService
    wire: Recorder
    clients: list[httpx.AsyncClient]


@asynccontextmanager
async def venue(
    server: ssl.SSLContext | None,
    client: ssl.SSLContext,
    count: int = CLIENTS,
    *,
    tunnelled: bool = False,
) -> AsyncIterator[Venue]:
    """With `server` the wire carries TLS, and is recorded beneath it.

    If it is `tunnelled`, an uplink is between the clients and what is recorded.
    """
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(scripted_service(server))
        url, wire = service.url, Recorder()
        if server is None:
            wire = service
        else:
            port, wire = await stack.enter_async_context(recording_relay(service.port))
            url = f"https://127.0.0.1:{port}"
        uplink = None
        if tunnelled:
            uplink = (await stack.enter_async_context(running_uplink(url))).of("gate-01")
        clients = [
            await stack.enter_async_context(
                httpx.AsyncClient(
                    base_url=url, transport=HoldingTransport(client, uplink), trust_env=False
                )
            )
            for _ in range(count)
        ]
        yield Venue(service, wire, clients)


@pytest.fixture(params=["http", "https", "http tunnelled", "https tunnelled"])
async def gate(request: pytest.FixtureRequest) -> AsyncIterator[Venue]:
    scheme, *tunnelled = request.param.split()
    server, client = None, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if scheme == "https":
        server, client = request.getfixturevalue("tls")
    async with venue(server, client, tunnelled=bool(tunnelled)) as built:
        yield built


@pytest.fixture
async def plain_gate() -> AsyncIterator[Venue]:
    """One client, without TLS."""
    async with venue(None, ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), count=1) as built:
        yield built


class Body(NamedTuple):
    """Content that can be sent again and again: in one piece, or in chunks."""

    pieces: tuple[bytes, ...]

    @property
    def content(self) -> bytes | AsyncIterator[bytes]:
        return self.pieces[0] if len(self.pieces) == 1 else self._chunks()

    async def _chunks(self) -> AsyncIterator[bytes]:
        for piece in self.pieces:
            yield piece


BODIES = [
    pytest.param(Body((b'{"p_ticket_id":"A"}',)), id="a scan"),
    pytest.param(Body((b"x",)), id="one byte"),
    pytest.param(Body((b"",)), id="no body"),
    pytest.param(Body((b"0123456789abcdef" * 20_000,)), id="320 kB"),
    pytest.param(Body((b"first ", b"second ", b"third")), id="chunks"),
    pytest.param(Body((b"x" * 100_000, b"y")), id="large chunks"),
]


class Held(NamedTuple):
    """A request with its hold."""

    hold: Hold
    asking: asyncio.Task[httpx.Response]

    def let_go(self) -> None:
        self.hold.release()
        self.hold.resume()


def begin(client: httpx.AsyncClient, body: Body) -> Held:
    hold = Hold()
    asking = asyncio.create_task(
        client.post("/scan", content=body.content, extensions={HOLD: hold}, timeout=None)
    )
    return Held(hold, asking)


async def sizes_of_a_request(built: Venue, body: Body) -> list[tuple[int, int]]:
    """For each connection what it has carried so far, and what one such request takes on it."""
    for client in built.clients:
        await client.post("/scan", content=body.content)
    before = [len(received) for received in built.wire.received]
    for client in built.clients:
        await client.post("/scan", content=body.content)
    after = [len(received) for received in built.wire.received]
    return [(now, now - earlier) for earlier, now in zip(before, after, strict=True)]


@pytest.mark.parametrize("body", BODIES)
async def test_before_the_release_every_request_lacks_exactly_its_last_byte(
    gate: Venue, body: Body
) -> None:
    sizes = await sizes_of_a_request(gate, body)
    gate.service.calls.clear()
    held = [begin(client, body) for client in gate.clients]
    for each in held:
        await each.hold.until_parked()

    def missing() -> list[int]:
        return [
            carried + size - len(received)
            for (carried, size), received in zip(sizes, gate.wire.received, strict=True)
        ]

    await gate.wire.until(lambda: max(missing()) <= 1)
    await until_all_sent_has_arrived()
    assert missing() == [1] * CLIENTS
    assert gate.service.calls == []
    for each in held:
        each.hold.release()
    await gate.service.until(lambda: len(gate.service.calls) == CLIENTS)
    for each in held:
        each.hold.resume()
    responses = [await each.asking for each in held]
    assert [response.status_code for response in responses] == [200] * CLIENTS
    assert [call.body for call in gate.service.calls] == [b"".join(body.pieces)] * CLIENTS
    assert missing() == [0] * CLIENTS
    assert len(gate.wire.received) == CLIENTS, "no connection was opened anew"


async def test_all_are_released_before_any_goes_on_to_its_answer(gate: Venue) -> None:
    body = Body((b"x",))
    await sizes_of_a_request(gate, body)
    gate.service.calls.clear()
    held = [begin(client, body) for client in gate.clients]
    for each in held:
        await each.hold.until_parked()
    for each in held:
        each.hold.release()
    await gate.service.until(lambda: len(gate.service.calls) == CLIENTS)
    await until_all_sent_has_arrived()
    assert not any(each.asking.done() for each in held)
    for each in held:
        each.hold.resume()
        await each.asking


@pytest.mark.parametrize("body", BODIES)
async def test_requests_without_a_hold_pass_before_and_after_on_the_same_connection(
    gate: Venue, body: Body
) -> None:
    client = gate.clients[0]
    for _ in range(2):
        assert (await client.get("/warm")).status_code == 200
        held = begin(client, body)
        await held.hold.until_parked()
        held.let_go()
        assert (await held.asking).status_code == 200
        assert (await client.post("/scan", content=body.content)).status_code == 200
    assert [call.body for call in gate.service.calls] == 2 * [
        b"",
        b"".join(body.pieces),
        b"".join(body.pieces),
    ]
    assert len(gate.wire.received) == 1


async def test_on_a_connection_of_its_own_a_request_is_held_as_well(plain_gate: Venue) -> None:
    held = begin(plain_gate.clients[0], Body((b"body",)))
    await held.hold.until_parked()
    await plain_gate.wire.until(lambda: b"\r\n\r\nbod" in b"".join(plain_gate.wire.received))
    assert bytes(plain_gate.wire.received[0]).endswith(b"bod")
    held.let_go()
    assert (await held.asking).status_code == 200


async def test_a_request_that_opens_a_tls_connection_is_late_but_not_early(gate: Venue) -> None:
    held = begin(gate.clients[0], Body((b"body",)))
    await held.hold.until_parked()
    await until_all_sent_has_arrived()
    assert gate.service.calls == []
    held.let_go()
    assert (await held.asking).status_code == 200
    assert [call.body for call in gate.service.calls] == [b"body"]


async def test_a_release_before_all_is_written_lets_the_whole_request_go(gate: Venue) -> None:
    held = begin(gate.clients[0], Body((b"body",)))
    held.let_go()
    assert (await held.asking).status_code == 200
    assert [call.body for call in gate.service.calls] == [b"body"]


async def test_a_release_that_comes_too_early_takes_effect_with_the_resumption(gate: Venue) -> None:
    await gate.clients[0].get("/warm")
    held = begin(gate.clients[0], Body((b"body",)))
    held.hold.release()
    await held.hold.until_parked()
    await until_all_sent_has_arrived()
    assert [call.method for call in gate.service.calls] == ["GET"]
    held.hold.resume()
    assert (await held.asking).status_code == 200
    assert [call.body for call in gate.service.calls] == [b"", b"body"]


async def test_releasing_twice_sends_the_byte_once(plain_gate: Venue) -> None:
    (client,) = plain_gate.clients
    await client.get("/warm")
    held = begin(client, Body((b"body",)))
    await held.hold.until_parked()
    held.let_go()
    held.let_go()
    assert (await held.asking).status_code == 200
    held.let_go()
    assert (await client.get("/after")).status_code == 200
    assert [call.target for call in plain_gate.service.calls] == ["/warm", "/scan", "/after"]
    assert bytes(plain_gate.wire.received[0]).count(b"body") == 1
    assert b"bodyy" not in plain_gate.wire.received[0]


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("notices", [False, True], ids=["at once", "noticed before"])
async def test_a_service_that_goes_while_a_request_is_parked_fails_it_after_the_release(
    gate: Venue, reset: bool, notices: bool
) -> None:
    client = gate.clients[0]
    await client.get("/warm")
    held = begin(client, Body((b"body",)))
    await held.hold.until_parked()
    gate.service.hang_up(reset=reset)
    if notices:
        await gate.service.until(lambda: not gate.service.open)
    held.let_go()
    with pytest.raises(httpx.TransportError):
        await held.asking
    assert [call.target for call in gate.service.calls] == ["/warm"], "nobody asked a second time"
    assert (await client.get("/again")).status_code == 200


async def test_the_next_request_waits_for_the_one_that_is_parked(gate: Venue) -> None:
    client = gate.clients[0]
    await client.get("/warm")
    held = begin(client, Body((b"body",)))
    await held.hold.until_parked()
    following = asyncio.create_task(client.get("/after"))
    await until_all_sent_has_arrived()
    assert [call.target for call in gate.service.calls] == ["/warm"]
    held.let_go()
    assert (await held.asking).status_code == 200
    assert (await following).status_code == 200
    assert [call.target for call in gate.service.calls] == ["/warm", "/scan", "/after"]
    assert len(gate.wire.received) == 1


async def test_a_parked_request_that_is_cancelled_is_never_completed(plain_gate: Venue) -> None:
    (client,) = plain_gate.clients
    await client.get("/warm")
    held = begin(client, Body((b"body",)))
    await held.hold.until_parked()
    held.asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await held.asking
    await plain_gate.service.until(lambda: not plain_gate.service.open)
    assert bytes(plain_gate.wire.received[0]).endswith(b"bod")
    assert (await client.get("/after")).status_code == 200
    assert [call.target for call in plain_gate.service.calls] == ["/warm", "/after"]


async def test_a_late_release_does_not_write_into_whatever_has_the_descriptor_now(
    plain_gate: Venue,
) -> None:
    (client,) = plain_gate.clients
    await client.get("/warm")
    held = begin(client, Body((b"body",)))
    await held.hold.until_parked()
    assert held.hold._socket is not None
    descriptor = held.hold._socket.fileno()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        held.asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await held.asking
        await plain_gate.service.until(lambda: not plain_gate.service.open)
        os.dup2(ours.fileno(), descriptor)
        held.let_go()
        os.close(descriptor)
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(1)


async def test_an_answer_before_the_release_is_not_read_before_it(plain_gate: Venue) -> None:
    """A service may answer what it has not read to its end; the hold stays a hold."""
    (client,) = plain_gate.clients
    await client.get("/warm")
    held = begin(client, Body((b"body",)))
    await held.hold.until_parked()
    for writer in plain_gate.service.open:
        writer.write(answer(413))
    await until_all_sent_has_arrived()
    assert not held.asking.done()
    held.let_go()
    assert (await held.asking).status_code == 413


async def test_a_large_answer_is_read_whole_after_the_release(gate: Venue) -> None:
    client = gate.clients[0]
    gate.service.script = always(answer(200, b"z" * 300_000))
    await client.get("/warm")
    held = begin(client, Body((b"body",)))
    await held.hold.until_parked()
    held.let_go()
    assert (await held.asking).content == b"z" * 300_000


async def test_ten_holds_one_after_the_other_on_one_connection(
    gate: Venue, leap: Callable[[float], None]
) -> None:
    async def echo(call: Call) -> bytes:
        return answer(200, call.body)

    gate.service.script = echo
    client = gate.clients[0]
    await client.get("/warm")
    for number in range(10):
        held = begin(client, Body((f"body {number}".encode(),)))
        await held.hold.until_parked()
        leap(3600)
        held.let_go()
        assert (await held.asking).text == f"body {number}"
    assert len(gate.wire.received) == 1
