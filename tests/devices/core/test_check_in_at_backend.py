"""Every sort of code, at the reference backend."""

import random
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from device_fakes import ManualClock

from gatedrill.contract.attempt import AskKind
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.contract.qr import sign_payload
from gatedrill.contract.service import (
    Population,
    TicketRow,
    VipPassRow,
    VipReservationRow,
)
from gatedrill.devices.decide import Decision, decide
from gatedrill.devices.supabase_checkin import SupabaseCheckIn, VipArgument

if TYPE_CHECKING:
    from devices.core.conftest import Backend

SCANNER = "9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d"
RESERVATION = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
OVER = "bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb"
SECRET = "the venue's own"
VERIFY, LOOKUP, SCAN = AskKind.VERIFY, AskKind.LOOKUP, AskKind.SCAN
VIP_SCAN, LINKED_TICKET = AskKind.VIP_SCAN, AskKind.LINKED_TICKET


def uuid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


HELD = Population(
    tickets=(
        TicketRow(uuid(1), "tonight", "general", qr_token="T-1"),
        TicketRow(uuid(2), "tomorrow", "general", qr_token="T-2"),
        TicketRow(uuid(3), "tonight", "general", qr_token="T-3", status="cancelled"),
        TicketRow(uuid(4), "tonight", "general", qr_token="T-4", vip_reservation_id=RESERVATION),
        TicketRow(uuid(5), "tonight", "general", qr_token="T-5", vip_reservation_id=OVER),
    ),
    vip_reservations=(
        VipReservationRow(RESERVATION, "tonight", 5),
        VipReservationRow(OVER, "tonight", 5, status="completed"),
    ),
    vip_passes=(
        VipPassRow(uuid(11), RESERVATION, 1, "VIP-1"),
        VipPassRow(uuid(12), RESERVATION, 2, "VIP-2", status="cancelled"),
        VipPassRow(uuid(13), RESERVATION, 3, "VIP-3", status="expired"),
        VipPassRow(uuid(14), OVER, 1, "VIP-4"),
    ),
    qr_secret=SECRET,
)


def check_in(backend: "Backend", vip_argument: VipArgument = "p_pass_id") -> SupabaseCheckIn:
    return SupabaseCheckIn(
        backend.connection(),
        device="gate-07",
        scanned_by=SCANNER,
        event_id="tonight",
        vip_argument=vip_argument,
    )


@pytest.fixture
async def checkin(backend: "Backend") -> AsyncIterator[SupabaseCheckIn]:
    await backend.populate(HELD)
    adapter = check_in(backend)
    yield adapter
    await adapter.close()


async def scan(checkin: SupabaseCheckIn, symbol: str) -> Decision:
    resolution = await checkin.resolve(symbol)
    return await decide(resolution, None, checkin, ManualClock(), random.Random(1))


async def scan_held(checkin: SupabaseCheckIn, symbol: str) -> Decision:
    """As in a burst of requests: resolved first, then held, then let go."""
    await checkin.warm()
    resolution = await checkin.resolve(symbol)
    assert not isinstance(resolution.found, Outcome)
    question = checkin.hold(resolution.found)
    assert await question.until_parked() is None
    question.release()
    question.resume()
    decision = await decide(resolution, question, checkin, ManualClock(), random.Random(1))
    await question.withdraw()
    return decision


def kinds(decision: Decision) -> list[AskKind]:
    return [ask.kind for ask in decision.asks]


def signed(token: str, secret: str = SECRET, **meta: str | int) -> str:
    return sign_payload(token, secret, dict(meta))


def guest(token: str) -> str:
    return signed(token, type="vip_guest", reservationId=RESERVATION, guestNumber=1)


def refused(reason: Reason) -> Outcome:
    return Outcome(OutcomeKind.REFUSED, reason)


ADMITTED = Outcome(OutcomeKind.ADMITTED)
READMITTED = Outcome(OutcomeKind.READMITTED)
UNSIGNED = '{"token": "T-1", "meta": {}}'

