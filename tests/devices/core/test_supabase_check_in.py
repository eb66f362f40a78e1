"""The adapter against a real service on loopback, which counts what it is asked."""

import asyncio
import contextlib
import gc
import gzip
import json
import logging
import os
import ssl
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple

import msgspec
import pytest
from device_fakes import ManualClock
from scripted_service import (
    Call,
    Script,
    ScriptedService,
    Tls,
    always,
    answer,
    row,
    scripted_service,
    silent,
)

from gatedrill.contract import service as contract
from gatedrill.contract.attempt import Ask
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.checkin import Reply, Ticket
from gatedrill.devices.connection import ServiceConnection
from gatedrill.devices.question import HeldQuestion
from gatedrill.devices.supabase_checkin import SupabaseCheckIn

KEY = "hush-hush-service-key"
TIMEOUT_S = 60.0
TRUSTING_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
ADMITTED = Outcome(OutcomeKind.ADMITTED)
FIRST = contract.ScanRow(success=True, already_scanned=False)

Leap = Callable[[float], None]


def unknown(reason: Reason) -> Outcome:
    return Outcome(OutcomeKind.UNKNOWN, reason)


@contextlib.asynccontextmanager
async def check_in(url: str, tls: ssl.SSLContext | None = None) -> AsyncIterator[SupabaseCheckIn]:
    connection = ServiceConnection(
        url,
        KEY,
        clock=ManualClock(tick_ns=10),
        tls=tls or TRUSTING_NOBODY,
        timeout_s=TIMEOUT_S,
    )
    adapter = SupabaseCheckIn(
        connection,
        device="gate-07",
        scanned_by="9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d",
        event_id="tonight",
    )
    try:
        yield adapter
    finally:
        await adapter.close()


class Desk(NamedTuple):
    """A service and one device's way to it."""

    service: ScriptedService
    checkin: SupabaseCheckIn


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with scripted_service() as service, check_in(service.url) as checkin:
        yield Desk(service, checkin)


async def test_a_scan_is_one_call_with_named_arguments_and_the_key_in_both_headers(
    desk: Desk,
) -> None:
    reply = await desk.checkin.ask(Ticket("T-1"))
    assert reply.outcome == ADMITTED
    (call,) = desk.service.calls
    assert (call.method, call.target) == ("POST", "/rest/v1/rpc/scan_ticket_atomic")
    assert json.loads(call.body) == {
        "p_ticket_id": "T-1",
        "p_scanned_by": "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d",
        "p_device_id": "gate-07",
        "p_scan_method": "qr",
    }
    assert call.headers["apikey"] == KEY
    assert call.headers["authorization"] == f"Bearer {KEY}"
    assert call.headers["content-type"] == "application/json"


async def test_a_target_below_a_path_keeps_its_path() -> None:
    async with scripted_service() as service, check_in(f"{service.url}/venue/") as checkin:
        await checkin.ask(Ticket("T-1"))
    assert service.calls[0].target == "/venue/rest/v1/rpc/scan_ticket_atomic"


async def test_a_tickets_id_is_sent_as_it_is(desk: Desk) -> None:
    symbol = 'Zürich "1" \\ \n \x00 🎫'
    await desk.checkin.ask(Ticket(symbol))
    assert json.loads(desk.service.calls[0].body)["p_ticket_id"] == symbol


async def test_the_stamps_of_a_question_enclose_it(desk: Desk) -> None:
    first = (await desk.checkin.ask(Ticket("T-1"))).ask
    second = (await desk.checkin.ask(Ticket("T-2"))).ask
    assert 0 < first.sent_ns < first.answered_ns < second.sent_ns < second.answered_ns
    assert (first.http_status, first.reason) == (200, None)


async def test_warming_reads_with_the_key_and_changes_nothing(desk: Desk) -> None:
    await desk.checkin.warm()
    (call,) = desk.service.calls
    assert call.method == "GET"
    assert call.target.startswith("/rest/v1/tickets?")
    assert call.headers["apikey"] == KEY


