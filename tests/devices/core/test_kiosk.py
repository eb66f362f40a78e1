"""A kiosk and its acts, without wire or wait."""

import asyncio

import pytest
from device_fakes import (
    BUSY,
    TIMEOUT,
    FakeKioskService,
    ManualClock,
    checkout,
    link,
    webhook,
)

from gatedrill.contract.attempt import AttemptRecord, CheckoutRecord, LinkRecord, WebhookRecord
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import DeviceInfo, Presentation
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.device import Act
from gatedrill.devices.kiosk import Kiosk, KioskOrder

BOOKED = Outcome(OutcomeKind.BOOKED)
CONFIRMED = Outcome(OutcomeKind.CONFIRMED)
LINKED = Outcome(OutcomeKind.LINKED)


@pytest.fixture
def clock() -> ManualClock:
    """No two readings are alike."""
    return ManualClock(1_000_000_000, tick_ns=1)


def kiosk(clock: ManualClock, *outcomes: Outcome) -> tuple[Kiosk, FakeKioskService]:
    service = FakeKioskService(clock, outcomes)
    return Kiosk("kiosk-01", service, clock), service


async def let_go(act: Act, clock: ManualClock) -> AttemptRecord:
    act.intended_ns = clock.now_ns()
    act.release()
    act.resume()
    return await act.record()


async def test_a_kiosk_opens_nothing_and_closes_its_connection(clock: ManualClock) -> None:
    device, service = kiosk(clock, BOOKED)
    await device.open()
    await device.warm()
    await device.close()
    assert service.said == ["warm", "close"]
    assert device.info == DeviceInfo("kiosk-01", "kiosk", 0.0)
    assert device.info.is_kiosk


def test_a_kiosk_reads_no_tickets(clock: ManualClock) -> None:
    with pytest.raises(UsageError, match="kiosk-01 is a kiosk and reads no tickets"):
        kiosk(clock, BOOKED)[0].begin(Presentation("a", "kiosk-01", "T", 1))


async def test_a_booking_is_asked_for_after_its_release_and_recorded(clock: ManualClock) -> None:
    device, service = kiosk(clock, BOOKED)
    act = device.begin(checkout(guests=2))
    act.prepare()
    recording = asyncio.create_task(act.record())
    await asyncio.sleep(0)
    act.intended_ns = clock.now_ns()
    act.release()
    assert service.said == []
    act.resume()
    record = await recording
    assert isinstance(record, CheckoutRecord)
    assert (record.attempt, record.device) == ("kiosk-01/checkout", "kiosk-01")
    assert (record.slot, record.guests, record.outcome) == ("21h", 2, BOOKED)
    assert (record.checkout, record.session) == ("checkout-1", "cs_1")
    assert record.intended_ns < record.released_ns < record.asks[0].sent_ns
    assert record.asks[0].answered_ns < record.decided_ns
    assert service.said == ["ask kiosk-01/checkout"]


async def test_a_payment_is_recorded_with_its_event_and_session(clock: ManualClock) -> None:
    record = await let_go(kiosk(clock, CONFIRMED)[0].begin(webhook(event="evt_7")), clock)
    assert isinstance(record, WebhookRecord)
    assert (record.event, record.session, record.outcome) == ("evt_7", "cs_1", CONFIRMED)


async def test_a_link_is_recorded_with_its_ticket_and_reservation(clock: ManualClock) -> None:
    record = await let_go(kiosk(clock, LINKED)[0].begin(link()), clock)
    assert isinstance(record, LinkRecord)
    assert (record.ticket, record.reservation, record.outcome) == ("T", "R", LINKED)


@pytest.mark.parametrize("order", [checkout(), webhook(), link()], ids=lambda each: each.attempt)
async def test_an_act_asked_ahead_is_completed_by_its_release(
    clock: ManualClock, order: KioskOrder
) -> None:
    device, service = kiosk(clock, BOOKED)
    act = device.begin(order)
    assert await act.read_ahead() is None
    assert service.said == [f"hold {order.attempt}"]
    record = await let_go(act, clock)
    words = ["hold", "release", "resume", "withdraw"]
    assert service.said == [f"{word} {order.attempt}" for word in words]
    assert (record.outcome, len(record.asks)) == (BOOKED, 1)


async def test_a_kiosk_whose_request_is_not_taken_is_not_ready(clock: ManualClock) -> None:
    device, service = kiosk(clock, BOOKED)
    service.unparked = Reason.CONNECTION
    act = device.begin(checkout())
    assert await act.read_ahead() is Reason.CONNECTION
    await act.give_up()
    assert service.said[-1] == "withdraw kiosk-01/checkout"


async def test_what_nobody_knows_the_end_of_is_not_asked_for_again(clock: ManualClock) -> None:
    device, service = kiosk(clock, TIMEOUT, BOOKED)
    assert (await let_go(device.begin(checkout()), clock)).outcome == TIMEOUT
    assert len(service.said) == 1


async def test_a_busy_row_is_asked_for_again(clock: ManualClock, pauses: list[float]) -> None:
    device, _ = kiosk(clock, BUSY, LINKED)
    record = await let_go(device.begin(link()), clock)
    assert record.outcome == LINKED
    assert [ask.reason for ask in record.asks] == [Reason.BUSY, None]
    assert len(pauses) == 1


async def test_an_act_that_is_cancelled_withdraws_its_request(clock: ManualClock) -> None:
    device, service = kiosk(clock, BOOKED)
    act = device.begin(checkout())
    await act.read_ahead()
    recording = asyncio.create_task(act.record())
    await asyncio.sleep(0)
    recording.cancel()
    with pytest.raises(asyncio.CancelledError):
        await recording
    assert service.said == ["hold kiosk-01/checkout", "withdraw kiosk-01/checkout"]