CODES = [
    pytest.param(uuid(1), ADMITTED, [SCAN], id="a ticket's id"),
    pytest.param("T-1", ADMITTED, [LOOKUP, SCAN], id="a ticket's token"),
    pytest.param(signed("T-1"), ADMITTED, [VERIFY, LOOKUP, SCAN], id="a signed ticket"),
    pytest.param("VIP-1", ADMITTED, [LOOKUP, LOOKUP, VIP_SCAN], id="a pass's token"),
    pytest.param(guest("VIP-1"), ADMITTED, [VERIFY, LOOKUP, VIP_SCAN], id="a signed pass"),
    pytest.param(
        signed("VIP-1"), ADMITTED, [VERIFY, LOOKUP, LOOKUP, VIP_SCAN], id="a pass without meta"
    ),
    pytest.param(signed("T-1", "forged"), refused(Reason.TAMPERED), [VERIFY], id="forged"),
    pytest.param("T-1{", refused(Reason.NOT_FOUND), [LOOKUP, LOOKUP], id="a brace at the end"),
    pytest.param(UNSIGNED, refused(Reason.TAMPERED), [], id="unsigned"),
    pytest.param("{", refused(Reason.TAMPERED), [], id="broken"),
    pytest.param("T-99", refused(Reason.NOT_FOUND), [LOOKUP, LOOKUP], id="nobody's token"),
    pytest.param(uuid(99), refused(Reason.NOT_FOUND), [SCAN], id="nobody's id"),
    pytest.param("T-2", refused(Reason.WRONG_EVENT), [LOOKUP], id="tomorrow's token"),
    pytest.param(
        signed("T-2", eventId="tonight", orderId="O", ticketType="general"),
        refused(Reason.WRONG_EVENT),
        [VERIFY, LOOKUP],
        id="tomorrow's ticket that claims to be tonight's",
    ),
    pytest.param(
        signed("T-1", eventId="tomorrow"), ADMITTED, [VERIFY, LOOKUP, SCAN], id="and the reverse"
    ),
    pytest.param("T-3", refused(Reason.CANCELLED), [LOOKUP, SCAN], id="cancelled"),
    pytest.param(
        guest("T-1"), refused(Reason.NOT_FOUND), [VERIFY, LOOKUP], id="a ticket as a pass"
    ),
    pytest.param(
        guest("VIP-2"), refused(Reason.CANCELLED), [VERIFY, LOOKUP, VIP_SCAN], id="cancelled pass"
    ),
    pytest.param(
        guest("VIP-3"), refused(Reason.INVALID_STATUS), [VERIFY, LOOKUP, VIP_SCAN], id="expired"
    ),
    pytest.param(
        guest("VIP-4"), refused(Reason.RESERVATION_CLOSED), [VERIFY, LOOKUP, VIP_SCAN], id="over"
    ),
]


@pytest.mark.parametrize(("symbol", "outcome", "asked"), CODES)
async def test_a_code_is_resolved_and_then_decided(
    checkin: SupabaseCheckIn, symbol: str, outcome: Outcome, asked: list[AskKind]
) -> None:
    decision = await scan(checkin, symbol)
    assert (decision.outcome, kinds(decision)) == (outcome, asked)
    assert all(ask.arrived_ns is not None for ask in decision.asks)


@pytest.mark.parametrize("symbol", [signed("T-1", "forged"), UNSIGNED, "T-2", "T-99", guest("T-1")])
async def test_what_is_refused_before_the_scan_leaves_no_trace_at_the_service(
    backend: "Backend", checkin: SupabaseCheckIn, symbol: str
) -> None:
    await scan(checkin, symbol)
    assert await backend.read("scan_logs") == []
    assert await backend.read("vip_scan_logs") == []


@pytest.mark.parametrize("symbol", ["T-1", signed("T-1")])
async def test_a_looked_up_ticket_is_scanned_by_its_id(
    backend: "Backend", checkin: SupabaseCheckIn, symbol: str
) -> None:
    await scan(checkin, symbol)
    [row] = await backend.read("scan_logs")
    assert (row["ticket_id"], row["device_id"]) == (uuid(1), "gate-07")


