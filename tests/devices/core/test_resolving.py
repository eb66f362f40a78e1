"""Finding out what a code stands for, at a service that fails in every way."""

import asyncio
import json
import random
import ssl
from collections.abc import AsyncIterator, Callable
from typing import NamedTuple
from urllib.parse import parse_qs, urlsplit

import pytest
from device_fakes import ManualClock
from scripted_service import Call, ScriptedService, answer, row, scripted_service

from gatedrill.contract.attempt import AskKind
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.contract.qr import sign_payload
from gatedrill.contract.service import ALREADY_SCANNED, ScanRow
from gatedrill.devices.checkin import Ticket
from gatedrill.devices.connection import ServiceConnection
from gatedrill.devices.decide import Decision, decide
from gatedrill.devices.supabase_checkin import SupabaseCheckIn

TICKET = "00000000-0000-0000-0000-000000000001"
SIGNED = sign_payload("T-1", "secret", {"eventId": "tonight"})
GUEST = sign_payload("VIP-1", "secret", {"type": "vip_guest"})
TIMEOUT_S = 60.0

VERIFY = "/functions/v1/verify-qr-signature"
TICKETS = "/rest/v1/tickets"
PASSES = "/rest/v1/vip_passes"
SCAN = "/rest/v1/rpc/scan_ticket_atomic"
LINKED = "/rest/v1/rpc/check_vip_linked_ticket_reentry"


def said(value: object, status: int = 200) -> bytes:
    return answer(status, json.dumps(value).encode())


ANSWERS = {
    VERIFY: said({"valid": True}),
    TICKETS: said([{"id": TICKET, "event_id": "tonight"}]),
    PASSES: said([{"id": "P"}]),
    SCAN: row(),
    LINKED: said({"is_vip_linked": True, "allow_reentry": True}),
}
NO_SUCH_FUNCTION = said({"code": "PGRST202", "message": "m"}, 404)
USED = row(ScanRow(success=False, already_scanned=True, error_message=ALREADY_SCANNED))


class Desk(NamedTuple):
    """A service that answers by path, and one device's way to it."""

    service: ScriptedService
    checkin: SupabaseCheckIn
    answers: dict[str, bytes | None]

    @property
    def asked(self) -> list[str]:
        return [urlsplit(call.target).path for call in self.service.calls]

    async def scan(self, symbol: str) -> Decision:
        resolution = await self.checkin.resolve(symbol)
        return await decide(resolution, None, self.checkin, ManualClock(), random.Random(1))


SILENCE = b"silence"


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with scripted_service() as service:
        answers: dict[str, bytes | None] = dict(ANSWERS)

        async def by_path(call: Call) -> bytes | None:
            told = answers[urlsplit(call.target).path]
            if told is SILENCE:
                await asyncio.Event().wait()
            return told

        service.script = by_path
        connection = ServiceConnection(
            service.url,
            "key",
            clock=ManualClock(tick_ns=10),
            tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            timeout_s=TIMEOUT_S,
        )
        checkin = SupabaseCheckIn(
            connection, device="gate-07", scanned_by="anna", event_id="tonight"
        )
        yield Desk(service, checkin, answers)
        await checkin.close()


def unknown(reason: Reason) -> Outcome:
    return Outcome(OutcomeKind.UNKNOWN, reason)


@pytest.mark.parametrize("symbol", [TICKET, TICKET.upper(), "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"])
async def test_a_uuid_is_a_tickets_id_and_nobody_is_asked(desk: Desk, symbol: str) -> None:
    assert await desk.checkin.resolve(symbol) == (Ticket(symbol), ())
    assert desk.service.calls == []


@pytest.mark.parametrize("symbol", ["{", "[]", '{"token":"T-1"}', ' {"token":"","signature":"s"}'])
async def test_a_code_that_only_looks_signed_is_refused_and_nobody_is_asked(
    desk: Desk, symbol: str
) -> None:
    found, asks = await desk.checkin.resolve(symbol)
    assert (found, asks) == (Outcome(OutcomeKind.REFUSED, Reason.TAMPERED), ())
    assert desk.service.received == []


TOKENS = [
    "T-1",
    "00000000000000000000000000000001",
    TICKET[:-1],
    TICKET + "0",
    TICKET + "\n",
    "Zürich & Söhne = 100 % (a,b).*",
    '"eq.1"&select=*',
    "🎫#?",
]


@pytest.mark.parametrize("token", TOKENS)
async def test_any_other_text_is_a_token_and_looked_up_as_it_is(desk: Desk, token: str) -> None:
    found, asks = await desk.checkin.resolve(token)
    assert found == Ticket(TICKET)
    assert [ask.kind for ask in asks] == [AskKind.LOOKUP]
    (call,) = desk.service.calls
    assert call.method == "GET"
    url = urlsplit(call.target)
    assert url.path == TICKETS
    assert parse_qs(url.query) == {"select": ["id,event_id"], "qr_token": [f"eq.{token}"]}


