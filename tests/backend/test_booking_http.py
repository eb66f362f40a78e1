"""Booking places over HTTP: each test runs on SQLite and on PostgreSQL."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from gatedrill.backend.booking_desk import BookingDesk
from gatedrill.backend.payment import PaymentError
from gatedrill.contract.qr import sign_token
from gatedrill.contract.service import (
    CHECKOUT_PATH,
    VERIFY_PATH,
    WEBHOOK_PATH,
    CheckoutRequest,
    PaymentBehaviour,
    Population,
    SlotRow,
)

if TYPE_CHECKING:
    from backend.conftest import OpenStore, Service, Start

Rows = list[dict[str, object]]


def slots(places: int, payment: PaymentBehaviour | None = None) -> Population:
    slot = SlotRow("21h", "event", places, places)
    return Population((), slots=(slot,), payment=payment or PaymentBehaviour())


async def book(service: "Service", guests: int = 1) -> httpx.Response:
    return await service.post(CHECKOUT_PATH, slot_id="21h", guests=guests)


async def left(service: "Service") -> object:
    [slot] = await service.read("slots")
    return slot["available"]


def picked(rows: Rows, *columns: str) -> list[tuple[object, ...]]:
    return [tuple(row[column] for column in columns) for row in rows]


async def tell_of_payment(service: "Service", event_id: str, **metadata: object) -> None:
    session = {"id": "cs_1", "metadata": {"slot_id": "21h"} | metadata}
    answer = await service.post(
        WEBHOOK_PATH,
        id=event_id,
        type="checkout.session.completed",
        data={"object": session},
    )
    assert (answer.status_code, answer.json()) == (200, {"received": True})


@pytest.mark.parametrize(
    ("places", "requests", "guests", "succeed", "remain"),
    [(1, 2, 1, 1, 0), (2, 3, 1, 2, 0), (5, 10, 1, 5, 0), (5, 3, 2, 2, 1), (1, 50, 1, 1, 0)],
)
async def test_no_more_guests_get_places_than_there_are(
    either: "Service", places: int, requests: int, guests: int, succeed: int, remain: int
) -> None:
    await either.populate(slots(places))

    answers = await asyncio.gather(*(book(either, guests) for _ in range(requests)))

    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(409)) == (succeed, requests - succeed)
    assert await left(either) == remain
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    noun = "guest" if guests == 1 else "guests"
    assert refused["message"] == f"slot no longer available for {guests} {noun}"
    assert refused["code"] == "SLOT_FULL"
    sessions = await either.read("payment_sessions")
    assert len(sessions) == succeed
    audit = picked(await either.read("audit_logs"), "type", "guests", "slots_rolled_back")
    assert audit.count(("checkout.opened", guests, None)) == succeed
    assert audit.count(("checkout.failed", guests, None)) == requests - succeed
    assert len(audit) == requests


async def test_a_checkout_is_answered_with_its_session(either: "Service") -> None:
    await either.populate(slots(5))

    answer = (await book(either, 2)).json()

    assert answer["url"].endswith(answer["session_id"])
    [checkout] = await either.read("checkouts")
    assert checkout == {
        "id": answer["checkout_id"],
        "slot_id": "21h",
        "guests": 2,
        "status": "open",
        "session_id": answer["session_id"],
        "created_at": checkout["created_at"],
    }
    [session] = await either.read("payment_sessions")
    assert session == {
        "id": answer["session_id"],
        "checkout_id": answer["checkout_id"],
        "slot_id": "21h",
        "guests": 2,
        "slots_reserved": "true",
        "created_at": session["created_at"],
    }


@pytest.mark.parametrize(
    ("payment", "status", "code"),
    [
        (PaymentBehaviour("fail"), 502, "PAYMENT_FAILED"),
        (PaymentBehaviour("fail", delay_ms=20), 502, "PAYMENT_FAILED"),
        (PaymentBehaviour("time_out"), 504, "PAYMENT_TIMED_OUT"),
        (PaymentBehaviour("succeed", delay_ms=60_000), 504, "PAYMENT_TIMED_OUT"),
    ],
)
async def test_a_failed_payment_gives_the_places_back(
    either: "Service",
    monkeypatch: pytest.MonkeyPatch,
    payment: PaymentBehaviour,
    status: int,
    code: str,
) -> None:
    monkeypatch.setattr("gatedrill.backend.payment.PATIENCE_S", 0.2)
    await either.populate(slots(3, payment))

    answers = await asyncio.gather(book(either), book(either, 2))

    assert [each.status_code for each in answers] == [status] * 2
    assert {each.json()["code"] for each in answers} == {code}
    assert await left(either) == 3
    assert await either.read("payment_sessions") == []
    checkouts = await either.read("checkouts", "order=guests")
    assert picked(checkouts, "guests", "status", "session_id") == [
        (1, "failed", None),
        (2, "failed", None),
    ]
    audit = await either.read("audit_logs", "order=guests")
    assert picked(audit, "type", "guests", "slots_rolled_back", "checkout_id") == [
        ("checkout.stripe_error", row["guests"], row["guests"], row["id"]) for row in checkouts
    ]


async def test_the_places_are_taken_while_the_payment_provider_thinks(either: "Service") -> None:
    await either.populate(slots(1, PaymentBehaviour(delay_ms=400)))

    booking = asyncio.create_task(book(either))
    while await left(either) != 0:
        pass
    refused = await book(either)

    assert refused.status_code == 409
    assert (await booking).status_code == 200


async def test_a_service_that_stops_amid_a_checkout_leaves_no_place_taken(
    start: "Start", tmp_path: Path
) -> None:
    file = tmp_path / "gate.db"
    async with start(database=file) as service:
        await service.populate(slots(3, PaymentBehaviour("time_out")))
        buyer = service.another_client()
        one = {"slot_id": "21h", "guests": 1}
        booking = asyncio.create_task(buyer.post(CHECKOUT_PATH, json=one))
        while await left(service) != 2:
            pass
    assert (await booking).status_code == 504
    await buyer.aclose()

    async with start(database=file) as service:
        assert await left(service) == 3


async def test_a_slot_that_is_none_is_not_found_and_told_of_in_the_audit_log(
    either: "Service",
) -> None:
    await either.populate(slots(1))

    answer = await either.post(CHECKOUT_PATH, slot_id="22h", guests=1)

    assert (answer.status_code, answer.json()["code"]) == (404, "SLOT_NOT_FOUND")
    assert picked(await either.read("audit_logs"), "type", "slot_id") == [
        ("checkout.failed", "22h")
    ]


async def test_a_payment_for_reserved_places_takes_no_more_of_them(either: "Service") -> None:
    await either.populate(slots(5))
    checkout_id = (await book(either, 2)).json()["checkout_id"]

    for _ in range(2):
        await tell_of_payment(
            either, "evt_1", guests="2", checkout_id=checkout_id, slots_reserved="true"
        )

    assert await left(either) == 3
    assert picked(await either.read("checkouts"), "id", "status") == [(checkout_id, "completed")]
    audit = await either.read("audit_logs", "order=id")
    assert picked(audit, "type", "checkout_id") == [
        ("checkout.opened", checkout_id),
        ("checkout.completed", checkout_id),
    ]


async def test_a_payment_of_old_takes_its_places_once_however_often_it_is_told(
    either: "Service",
) -> None:
    await either.populate(slots(5))

    await asyncio.gather(*(tell_of_payment(either, "evt_1", guests="2") for _ in range(5)))

    assert await left(either) == 3
    checkouts = await either.read("checkouts")
    assert picked(checkouts, "guests", "status", "session_id") == [(2, "completed", "cs_1")]
    assert picked(await either.read("audit_logs"), "type", "guests") == [("checkout.completed", 2)]


async def test_payments_of_old_at_once_take_no_more_places_than_there_are(
    either: "Service",
) -> None:
    await either.populate(slots(5))

    await asyncio.gather(*(tell_of_payment(either, f"evt_{n}", guests="2") for n in range(10)))

    assert await left(either) == 1
    types = [row["type"] for row in await either.read("audit_logs")]
    assert (types.count("checkout.completed"), types.count("checkout.oversold")) == (2, 8)
    assert len(await either.read("checkouts")) == 2


async def test_an_event_of_another_type_changes_nothing(either: "Service") -> None:
    await either.populate(slots(5))

    answer = await either.post(WEBHOOK_PATH, id="evt_1", type="charge.refunded", data={})

    assert answer.json() == {"received": True}
    assert await left(either) == 5
    await tell_of_payment(either, "evt_1", guests="1")
    assert await left(either) == 4


async def test_a_checkout_that_is_cut_off_gives_its_places_back(open_store: "OpenStore") -> None:
    asked = asyncio.Event()

    class Silent:
        async def open_session(self) -> str:
            asked.set()
            await asyncio.Event().wait()
            raise AssertionError

    async with open_store() as store:
        await store.replace_population(slots(3))
        desk = BookingDesk(store, lambda: "20:00", lambda _: Silent())
        booking = asyncio.create_task(desk.check_out(CheckoutRequest("21h", 2)))
        await asked.wait()
        booking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await booking

        async with store.transaction() as records:
            slot = await records.find(SlotRow, "21h")
    assert slot == SlotRow("21h", "event", 3, 3)


async def test_places_never_go_back_into_another_population(open_store: "OpenStore") -> None:
    async with open_store() as store:

        class Interrupted:
            async def open_session(self) -> str:
                await store.replace_population(slots(3))
                raise PaymentError("no")

        await store.replace_population(slots(3))
        desk = BookingDesk(store, lambda: "20:00", lambda _: Interrupted())
        with pytest.raises(PaymentError):
            await desk.check_out(CheckoutRequest("21h", 2))

        async with store.transaction() as records:
            slot = await records.find(SlotRow, "21h")
    assert slot == SlotRow("21h", "event", 3, 3)


async def test_a_signature_is_valid_if_it_was_made_with_the_populations_secret(
    either: "Service",
) -> None:
    async def valid(token: str, signature: str) -> object:
        return (await either.post(VERIFY_PATH, token=token, signature=signature)).json()

    own, forged = sign_token("token-1", "secret"), sign_token("token-1", "guessed")
    assert await valid("token-1", own) == {"valid": False}

    await either.populate(Population((), qr_secret="secret"))

    assert await valid("token-1", own) == {"valid": True}
    assert await valid("token-1", forged) == {"valid": False}
    assert await valid("token-2", own) == {"valid": False}
    assert await valid("token-1", "") == {"valid": False}


async def test_the_secret_is_told_to_nobody(either: "Service") -> None:
    await either.populate(Population((), qr_secret="secret-of-the-venue"))

    for path in ("/rest/v1/settings", "/gatedrill/about", "/gatedrill/population"):
        answer = await either.client.get(path)
        assert "secret-of-the-venue" not in answer.text