async def test_a_held_scan_is_resolved_before_and_acts_with_its_release(
    backend: "Backend", checkin: SupabaseCheckIn
) -> None:
    resolution = await checkin.resolve(signed("T-1"))
    assert not isinstance(resolution.found, Outcome)
    question = checkin.hold(resolution.found)
    await question.until_parked()
    assert [ask.kind for ask in resolution.asks] == [VERIFY, LOOKUP]
    assert await backend.read("scan_logs") == []
    question.release()
    question.resume()
    decision = await decide(resolution, question, checkin, ManualClock(), random.Random(1))
    await question.withdraw()
    assert (decision.outcome, kinds(decision)) == (ADMITTED, [VERIFY, LOOKUP, SCAN])


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize(
    ("vip_argument", "asked"),
    [("p_pass_id", [VERIFY, LOOKUP, VIP_SCAN]), ("p_qr_token", [VERIFY, VIP_SCAN])],
)
async def test_a_guest_comes_in_and_back_in(
    backend: "Backend", vip_argument: VipArgument, asked: list[AskKind], held: bool
) -> None:
    await backend.populate(HELD)
    checkin = check_in(backend, vip_argument)
    let_in = scan_held if held else scan
    first = await let_in(checkin, guest("VIP-1"))
    second = await let_in(checkin, guest("VIP-1"))
    await checkin.close()
    assert (first.outcome, kinds(first)) == (ADMITTED, asked)
    assert (first.last_entry_at, first.checked_in_guests) == (None, 1)
    assert (second.outcome, kinds(second)) == (READMITTED, asked)
    logs = await backend.read("vip_scan_logs")
    assert [row["entry_type"] for row in logs] == ["first_entry", "reentry"]
    assert (second.last_entry_at, second.checked_in_guests) == (logs[0]["scanned_at"], 1)
    assert {row["scanned_by"] for row in logs} == {SCANNER}


async def test_by_token_a_pass_is_not_looked_up_and_one_that_nobody_has_is_not_found(
    backend: "Backend",
) -> None:
    await backend.populate(HELD)
    checkin = check_in(backend, "p_qr_token")
    decision = await scan(checkin, "VIP-99")
    await checkin.close()
    assert decision.outcome == refused(Reason.NOT_FOUND)
    assert kinds(decision) == [LOOKUP, VIP_SCAN]


@pytest.mark.parametrize(("symbol", "resolving"), [(uuid(4), []), ("T-4", [LOOKUP])])
@pytest.mark.parametrize("held", [False, True])
async def test_a_ticket_of_a_vip_table_lets_its_bearer_back_in(
    checkin: SupabaseCheckIn, symbol: str, resolving: list[AskKind], held: bool
) -> None:
    let_in = scan_held if held else scan
    assert (await let_in(checkin, symbol)).outcome == ADMITTED
    again = await let_in(checkin, symbol)
    assert (again.outcome, kinds(again)) == (READMITTED, [*resolving, SCAN, LINKED_TICKET])


@pytest.mark.parametrize("symbol", ["T-1", "T-5"], ids=["not linked", "reservation is over"])
async def test_any_other_used_ticket_stays_refused(checkin: SupabaseCheckIn, symbol: str) -> None:
    await scan(checkin, symbol)
    again = await scan(checkin, symbol)
    assert again.outcome == refused(Reason.ALREADY_USED)
    assert kinds(again) == [LOOKUP, SCAN, LINKED_TICKET]


async def test_without_a_secret_at_the_service_no_signed_code_is_admitted(
    backend: "Backend",
) -> None:
    await backend.populate(Population(HELD.tickets[:1]))
    checkin = check_in(backend)
    decision = await scan(checkin, signed("T-1"))
    await checkin.close()
    assert (decision.outcome, kinds(decision)) == (refused(Reason.TAMPERED), [VERIFY])