async def test_all_questions_of_a_device_share_one_connection(desk: Desk) -> None:
    await desk.checkin.warm()
    for number in range(5):
        assert (await desk.checkin.ask(Ticket(f"T-{number}"))).outcome == ADMITTED
    assert len(desk.service.received) == 1
    assert len(desk.service.scans) == 5


async def test_warming_a_service_that_does_not_answer_is_no_failure(desk: Desk, leap: Leap) -> None:
    desk.service.script = silent
    warming = asyncio.create_task(desk.checkin.warm())
    await desk.service.until(lambda: len(desk.service.calls) == 1)
    leap(TIMEOUT_S)
    await warming


async def test_warming_where_nobody_listens_is_no_failure(unused_tcp_port: int) -> None:
    async with check_in(f"http://127.0.0.1:{unused_tcp_port}") as checkin:
        await checkin.warm()


ANSWERS = [
    pytest.param(answer(500, b"<html>"), unknown(Reason.SERVER_ERROR), 500, id="server error"),
    pytest.param(answer(200, b"<html>"), unknown(Reason.BAD_ANSWER), 200, id="HTML"),
    pytest.param(answer(401), unknown(Reason.CREDENTIALS), 401, id="unauthorized"),
    pytest.param(
        answer(500, b'{"code":"55P03","message":"m"}'),
        Outcome(OutcomeKind.REFUSED, Reason.BUSY),
        500,
        id="locked",
    ),
    pytest.param(
        answer(200, gzip.compress(b"[]"), content_encoding="gzip"),
        unknown(Reason.BAD_ANSWER),
        200,
        id="compressed",
    ),
]


@pytest.mark.parametrize(("said", "outcome", "status"), ANSWERS)
async def test_what_the_service_says_is_told_with_its_status(
    desk: Desk, said: bytes, outcome: Outcome, status: int
) -> None:
    desk.service.script = always(said)
    reply = await desk.checkin.ask(Ticket("T-1"))
    assert reply.outcome == outcome
    assert (reply.ask.http_status, reply.ask.reason) == (status, outcome.reason)


async def test_a_redirect_is_not_followed(desk: Desk) -> None:
    async with scripted_service() as elsewhere:
        for status in (301, 302, 303, 307, 308):
            desk.service.script = always(answer(status, location=f"{elsewhere.url}/scan"))
            reply = await desk.checkin.ask(Ticket("T-1"))
            assert reply.outcome == unknown(Reason.BAD_ANSWER)
            assert reply.ask.http_status == status
        assert elsewhere.received == []
    assert len(desk.service.scans) == 5


@pytest.mark.parametrize("location", ["http://[", "//", "http://:99999999/", "\x00"])
async def test_a_redirect_to_nowhere_does_not_make_it_fail(desk: Desk, location: str) -> None:
    desk.service.script = always(answer(302, location=location))
    assert (await desk.checkin.ask(Ticket("T-1"))).outcome.kind is OutcomeKind.UNKNOWN


async def test_a_proxy_in_the_environment_is_not_asked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scripted_service() as proxy:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with check_in(desk.service.url) as checkin:
            assert (await checkin.ask(Ticket("T-1"))).outcome == ADMITTED
        assert proxy.received == []


BREAKAGES = [
    pytest.param(None, id="hangs up"),
    pytest.param(b"", id="says nothing and hangs up"),
    pytest.param(row()[:-5], id="hangs up within the answer"),
    pytest.param(b"220 smtp.example ESMTP\r\n", id="speaks another protocol"),
    pytest.param(b"HTTP/1.1 two hundred\r\n\r\n", id="speaks it badly"),
    pytest.param(b"HTTP/1.1 200 OK\r\nx: " + b"x" * 200_000, id="never ends its headers"),
    pytest.param(
        answer(200, b"no gzip", content_encoding="gzip"), id="an encoding that it does not have"
    ),
]


def then_hang_up(said: bytes | None, service: ScriptedService) -> Script:
    async def script(_call: Call) -> bytes | None:
        for writer in service.open:
            writer.write(said or b"")
        return None

    return script


