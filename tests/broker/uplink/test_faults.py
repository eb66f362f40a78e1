"""What each fault does, seen from both sides of the uplink."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import httpx
import pytest
from running_uplink import until_all_sent_has_arrived
from scripted_service import Call, always, answer, scripted_service, silent

from gatedrill.broker.uplink.line import Line
from gatedrill.contract.uplink import (
    Fate,
    UplinkFault,
    UplinkFaultKind,
    UplinkFaults,
    draw,
    fate,
)

if TYPE_CHECKING:
    from broker.uplink.conftest import Gates

DOWN = UplinkFault("d", UplinkFaultKind.DOWN)
ANSWERS_LOST = UplinkFault("a", UplinkFaultKind.ANSWERS_LOST)
SLOW = UplinkFault("s", UplinkFaultKind.SLOW, delay_ms=30_000)
LOSSY = UplinkFault("l", UplinkFaultKind.LOSSY)
GARBAGE = UplinkFault("g", UplinkFaultKind.GARBAGE)
BODY = b'[{"success": true}]'

Leap = Callable[[float], None]


def scans(gates: "Gates") -> int:
    return len(gates.service.scans)


async def fails(asking: asyncio.Task[httpx.Response]) -> None:
    with pytest.raises(httpx.TransportError):
        await asking


async def test_without_a_fault_everything_passes_as_it_is(gates: "Gates") -> None:
    large = bytes(range(256)) * 4096
    gates.service.script = always(answer(200, large))
    got = await gates["gate-01"].post("/scan", content=large)
    assert got.content == large
    assert gates.service.scans[0].body == large
    assert len(gates.service.received) == 1


async def test_what_is_sent_on_a_dead_line_never_reaches_the_service(gates: "Gates") -> None:
    await gates.warm("gate-01")
    await gates.uplink.put(DOWN)
    under_way, anew = gates.scan("gate-01"), gates.scan("gate-02")
    await gates.uplink.until_tunnels(2)
    await until_all_sent_has_arrived()
    assert not under_way.done()
    assert not anew.done()
    await gates.uplink.put()
    await fails(under_way)
    await fails(anew)
    assert (await gates.scan("gate-01")).content == BODY
    assert (await gates.scan("gate-02")).content == BODY
    assert scans(gates) == 2
    assert b"".join(gates.service.received).count(b"/scan") == 2
    assert len(gates.service.received) == 3, "one for each device, and the one that was cut"


async def test_a_line_that_goes_dead_while_it_dials_opens_no_tunnel() -> None:
    async with scripted_service() as service:
        line = Line(service.url)
        tunnel = line.tunnel("gate-01")
        loop = asyncio.get_running_loop()
        async with await loop.create_server(lambda: tunnel.to_device, "127.0.0.1", 0) as server:
            address = server.sockets[0].getsockname()
            reader, writer = await asyncio.open_connection(*address)
            await until_all_sent_has_arrived()
            reading = asyncio.create_task(reader.read(1))
            line.dial(tunnel, b"early")
            line.put(UplinkFaults((DOWN,)))
            await until_all_sent_has_arrived()
            assert len(service.received) == 1
            assert not reading.done()
            line.put(UplinkFaults())
            with pytest.raises(ConnectionResetError):
                await reading
            writer.close()
        await service.until(lambda: not service.open)
        assert service.received == [b""]


async def test_a_tunnel_that_is_gone_before_it_leads_anywhere_leaves_nothing_open() -> None:
    async with scripted_service() as service:
        line = Line(service.url)
        tunnel = line.tunnel("gate-01")
        line.dial(tunnel, b"early")
        tunnel.reset()
        await service.until(lambda: len(service.received) == 1 and not service.open)
        assert service.received == [b""]
        assert line.health.tunnels == 0


async def test_a_service_that_breaks_off_breaks_the_device_s_connection_off(gates: "Gates") -> None:
    authority = f"127.0.0.1:{gates.service.port}".encode()
    reader, writer = await gates.uplink.raw(b"CONNECT %b HTTP/1.1\r\nhost: x\r\n\r\n" % authority)
    await reader.readuntil(b"\r\n\r\n")
    gates.service.hang_up(reset=True)
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()


async def test_an_answer_that_comes_on_a_dead_line_is_lost(gates: "Gates") -> None:
    may_answer = asyncio.Event()

    async def patient(_call: Call) -> bytes:
        await may_answer.wait()
        return answer(200, BODY)

    await gates.warm("gate-01")
    gates.service.script = patient
    asking = gates.scan("gate-01")
    await gates.service.until(lambda: scans(gates) == 1)
    await gates.uplink.put(DOWN)
    may_answer.set()
    await until_all_sent_has_arrived()
    assert not asking.done()
    await gates.uplink.put()
    await fails(asking)


async def test_a_service_that_hangs_up_on_a_dead_line_is_not_noticed(gates: "Gates") -> None:
    await gates.warm("gate-01")
    for fault in (DOWN, ANSWERS_LOST):
        gates.service.script = silent
        await gates.uplink.put(fault)
        asking = gates.scan("gate-01")
        await until_all_sent_has_arrived()
        gates.service.hang_up(reset=True)
        await until_all_sent_has_arrived()
        assert not asking.done()
        await gates.uplink.put()
        await fails(asking)
        gates.service.script = always(answer(200, BODY))
        await gates.warm("gate-01")


async def test_a_dead_line_is_cleared_when_the_device_gives_up(gates: "Gates") -> None:
    await gates.warm("gate-01")
    await gates.uplink.put(DOWN)
    asking, anew = gates.scan("gate-01"), gates.scan("gate-02")
    await gates.uplink.until_tunnels(2)
    asking.cancel()
    anew.cancel()
    await gates.uplink.until_tunnels(0)
    await gates.service.until(lambda: not gates.service.open)
    assert scans(gates) == 0


async def test_the_line_is_dead_until_the_last_fault_that_kills_it_has_ended(
    gates: "Gates",
) -> None:
    mine = UplinkFault("mine", UplinkFaultKind.DOWN, devices=("gate-01",))
    await gates.warm("gate-01")
    await gates.uplink.put(DOWN, mine)
    asking = gates.scan("gate-01")
    await until_all_sent_has_arrived()
    await gates.uplink.put(mine)
    await until_all_sent_has_arrived()
    assert not asking.done()
    assert (await gates.scan("gate-02")).content == BODY
    await gates.uplink.put()
    await fails(asking)


async def test_answers_are_lost_after_the_service_has_acted(gates: "Gates") -> None:
    await gates.warm("gate-01")
    await gates.uplink.put(ANSWERS_LOST)
    under_way, anew = gates.scan("gate-01"), gates.scan("gate-02")
    await gates.service.until(lambda: scans(gates) == 2)
    await until_all_sent_has_arrived()
    assert not under_way.done()
    assert not anew.done()
    await gates.uplink.put()
    await fails(under_way)
    await fails(anew)
    assert (await gates.scan("gate-01")).content == BODY
    assert scans(gates) == 3


async def test_a_tunnel_whose_answers_are_lost_is_cleared_when_the_device_gives_up(
    gates: "Gates",
) -> None:
    await gates.uplink.put(ANSWERS_LOST)
    asking = gates.scan("gate-01")
    await gates.service.until(lambda: scans(gates) == 1)
    asking.cancel()
    await gates.uplink.until_tunnels(0)


async def test_slow_answers_come_whole_and_late(gates: "Gates", leap: Leap) -> None:
    large = b"z" * 1_000_000
    gates.service.script = always(answer(200, large))
    await gates.uplink.put(SLOW)
    asking = gates.scan("gate-01")
    await gates.service.until(lambda: scans(gates) == 1)
    await until_all_sent_has_arrived()
    leap(29)
    await until_all_sent_has_arrived()
    assert not asking.done()
    while not asking.done():  # what comes late to us comes later still to the device
        leap(31)
        await until_all_sent_has_arrived()
    assert (await asking).content == large


async def test_when_the_uplink_is_slow_no_more_what_is_late_comes_at_once(gates: "Gates") -> None:
    await gates.uplink.put(SLOW)
    asking = gates.scan("gate-01")
    await gates.service.until(lambda: scans(gates) == 1)
    await until_all_sent_has_arrived()
    assert not asking.done()
    await gates.uplink.put()
    assert (await asking).content == BODY


async def test_what_is_late_is_lost_with_the_line(gates: "Gates", leap: Leap) -> None:
    await gates.uplink.put(SLOW)
    asking = gates.scan("gate-01")
    await gates.service.until(lambda: scans(gates) == 1)
    await until_all_sent_has_arrived()
    await gates.uplink.put(DOWN)
    leap(3600)
    await until_all_sent_has_arrived()
    assert not asking.done()
    await gates.uplink.put()
    await fails(asking)


async def test_a_lossy_uplink_cuts_exactly_those_exchanges_that_were_drawn(gates: "Gates") -> None:
    lossy = UplinkFault("l", UplinkFaultKind.LOSSY, share=0.6, seed=7)
    drawn = [fate(lossy, draw(lossy, "gate-01", number)) for number in range(1, 31)]
    assert set(drawn) == set(Fate)
    await gates.warm("gate-01")
    await gates.uplink.put(lossy)
    acted, answered = [], []
    for _ in drawn:
        before = scans(gates)
        asking = gates.scan("gate-01")
        await asyncio.wait({asking})
        await until_all_sent_has_arrived()
        acted.append(scans(gates) - before)
        answered.append(asking.exception() is None)
    assert acted == [int(each is not Fate.CUT_IN_REQUEST) for each in drawn]
    assert answered == [each is Fate.SPARED for each in drawn]


async def test_a_request_in_two_pieces_is_one_exchange(gates: "Gates") -> None:
    faults = (UplinkFault("l", UplinkFaultKind.LOSSY, share=0.5, seed=seed) for seed in range(99))
    lossy = next(
        each
        for each in faults
        if fate(each, draw(each, "", 1)) is Fate.SPARED
        and fate(each, draw(each, "", 2)) is Fate.CUT_IN_REQUEST
    )
    await gates.uplink.put(lossy)
    authority = f"127.0.0.1:{gates.service.port}".encode()
    reader, writer = await gates.uplink.raw(b"CONNECT %b HTTP/1.1\r\nhost: x\r\n\r\n" % authority)
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"GET / HTTP/1.1\r\n")
    await gates.service.until(lambda: gates.service.received == [b"GET / HTTP/1.1\r\n"])
    writer.write(b"host: x\r\n\r\n")
    assert BODY in await reader.readuntil(BODY)
    writer.close()


async def test_a_cut_answer_has_begun(gates: "Gates") -> None:
    seed = next(
        seed
        for seed in range(100)
        if fate(LOSSY, draw(UplinkFault("l", LOSSY.kind, seed=seed), "gate-01", 1))
        is Fate.CUT_IN_ANSWER
    )
    gates.service.script = always(answer(200, b"z" * 500))
    await gates.uplink.put(UplinkFault("l", UplinkFaultKind.LOSSY, seed=seed))
    async with gates["gate-01"].stream("POST", "/scan", content=b"{}") as begun:
        assert begun.status_code == 200
        with pytest.raises(httpx.TransportError):
            await begun.aread()


CHUNKED = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    b'8\r\n[{"succe\r\nb\r\nss": true}]\r\n0\r\n\r\n'
)


@pytest.mark.parametrize(
    "said",
    [answer(200, BODY, content_type="application/json", x_gatedrill_time_ns="17"), CHUNKED],
    ids=["in one piece", "in chunks"],
)
async def test_garbage_is_in_the_body_and_nowhere_else(gates: "Gates", said: bytes) -> None:
    gates.service.script = always(said)
    good = await gates.scan("gate-01")
    await gates.uplink.put(GARBAGE)
    bad = await gates.scan("gate-01")
    await gates.uplink.put()
    assert (await gates.scan("gate-01")).content == good.content == BODY
    assert bad.status_code == 200
    assert {*bad.headers.items()} == {*good.headers.items()}
    assert len(bad.content) == len(BODY)
    with pytest.raises(ValueError, match=r"utf-8|Expecting value"):
        bad.json()
    assert len(gates.service.received) == 1, "and the connection holds"


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_body_stays_as_it_is(gates: "Gates", status: int) -> None:
    gates.service.script = always(f"HTTP/1.1 {status} Nothing\r\n\r\n".encode())
    await gates.uplink.put(GARBAGE)
    assert (await gates.scan("gate-01")).status_code == status
    assert (await gates.scan("gate-01")).status_code == status


async def test_garbage_of_a_share_spoils_the_answers_that_were_drawn(gates: "Gates") -> None:
    garbage = UplinkFault("g", UplinkFaultKind.GARBAGE, share=0.5, seed=3)
    await gates.uplink.put(garbage)
    whole = [(await gates.scan("gate-01")).content == BODY for _ in range(20)]
    assert whole == [draw(garbage, "gate-01", number) >= 0.5 for number in range(1, 21)]
    assert set(whole) == {True, False}


async def test_an_answer_that_is_half_spoilt_when_the_garbage_ends_is_broken_off(
    gates: "Gates",
) -> None:
    gates.service.script = always(CHUNKED[:-20])
    await gates.uplink.put(GARBAGE)
    asking = gates.scan("gate-01")
    await gates.service.until(lambda: scans(gates) == 1)
    await until_all_sent_has_arrived()
    await gates.uplink.put()
    await fails(asking)


async def test_an_answer_that_began_before_the_garbage_stays_as_it_is(gates: "Gates") -> None:
    gates.service.script = always(CHUNKED[:-20])
    asking = gates.scan("gate-01")
    await gates.service.until(lambda: scans(gates) == 1)
    await until_all_sent_has_arrived()
    await gates.uplink.put(GARBAGE)
    for writer in gates.service.open:
        writer.write(CHUNKED[-20:])
    assert (await asking).content == BODY


async def test_a_service_that_speaks_no_http_is_garbled_all_the_same(gates: "Gates") -> None:
    said = bytes(range(1, 256)) + b"\r\n\r\n"
    gates.service.script = always(said)
    await gates.uplink.put(GARBAGE)
    authority = f"127.0.0.1:{gates.service.port}".encode()
    reader, writer = await gates.uplink.raw(b"CONNECT %b HTTP/1.1\r\nhost: x\r\n\r\n" % authority)
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
    assert await reader.readexactly(len(said)) == bytes(255 - byte for byte in said)
    writer.close()


async def test_faults_combine(gates: "Gates", leap: Leap) -> None:
    await gates.uplink.put(GARBAGE, SLOW)
    asking = gates.scan("gate-01")
    await gates.service.until(lambda: scans(gates) == 1)
    await until_all_sent_has_arrived()
    assert not asking.done()
    while not asking.done():
        leap(31)
        await until_all_sent_has_arrived()
    assert len((await asking).content) == len(BODY)
    assert (await asking).content != BODY


@pytest.mark.parametrize("fault", [DOWN, ANSWERS_LOST, SLOW, LOSSY, GARBAGE], ids=lambda f: f.kind)
async def test_a_fault_strikes_the_devices_that_it_names_and_no_other(
    gates: "Gates", fault: UplinkFault
) -> None:
    await gates.warm("gate-01", "gate-02")
    named = UplinkFault("n", fault.kind, ("gate-02", "gate-03"), delay_ms=fault.delay_ms)
    await gates.uplink.put(named)
    assert (await gates.scan("gate-01")).content == BODY
    struck = gates.scan("gate-02")
    await until_all_sent_has_arrived()
    assert not struck.done() or struck.exception() or struck.result().content != BODY
    assert (await gates.scan("gate-01")).content == BODY
    await gates.uplink.put()
    await asyncio.wait({struck})


async def test_over_tls_a_dead_line_is_dead_and_garbage_is_no_tls(tls_gates: "Gates") -> None:
    gates = tls_gates
    await gates.warm("gate-01")
    await gates.uplink.put(GARBAGE)
    with pytest.raises((httpx.TransportError, OSError)):
        await gates.scan("gate-01")
    await gates.uplink.put(DOWN)
    asking = gates.scan("gate-01")
    await gates.uplink.until_tunnels(1)
    await until_all_sent_has_arrived()
    assert not asking.done()
    await gates.uplink.put()
    await fails(asking)
    assert (await gates.scan("gate-01")).status_code == 200
    assert scans(gates) == 2, "the service had acted before its answer was spoilt"
