"""A kiosk at the reference backend."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import msgspec
import pytest
from device_fakes import ManualClock, checkout, webhook
from scripted_service import always, answer, scripted_service, silent

from gatedrill.contract.attempt import AskKind, AttemptRecord, CheckoutRecord
from gatedrill.contract.messages import LinkOrder, WebhookOrder
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.contract.service import (
    COMPLETED_EVENT,
    PaymentBehaviour,
    PaymentEvent,
    PaymentEventData,
    PaymentSession,
    Population,
    SessionMetadata,
    SlotRow,
    TicketRow,
    VipReservationRow,
)
from gatedrill.devices.connection import ServiceConnection
from gatedrill.devices.device import Act
from gatedrill.devices.kiosk import Kiosk, KioskOrder
from gatedrill.devices.supabase_kiosk import SupabaseKiosk

if TYPE_CHECKING:
    from devices.core.conftest import Backend

RESERVATION = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
MODES = [False, True]
MODE_NAMES = ["present", "request"]


def uuid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


def kiosk(connection: ServiceConnection, name: str = "kiosk-01") -> Kiosk:
    return Kiosk(name, SupabaseKiosk(connection), ManualClock(tick_ns=1))


def connection_to(url: str) -> ServiceConnection:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return ServiceConnection(url, "key", clock=ManualClock(tick_ns=1), tls=tls, timeout_s=60)


@pytest.fixture
async def desk(backend: "Backend") -> AsyncIterator[Kiosk]:
    device = kiosk(backend.connection())
    yield device
    await device.close()


async def let_go(act: Act) -> AttemptRecord:
    act.release()
    act.resume()
    return await act.record()


async def perform(desk: Kiosk, order: KioskOrder, *, held: bool = False) -> AttemptRecord:
    await desk.warm()
    act = desk.begin(order)
    if held:
        assert await act.read_ahead() is None
    return await let_go(act)


def refused(reason: Reason) -> Outcome:
    return Outcome(OutcomeKind.REFUSED, reason)


def slot(available: int, outcome: str = "succeed") -> Population:
    payment = msgspec.convert({"outcome": outcome}, PaymentBehaviour)
    return Population((), slots=(SlotRow("21h", "tonight", 5, available),), payment=payment)


async def places(backend: "Backend") -> object:
    [row] = await backend.read("slots")
    return row["available"]


@pytest.mark.parametrize("held", MODES, ids=MODE_NAMES)
async def test_a_booking_takes_places_until_there_are_none(
    backend: "Backend", desk: Kiosk, held: bool
) -> None:
    await backend.populate(slot(2))
    first = await perform(desk, checkout(guests=2), held=held)
    second = await perform(desk, checkout(guests=1), held=held)
    assert isinstance(first, CheckoutRecord)
    assert isinstance(second, CheckoutRecord)
    [session] = await backend.read("payment_sessions")
    assert first.outcome == Outcome(OutcomeKind.BOOKED)
    assert (first.checkout, first.session) == (session["checkout_id"], session["id"])
    assert (second.outcome, second.checkout) == (refused(Reason.FULL), None)
    assert [ask.kind for ask in first.asks] == [AskKind.CHECKOUT]
    assert await places(backend) == 0


async def test_a_held_booking_takes_nothing_before_its_release(
    backend: "Backend", desk: Kiosk
) -> None:
    await backend.populate(slot(1))
    await desk.warm()
    act = desk.begin(checkout())
    assert await act.read_ahead() is None
    assert await places(backend) == 1
    assert (await let_go(act)).outcome == Outcome(OutcomeKind.BOOKED)
    assert await places(backend) == 0


async def test_a_held_booking_that_is_given_up_takes_nothing(
    backend: "Backend", desk: Kiosk
) -> None:
    await backend.populate(slot(1))
    await desk.warm()
    act = desk.begin(checkout())
    await act.read_ahead()
    await act.give_up()
    assert (await perform(desk, checkout(guests=1))).outcome == Outcome(OutcomeKind.BOOKED)
    assert len(await backend.read("checkouts")) == 1


async def test_kiosks_that_race_for_the_last_place_get_it_once(backend: "Backend") -> None:
    await backend.populate(slot(1))
    desks = [kiosk(backend.connection(), f"kiosk-{number:02}") for number in range(5)]
    await asyncio.gather(*(desk.warm() for desk in desks))
    acts = [desk.begin(checkout(desk.name)) for desk in desks]
    assert [await act.read_ahead() for act in acts] == [None] * 5
    for act in acts:
        act.release()
    for act in acts:
        act.resume()
    outcomes = [(await act.record()).outcome for act in acts]
    for desk in desks:
        await desk.close()
    assert outcomes.count(Outcome(OutcomeKind.BOOKED)) == 1
    assert outcomes.count(refused(Reason.FULL)) == 4


@pytest.mark.parametrize(
    ("payment", "reason"),
    [("fail", Reason.PAYMENT_FAILED), ("time_out", Reason.PAYMENT_TIMED_OUT)],
)
async def test_a_booking_without_a_payment_session_is_refused(
    backend: "Backend", desk: Kiosk, payment: str, reason: Reason
) -> None:
    await backend.populate(slot(3, payment))
    record = await perform(desk, checkout())
    assert record.outcome == refused(reason)
    assert await places(backend) == 3


async def test_a_slot_that_does_not_exist_is_not_found(backend: "Backend", desk: Kiosk) -> None:
    record = await perform(desk, checkout())
    assert record.outcome == refused(Reason.NOT_FOUND)
    assert await backend.read("checkouts") == []


@pytest.mark.parametrize("held", MODES, ids=MODE_NAMES)
async def test_a_payment_that_is_told_twice_is_confirmed_twice_and_takes_effect_once(
    backend: "Backend", desk: Kiosk, held: bool
) -> None:
    await backend.populate(slot(5))
    for _ in range(2):
        record = await perform(desk, webhook(), held=held)
        assert record.outcome == Outcome(OutcomeKind.CONFIRMED)
        assert [ask.kind for ask in record.asks] == [AskKind.WEBHOOK]
    assert await places(backend) == 4


async def test_a_payment_that_cannot_be_read_is_not_confirmed(
    backend: "Backend", desk: Kiosk
) -> None:
    session = PaymentSession("cs_1", SessionMetadata("21h", "many"))
    event = PaymentEvent("evt_1", COMPLETED_EVENT, PaymentEventData(session))
    record = await perform(desk, WebhookOrder("a", "kiosk-01", event))
    assert record.outcome == Outcome(OutcomeKind.UNKNOWN, Reason.BAD_ANSWER)


@pytest.mark.parametrize("held", MODES, ids=MODE_NAMES)
async def test_a_reservation_takes_as_many_tickets_as_it_has_guests(
    backend: "Backend", desk: Kiosk, held: bool
) -> None:
    tickets = tuple(TicketRow(uuid(number), "tonight", "general") for number in (1, 2))
    await backend.populate(Population(tickets, (VipReservationRow(RESERVATION, "tonight", 1),)))

    async def linked(ticket: str, reservation: str = RESERVATION) -> Outcome:
        order = LinkOrder("a", "kiosk-01", ticket, reservation)
        record = await perform(desk, order, held=held)
        assert [ask.kind for ask in record.asks] == [AskKind.LINK]
        return record.outcome

    assert await linked(uuid(1)) == Outcome(OutcomeKind.LINKED)
    assert await linked(uuid(1)) == refused(Reason.ALREADY_LINKED)
    assert await linked(uuid(2)) == refused(Reason.FULL)
    assert await linked(uuid(9)) == refused(Reason.NOT_FOUND)
    assert await linked(uuid(2), uuid(9)) == refused(Reason.NOT_FOUND)
    assert await linked("no uuid") == refused(Reason.NOT_FOUND)


@pytest.mark.parametrize("held", MODES, ids=MODE_NAMES)
@pytest.mark.parametrize(
    ("said", "reason"),
    [
        pytest.param(answer(500, b"<html>"), Reason.SERVER_ERROR, id="500"),
        pytest.param(answer(200, b"<html>"), Reason.BAD_ANSWER, id="garbage"),
        pytest.param(None, Reason.CONNECTION, id="hangs up"),
    ],
)
async def test_a_service_that_gives_no_definite_answer_is_asked_once(
    said: bytes | None, reason: Reason, held: bool
) -> None:
    async with scripted_service() as service:
        desk = kiosk(connection_to(service.url))
        await desk.warm()
        service.script = always(said)
        act = desk.begin(checkout())
        if held:
            assert await act.read_ahead() is None
        record = await let_go(act)
        await desk.close()
        assert record.outcome == Outcome(OutcomeKind.UNKNOWN, reason)
        assert len(service.scans) == 1


async def test_an_act_that_is_cancelled_while_it_waits_leaves_the_kiosk_fit_for_the_next() -> None:
    async with scripted_service() as service:
        desk = kiosk(connection_to(service.url))
        service.script = silent
        act = desk.begin(checkout())
        waiting = asyncio.create_task(let_go(act))
        await service.until(lambda: len(service.scans) == 1)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        service.script = always(answer(200, b'{"received":true}'))
        record = await perform(desk, webhook())
        await desk.close()
    assert record.outcome == Outcome(OutcomeKind.CONFIRMED)