@pytest.mark.parametrize("said", BREAKAGES)
async def test_a_connection_that_breaks_leaves_the_scan_unknown_and_is_not_tried_again(
    desk: Desk, said: bytes | None
) -> None:
    await desk.checkin.warm()
    desk.service.script = then_hang_up(said, desk.service)
    reply = await desk.checkin.ask(Ticket("T-1"))
    assert reply.outcome == unknown(Reason.CONNECTION)
    assert (reply.ask.http_status, reply.ask.reason) == (None, Reason.CONNECTION)
    assert len(desk.service.scans) == 1
    desk.service.script = always(row())
    assert (await desk.checkin.ask(Ticket("T-2"))).outcome == ADMITTED
    assert len(desk.service.scans) == 2


async def test_a_reset_connection_leaves_the_scan_unknown(desk: Desk) -> None:
    async def reset(_call: Call) -> bytes | None:
        desk.service.hang_up(reset=True)
        return None

    desk.service.script = reset
    assert (await desk.checkin.ask(Ticket("T-1"))).outcome == unknown(Reason.CONNECTION)
    assert len(desk.service.scans) == 1


async def test_where_nobody_listens_the_scan_is_unknown(unused_tcp_port: int) -> None:
    async with check_in(f"http://127.0.0.1:{unused_tcp_port}") as checkin:
        assert (await checkin.ask(Ticket("T-1"))).outcome == unknown(Reason.CONNECTION)


async def test_silence_ends_at_the_time_limit_and_is_not_tried_again(
    desk: Desk, leap: Leap
) -> None:
    desk.service.script = silent
    asking = asyncio.create_task(desk.checkin.ask(Ticket("T-1")))
    await desk.service.until(lambda: len(desk.service.calls) == 1)
    leap(TIMEOUT_S)
    assert (await asking).outcome == unknown(Reason.TIMEOUT)
    assert (await asking).ask.reason is Reason.TIMEOUT
    assert len(desk.service.scans) == 1
    desk.service.script = always(row())
    assert (await desk.checkin.ask(Ticket("T-2"))).outcome == ADMITTED


def dribbling(service: ScriptedService, leap: Leap) -> Script:
    """A byte at a time, each well within the limit, and never the last one."""

    async def dribble(_call: Call) -> bytes | None:
        (writer,) = service.open
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            leap(TIMEOUT_S / 10)
            await asyncio.sleep(0.001)

    return dribble


async def test_the_time_limit_holds_for_the_whole_answer_not_for_each_of_its_bytes(
    desk: Desk, leap: Leap
) -> None:
    desk.service.script = dribbling(desk.service, leap)
    assert (await desk.checkin.ask(Ticket("T-1"))).outcome == unknown(Reason.TIMEOUT)


async def test_warming_a_service_that_never_comes_to_an_end_is_no_failure(
    desk: Desk, leap: Leap
) -> None:
    desk.service.script = dribbling(desk.service, leap)
    await desk.checkin.warm()
    assert len(desk.service.calls) == 1


STAMPS = [
    pytest.param({}, None, None, id="absent"),
    pytest.param({"arrived": "17", "departed": "23"}, 17, 23, id="both"),
    pytest.param({"departed": "23"}, None, 23, id="one"),
    pytest.param({"arrived": "1780000000000000000"}, 1780000000000000000, None, id="an epoch's"),
    pytest.param({"arrived": "0"}, 0, None, id="zero"),
    *(
        pytest.param({"arrived": garbage}, None, None, id=f"garbage {garbage[:20]!r}")
        for garbage in ["", "soon", "-5", "+5", "1.5", "1e9", "0x1f", "1_000", "1, 2", "9" * 5000]
    ),
    pytest.param({"arrived": "99999999999999999999999"}, None, None, id="beyond 64 bits"),
    pytest.param({"arrived": "18446744073709551616"}, None, None, id="just beyond 64 bits"),
]


@pytest.mark.parametrize(("stamps", "arrived_ns", "departed_ns"), STAMPS)
async def test_the_services_own_stamps_are_read_where_it_gives_them(
    desk: Desk, stamps: dict[str, str], arrived_ns: int | None, departed_ns: int | None
) -> None:
    headers = {f"x_gatedrill_{name}_ns": stamp for name, stamp in stamps.items()}
    desk.service.script = always(row(FIRST, **headers))
    reply = await desk.checkin.ask(Ticket("T-1"))
    assert reply.outcome == ADMITTED
    assert (reply.ask.arrived_ns, reply.ask.departed_ns) == (arrived_ns, departed_ns)
    assert msgspec.json.decode(msgspec.json.encode(reply.ask), type=Ask) == reply.ask


