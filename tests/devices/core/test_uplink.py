"""A device's way through the uplink, from what it asks for to what it makes of a failure."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest
from device_fakes import ManualClock
from running_uplink import (
    TRUSTING_NOBODY,
    RunningUplink,
    running_uplink,
    until_all_sent_has_arrived,
)
from scripted_service import ScriptedService, Tls, answer, scripted_service, silent

from gatedrill.contract.attempt import AskKind
from gatedrill.contract.errors import UsageError
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.contract.uplink import UplinkFault, UplinkFaultKind
from gatedrill.devices.checkin import Ticket
from gatedrill.devices.connection import ServiceAnswer, ServiceConnection, ServiceRequest
from gatedrill.devices.supabase_checkin import SupabaseCheckIn
from gatedrill.devices.tunnel import Uplink

SCAN = ServiceRequest(AskKind.SCAN, "/scan", b'{"p_ticket_id": "T-1"}')
TIMEOUT_S = 60.0
Leap = Callable[[float], None]


def as_it_is(given: ServiceAnswer) -> ServiceAnswer:
    return given


@contextlib.asynccontextmanager
async def connection(url: str, uplink: Uplink | None) -> AsyncIterator[ServiceConnection]:
    made = ServiceConnection(
        url,
        "key",
        clock=ManualClock(tick_ns=10),
        tls=TRUSTING_NOBODY,
        timeout_s=TIMEOUT_S,
        uplink=uplink,
    )
    try:
        yield made
    finally:
        await made.close()


class Gate:
    """A service, the uplink to it, and one device's connection through it."""

    def __init__(
        self, service: ScriptedService, uplink: RunningUplink, connection: ServiceConnection
    ) -> None:
        self.service = service
        self.uplink = uplink
        self.connection = connection

    async def failure(self) -> Reason | None:
        """Why a scan got no answer."""
        return (await self.connection.send(SCAN, as_it_is)).failure

    async def put(self, kind: UplinkFaultKind) -> None:
        await self.uplink.put(UplinkFault("f", kind, ("gate-01",), delay_ms=1))


@pytest.fixture
async def gate() -> AsyncIterator[Gate]:
    async with (
        scripted_service() as service,
        running_uplink(service.url) as uplink,
        connection(service.url, uplink.of("gate-01")) as made,
    ):
        yield Gate(service, uplink, made)


@contextlib.asynccontextmanager
async def saying(said: bytes) -> AsyncIterator[tuple[Uplink, list[bytes]]]:
    """Something that is no uplink, says this and hangs up; and what it was told."""
    told = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield Uplink("127.0.0.1", server.sockets[0].getsockname()[1], "gate-07"), told


@pytest.mark.parametrize(
    ("url", "authority"),
    [("http://service.test:8000", b"service.test:8000"), ("http://[::1]", b"[::1]:80")],
)
async def test_a_device_asks_for_the_service_and_names_itself(url: str, authority: bytes) -> None:
    async with saying(b"") as (uplink, told), connection(url, uplink) as made:
        await made.send(SCAN, as_it_is)
    assert told == [
        b"CONNECT %b HTTP/1.1\r\nhost: %b\r\nx-gatedrill-device: gate-07\r\n\r\n"
        % (authority, authority)
    ]


@pytest.mark.parametrize(
    "said",
    [b"", b"\x16\x03\x01", b"HTTP/1.1 403 No\r\ncontent-length: 0\r\n\r\n", b"HTTP/1.1 200 half"],
)
async def test_an_uplink_that_opens_no_tunnel_is_a_broken_connection(said: bytes) -> None:
    async with saying(said) as (uplink, _), connection("http://service.test", uplink) as made:
        assert (await made.send(SCAN, as_it_is)).failure is Reason.CONNECTION


async def test_an_uplink_that_is_not_there_is_a_broken_connection() -> None:
    async with connection("http://service.test", Uplink("127.0.0.1", 1, "gate-01")) as made:
        assert (await made.send(SCAN, as_it_is)).failure is Reason.CONNECTION


async def test_a_held_question_without_a_tunnel_cannot_be_parked() -> None:
    async with connection("http://service.test", Uplink("127.0.0.1", 1, "gate-01")) as made:
        held = made.hold(SCAN, as_it_is)
        assert await held.until_parked() is Reason.CONNECTION
        await held.withdraw()


async def test_a_dead_line_is_waited_for_as_long_as_an_answer(gate: Gate, leap: Leap) -> None:
    await gate.put(UplinkFaultKind.DOWN)
    asking = asyncio.create_task(gate.failure())
    await gate.uplink.until_tunnels(1)
    leap(TIMEOUT_S - 1)
    await until_all_sent_has_arrived()
    assert not asking.done()
    leap(2)
    assert await asking is Reason.TIMEOUT
    await gate.uplink.until_tunnels(0)
    assert gate.service.calls == []


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (UplinkFaultKind.DOWN, Reason.TIMEOUT),
        (UplinkFaultKind.ANSWERS_LOST, Reason.TIMEOUT),
        (UplinkFaultKind.LOSSY, Reason.CONNECTION),
        (UplinkFaultKind.SLOW, None),
    ],
)
async def test_what_a_fault_comes_to_at_the_device(
    gate: Gate, leap: Leap, kind: UplinkFaultKind, reason: Reason | None
) -> None:
    await gate.connection.warm()
    await gate.put(kind)
    asking = asyncio.create_task(gate.failure())
    await until_all_sent_has_arrived()
    if reason is Reason.TIMEOUT:
        leap(TIMEOUT_S)
    assert await asking is reason
    acted = {UplinkFaultKind.DOWN: 0, UplinkFaultKind.ANSWERS_LOST: 1, UplinkFaultKind.SLOW: 1}
    assert len(gate.service.scans) == acted.get(kind, len(gate.service.scans))
    await gate.uplink.put()
    assert await gate.failure() is None