async def test_a_signature_is_verified_with_its_token(desk: Desk) -> None:
    await desk.checkin.resolve(SIGNED)
    assert desk.asked == [VERIFY, TICKETS]
    payload = json.loads(SIGNED)
    assert json.loads(desk.service.calls[0].body) == {
        "token": "T-1",
        "signature": payload["signature"],
    }


FAILURES = [
    pytest.param(answer(500, b"<html>"), Reason.SERVER_ERROR, id="500"),
    pytest.param(answer(200, b"<html>"), Reason.BAD_ANSWER, id="garbage"),
    pytest.param(answer(200, b"null"), Reason.BAD_ANSWER, id="null"),
    pytest.param(answer(404, b""), Reason.BAD_ANSWER, id="no such path"),
    pytest.param(answer(401), Reason.CREDENTIALS, id="the key"),
    pytest.param(None, Reason.CONNECTION, id="hangs up"),
]

STAGES = [
    pytest.param(SIGNED, VERIFY, [VERIFY], id="verifying a ticket"),
    pytest.param(SIGNED, TICKETS, [VERIFY, TICKETS], id="looking a signed ticket up"),
    pytest.param("T-1", TICKETS, [TICKETS], id="looking a token up"),
    pytest.param(GUEST, VERIFY, [VERIFY], id="verifying a pass"),
    pytest.param(GUEST, PASSES, [VERIFY, PASSES], id="looking a pass up"),
]


@pytest.mark.parametrize(("failure", "reason"), FAILURES)
@pytest.mark.parametrize(("symbol", "failing", "asked"), STAGES)
async def test_a_read_that_fails_leaves_the_scan_unknown_and_goes_no_further(
    desk: Desk,
    symbol: str,
    failing: str,
    asked: list[str],
    failure: bytes | None,
    reason: Reason,
) -> None:
    desk.answers[failing] = failure
    decision = await desk.scan(symbol)
    assert decision.outcome == unknown(reason)
    assert decision.asks[-1].reason is reason
    assert len(decision.asks) == len(asked)
    assert desk.asked == asked, "nobody is admitted"


@pytest.mark.parametrize(("failure", "reason"), FAILURES)
async def test_a_token_that_is_no_tickets_may_be_a_passs_but_that_must_be_known(
    desk: Desk, failure: bytes | None, reason: Reason
) -> None:
    desk.answers.update({TICKETS: said([]), PASSES: failure})
    decision = await desk.scan("VIP-1")
    assert decision.outcome == unknown(reason)
    assert desk.asked == [TICKETS, PASSES]


async def test_a_read_that_is_not_answered_ends_at_the_time_limit(
    desk: Desk, leap: Callable[[float], None]
) -> None:
    desk.answers[VERIFY] = SILENCE
    scanning = asyncio.create_task(desk.scan(SIGNED))
    await desk.service.until(lambda: len(desk.service.calls) == 1)
    leap(TIMEOUT_S)
    assert (await scanning).outcome == unknown(Reason.TIMEOUT)
    assert desk.asked == [VERIFY]


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(answer(500, b"<html>"), id="500"),
        pytest.param(answer(200, b"<html>"), id="garbage"),
        pytest.param(answer(404, b""), id="no such path"),
        pytest.param(said({"is_vip_linked": True}), id="says half"),
        pytest.param(None, id="hangs up"),
    ],
)
async def test_a_refusal_stands_when_the_question_for_the_link_fails_and_is_put_next_time(
    desk: Desk, failure: bytes | None
) -> None:
    desk.answers.update({SCAN: USED, LINKED: failure})
    first = await desk.scan(TICKET)
    assert first.outcome == Outcome(OutcomeKind.REFUSED, Reason.ALREADY_USED)
    assert [ask.kind for ask in first.asks] == [AskKind.SCAN, AskKind.LINKED_TICKET]
    desk.answers[LINKED] = ANSWERS[LINKED]
    assert (await desk.scan(TICKET)).outcome == Outcome(OutcomeKind.READMITTED)


async def test_a_service_that_knows_no_links_is_asked_for_one_once(desk: Desk) -> None:
    desk.answers.update({SCAN: USED, LINKED: NO_SUCH_FUNCTION})
    decisions = [await desk.scan(TICKET) for _ in range(3)]
    assert {str(decision.outcome) for decision in decisions} == {"refused (already_used)"}
    assert [len(decision.asks) for decision in decisions] == [2, 1, 1]
    assert desk.asked.count(LINKED) == 1


async def test_the_link_is_asked_for_by_the_tickets_id(desk: Desk) -> None:
    desk.answers[SCAN] = USED
    assert (await desk.scan("T-1")).outcome == Outcome(OutcomeKind.READMITTED)
    assert json.loads(desk.service.calls[-1].body) == {"p_ticket_id": TICKET}