def test_the_stamps_are_those_of_the_contract() -> None:
    assert contract.ARRIVED_HEADER == "x-gatedrill-arrived-ns"
    assert contract.DEPARTED_HEADER == "x-gatedrill-departed-ns"


async def hold(desk: Desk, symbol: str = "T-1") -> HeldQuestion[Reply]:
    """A question that waits for its release, on a warm connection."""
    await desk.checkin.warm()
    question = desk.checkin.hold(Ticket(symbol))
    assert await question.until_parked() is None
    return question


async def let_go(question: HeldQuestion[Reply]) -> Reply:
    question.release()
    question.resume()
    return await question.reply()


async def test_a_held_question_is_the_same_call_but_comes_with_the_release(desk: Desk) -> None:
    question = await hold(desk)
    assert desk.service.scans == []
    reply = await let_go(question)
    await question.withdraw()
    await desk.checkin.ask(Ticket("T-1"))
    assert reply.outcome == ADMITTED
    assert desk.service.scans[0] == desk.service.scans[1]
    assert len(desk.service.received) == 1


async def test_a_held_question_counts_as_sent_when_it_is_released(desk: Desk) -> None:
    clock = desk.checkin._connection._clock
    question = await hold(desk)
    before_ns = clock.now_ns()
    question.release()
    after_ns = clock.now_ns()
    question.resume()
    reply = await question.reply()
    assert before_ns < reply.ask.sent_ns < after_ns < reply.ask.answered_ns
    await question.withdraw()


async def test_the_time_limit_begins_with_the_release_not_with_the_hold(
    desk: Desk, leap: Leap
) -> None:
    question = await hold(desk)
    leap(10 * TIMEOUT_S)
    await asyncio.sleep(0)
    desk.service.script = silent
    replying = asyncio.create_task(let_go(question))
    await desk.service.until(lambda: len(desk.service.scans) == 1)
    leap(TIMEOUT_S - 1)
    await asyncio.sleep(0)
    assert not replying.done()
    leap(1)
    assert (await replying).outcome == unknown(Reason.TIMEOUT)
    await question.withdraw()


async def test_a_hold_outlasts_the_time_limit(desk: Desk, leap: Leap) -> None:
    question = await hold(desk)
    leap(10 * TIMEOUT_S)
    assert (await let_go(question)).outcome == ADMITTED
    await question.withdraw()


async def test_a_question_that_nobody_takes_is_not_parked(unused_tcp_port: int) -> None:
    async with check_in(f"http://127.0.0.1:{unused_tcp_port}") as checkin:
        question = checkin.hold(Ticket("T-1"))
        assert await question.until_parked() is Reason.CONNECTION
        await question.withdraw()


async def test_a_service_that_takes_no_connection_in_time_is_told(
    monkeypatch: pytest.MonkeyPatch, leap: Leap
) -> None:
    async def never(*_arguments: object, **_options: object) -> None:
        started.set()
        await asyncio.Event().wait()

    started = asyncio.Event()
    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", never)
    async with check_in("http://127.0.0.1:9") as checkin:
        question = checkin.hold(Ticket("T-1"))
        parking = asyncio.create_task(question.until_parked())
        await started.wait()
        leap(TIMEOUT_S)
        assert await parking is Reason.CONNECTION
        await question.withdraw()


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
async def test_a_service_that_goes_while_a_question_is_held_leaves_it_unknown(
    desk: Desk, reset: bool
) -> None:
    question = await hold(desk)
    desk.service.hang_up(reset=reset)
    assert (await let_go(question)).outcome == unknown(Reason.CONNECTION)
    await question.withdraw()
    assert desk.service.scans == []
    assert (await desk.checkin.ask(Ticket("T-2"))).outcome == ADMITTED