async def test_garbage_is_an_answer_that_is_none(gate: Gate) -> None:
    await gate.put(UplinkFaultKind.GARBAGE)
    checkin = SupabaseCheckIn(
        gate.connection, device="gate-01", scanned_by="somebody", event_id="tonight"
    )
    reply = await checkin.ask(Ticket("T-1"))
    assert reply.outcome == Outcome(OutcomeKind.UNKNOWN, Reason.BAD_ANSWER)
    assert reply.ask.http_status == 200


async def test_ten_held_questions_are_complete_only_when_they_are_released() -> None:
    async with contextlib.AsyncExitStack() as stack:
        service = await stack.enter_async_context(scripted_service())
        uplink = await stack.enter_async_context(running_uplink(service.url))
        devices = [
            await stack.enter_async_context(connection(service.url, uplink.of(f"gate-{number:02}")))
            for number in range(10)
        ]
        for device in devices:
            await device.warm()
        held = [device.hold(SCAN, as_it_is) for device in devices]
        assert [await each.until_parked() for each in held] == [None] * 10
        await until_all_sent_has_arrived()
        assert service.scans == []
        for each in held:
            each.release()
        await service.until(lambda: len(service.scans) == 10)
        for each in held:
            each.resume()
        assert {(await each.reply()).http_status for each in held} == {200}
        assert len(service.received) == 10


async def test_https_is_between_the_device_and_the_service(tls: Tls) -> None:
    async with scripted_service(tls.server) as service, running_uplink(service.url) as uplink:
        made = ServiceConnection(
            service.url,
            "key",
            clock=ManualClock(tick_ns=10),
            tls=tls.client,
            timeout_s=TIMEOUT_S,
            uplink=uplink.of("gate-01"),
        )
        assert (await made.send(SCAN, as_it_is)).http_status == 200
        await made.close()


async def test_patience_can_be_changed_between_questions(gate: Gate, leap: Leap) -> None:
    gate.service.script = silent
    assert gate.connection.timeout_s == TIMEOUT_S
    gate.connection.timeout_s = 1.5
    asking = asyncio.create_task(gate.failure())
    await gate.service.until(lambda: bool(gate.service.scans))
    leap(2)
    assert await asking is Reason.TIMEOUT
    held = gate.connection.hold(SCAN, as_it_is)
    assert await held.until_parked() is None
    held.release()
    held.resume()
    await gate.service.until(lambda: len(gate.service.scans) == 2)
    replying = asyncio.create_task(held.reply())
    await until_all_sent_has_arrived()
    leap(2)
    assert (await replying).failure is Reason.TIMEOUT


async def test_more_patience_is_had_as_well(gate: Gate, leap: Leap) -> None:
    gate.service.script = silent
    gate.connection.timeout_s = 2 * TIMEOUT_S
    asking = asyncio.create_task(gate.failure())
    await gate.service.until(lambda: bool(gate.service.scans))
    leap(1.5 * TIMEOUT_S)
    await until_all_sent_has_arrived()
    assert not asking.done()
    leap(TIMEOUT_S)
    assert await asking is Reason.TIMEOUT


DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
DATE_NS = 784_111_777_000_000_000


@pytest.mark.parametrize(
    ("headers", "stated"),
    [
        ({}, None),
        ({"x-gatedrill-time-ns": str(DATE_NS + 5)}, (DATE_NS + 5, 1)),
        ({"date": DATE}, (DATE_NS, 1_000_000_000)),
        ({"x-gatedrill-time-ns": "5", "date": DATE}, (5, 1)),
        ({"x-gatedrill-time-ns": "-5", "date": DATE}, (DATE_NS, 1_000_000_000)),
        ({"date": "yesterday"}, None),
        ({"date": "Sun, 06 Nov 99999999999 08:49:37 GMT"}, None),
    ],
)
async def test_an_answer_carries_the_service_s_time_of_day(
    gate: Gate, headers: dict[str, str], stated: tuple[int, int] | None
) -> None:
    said = answer(200, b"[]", **{name.replace("-", "_"): each for name, each in headers.items()})
    gate.service.script = lambda _call: asyncio.sleep(0, said)
    got = await gate.connection.send(SCAN, as_it_is)
    assert got.stated == stated


async def test_no_answer_tells_no_time(gate: Gate) -> None:
    gate.service.script = lambda _call: asyncio.sleep(0, None)
    got = await gate.connection.send(SCAN, as_it_is)
    assert (got.failure, got.stated) == (Reason.CONNECTION, None)


def test_an_uplink_is_named_by_its_url() -> None:
    assert Uplink.parse("http://127.0.0.1:8888", "gate-01") == ("127.0.0.1", 8888, "gate-01")
    assert Uplink.parse("http://[::1]:8888/", "gate-01") == ("::1", 8888, "gate-01")


@pytest.mark.parametrize(
    "url", ["", "127.0.0.1:8888", "https://h:1", "http://h", "http://h:99999", "http://a:b@h:1"]
)
def test_what_is_no_uplink_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="write http://host:port"):
        Uplink.parse(url, "gate-01")