async def test_a_question_withdrawn_while_parked_leaves_nothing_behind(desk: Desk) -> None:
    await desk.checkin.warm()
    before = asyncio.all_tasks()
    question = desk.checkin.hold(Ticket("T-1"))
    await question.until_parked()
    await question.withdraw()
    await desk.service.until(lambda: not desk.service.open)
    assert asyncio.all_tasks() <= before
    del question
    gc.collect()  # what was left behind would complain now
    assert (await desk.checkin.ask(Ticket("T-2"))).outcome == ADMITTED
    assert [json.loads(call.body)["p_ticket_id"] for call in desk.service.scans] == ["T-2"]


async def test_a_question_withdrawn_before_it_is_parked_leaves_nothing_behind(desk: Desk) -> None:
    await desk.checkin.warm()
    before = asyncio.all_tasks()
    await desk.checkin.hold(Ticket("T-1")).withdraw()
    assert asyncio.all_tasks() <= before
    gc.collect()
    assert (await desk.checkin.ask(Ticket("T-2"))).outcome == ADMITTED


async def test_waiting_for_a_question_to_park_can_be_given_up_and_leaves_nothing_behind(
    desk: Desk,
) -> None:
    await desk.checkin.warm()
    before = asyncio.all_tasks()
    question = desk.checkin.hold(Ticket("T-1"))
    parking = asyncio.create_task(question.until_parked())
    await asyncio.sleep(0)
    parking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await parking
    await question.withdraw()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before
    gc.collect()


async def test_a_question_that_failed_while_nobody_looked_does_not_complain(
    unused_tcp_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with check_in(f"http://127.0.0.1:{unused_tcp_port}") as checkin:
        question = checkin.hold(Ticket("T-1"))
        await question.until_parked()
        await question.withdraw()
        await question.withdraw()
        del question
        gc.collect()
    assert caplog.records == []


async def test_giving_up_an_answer_gives_up_the_question(desk: Desk) -> None:
    desk.service.script = silent
    question = desk.checkin.hold(Ticket("T-1"))
    await question.until_parked()
    replying = asyncio.create_task(let_go(question))
    await desk.service.until(lambda: len(desk.service.scans) == 1)
    replying.cancel()
    with pytest.raises(asyncio.CancelledError):
        await replying
    await question.withdraw()
    desk.service.script = always(row())
    assert (await desk.checkin.ask(Ticket("T-2"))).outcome == ADMITTED


async def test_garbage_beneath_tls_leaves_the_scan_unknown(tls: Tls) -> None:
    async with scripted_service(tls.server) as service, check_in(service.url, tls.client) as desk:

        async def garbage(_call: Call) -> bytes | None:
            for writer in service.open:
                beneath = writer.get_extra_info("socket")
                os.write(beneath.fileno(), b"not a record of TLS at all")
            return None

        await desk.warm()
        service.script = garbage
        assert (await desk.ask(Ticket("T-1"))).outcome == unknown(Reason.CONNECTION)
        await desk.warm()
        service.script = always(row())
        assert (await desk.ask(Ticket("T-2"))).outcome == ADMITTED


async def test_a_certificate_that_nobody_vouches_for_leaves_the_scan_unknown(tls: Tls) -> None:
    async with scripted_service(tls.server) as service, check_in(service.url) as desk:
        await desk.warm()
        assert (await desk.ask(Ticket("T-1"))).outcome == unknown(Reason.CONNECTION)
        assert service.calls == []


async def test_the_key_is_shown_nowhere(
    desk: Desk, caplog: pytest.LogCaptureFixture, unused_tcp_port: int
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = [repr(desk.checkin), str(desk.checkin)]
    for script in (always(row()), always(answer(401)), always(None)):
        desk.service.script = script
        reply = await desk.checkin.ask(Ticket("T-1"))
        shown += [repr(reply), str(reply)]
    async with check_in(f"http://127.0.0.1:{unused_tcp_port}") as nobody:
        shown.append(repr(await nobody.ask(Ticket("T-1"))))
    assert caplog.records, "something was logged, by httpx at least"
    assert not [text for text in (*shown, caplog.text) if KEY in text]
