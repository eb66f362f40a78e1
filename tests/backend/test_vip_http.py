"""VIP guests over HTTP: each test runs on SQLite and on PostgreSQL."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import pytest

from gatedrill.contract.service import (
    Population,
    TicketRow,
    VipAnswer,
    VipPassRow,
    VipReservationRow,
)

if TYPE_CHECKING:
    from backend.conftest import Service

VIP_SCAN = "process_vip_scan_with_reentry"
LINKED = "check_vip_linked_ticket_reentry"
LINK = "link_ticket_to_vip_reservation"
RESERVATION = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
ELSEWHERE = "bbbbbbbb-bbbb-bbbb-bbbb-bbbbbbbbbbbb"
TICKET = "00000000-0000-0000-0000-000000000001"
GUESTS = range(1, 6)


def pass_id(number: int) -> str:
    return f"cccccccc-0000-0000-0000-{number:012}"


def token(number: int) -> str:
    return f"VIP-TEST-GUEST-{number:02}"


PASSES = tuple(VipPassRow(pass_id(n), RESERVATION, n, token(n)) for n in GUESTS)
PARTY = Population((), (VipReservationRow(RESERVATION, "event", 5),), PASSES)


async def scan_all(service: "Service", tokens: Sequence[str]) -> list[VipAnswer]:
    """Scan all at once."""
    answers = await asyncio.gather(
        *(service.answer(VIP_SCAN, p_qr_token=each, p_scanned_by="anna") for each in tokens)
    )
    return msgspec.convert(answers, list[VipAnswer])


async def counter(service: "Service") -> tuple[object, object]:
    [row] = await service.read("vip_reservations", f"id=eq.{RESERVATION}")
    return row["checked_in_guests"], row["status"]


async def test_five_guests_at_once_are_counted_once_each_and_may_come_back(
    either: "Service",
) -> None:
    await either.populate(PARTY)

    entries = await scan_all(either, [token(n) for n in GUESTS])

    assert [each.entry_type for each in entries] == ["first_entry"] * 5
    assert sorted(each.checked_in_guests or 0 for each in entries) == [1, 2, 3, 4, 5]
    assert await counter(either) == (5, "checked_in")
    passes = {row["id"]: row for row in await either.read("vip_passes")}
    assert {row["status"] for row in passes.values()} == {"checked_in"}

    reentries = await scan_all(either, [token(n) for n in GUESTS])

    assert [each.entry_type for each in reentries] == ["reentry"] * 5
    assert [each.checked_in_guests for each in reentries] == [5] * 5
    assert [each.last_entry_time for each in reentries] == [
        passes[each.pass_id]["last_entry_at"] for each in reentries
    ]
    assert await counter(either) == (5, "checked_in")
    logs = await either.read("vip_scan_logs", "order=id")
    assert sorted((row["entry_type"], row["pass_id"]) for row in logs) == sorted(
        (entry_type, pass_id(n)) for entry_type in ("first_entry", "reentry") for n in GUESTS
    )


async def test_one_pass_ten_times_at_once_enters_first_only_once(either: "Service") -> None:
    await either.populate(PARTY)

    answers = await scan_all(either, [token(1)] * 10)

    assert sorted(str(each.entry_type) for each in answers) == ["first_entry"] + ["reentry"] * 9
    assert await counter(either) == (1, "checked_in")
    logs = await either.read("vip_scan_logs", "order=id")
    assert [row["entry_type"] for row in logs] == ["first_entry"] + ["reentry"] * 9


async def test_more_passes_than_guests_enter_and_the_counter_stays_at_all(
    either: "Service",
) -> None:
    reservation = VipReservationRow(RESERVATION, "event", 3, 1)
    await either.populate(Population((), (reservation,), PASSES))

    answers = await scan_all(either, [token(n) for n in GUESTS])

    assert [each.entry_type for each in answers] == ["first_entry"] * 5
    assert await counter(either) == (3, "checked_in")


async def test_a_pass_is_known_by_its_id_and_by_its_token(either: "Service") -> None:
    await either.populate(PARTY)

    by_id = await either.answer(VIP_SCAN, p_pass_id=pass_id(1).upper())
    by_token = await either.answer(VIP_SCAN, p_qr_token=token(1), p_scanned_by="anna")

    assert (by_id["pass_id"], by_token["pass_id"]) == (pass_id(1), pass_id(1))
    logs = await either.read("vip_scan_logs", "order=id")
    assert [(row["asked_for"], row["scanned_by"]) for row in logs] == [
        (pass_id(1), None),
        (token(1), "anna"),
    ]


@pytest.mark.parametrize(
    ("asked_for", "error", "log"),
    [
        ("nobody", "PASS_NOT_FOUND", (None, None)),
        (token(1), "PASS_CANCELLED", (pass_id(1), RESERVATION)),
        (token(2), "INVALID_STATUS", (pass_id(2), RESERVATION)),
        (token(3), "RESERVATION_NOT_FOUND", (pass_id(3), ELSEWHERE)),
        (token(4), "RESERVATION_NOT_CONFIRMED", (pass_id(4), RESERVATION)),
    ],
)
async def test_a_refused_pass_changes_nothing_and_is_logged(
    either: "Service", asked_for: str, error: str, log: tuple[object, object]
) -> None:
    reservation = VipReservationRow(RESERVATION, "event", 5, status="pending")
    passes = (
        VipPassRow(pass_id(1), RESERVATION, 1, token(1), "cancelled"),
        VipPassRow(pass_id(2), RESERVATION, 2, token(2), "expired"),
        VipPassRow(pass_id(3), ELSEWHERE, 1, token(3)),
        VipPassRow(pass_id(4), RESERVATION, 4, token(4)),
    )
    await either.populate(Population((), (reservation,), passes))

    answer = await either.answer(VIP_SCAN, p_qr_token=asked_for)

    assert (answer["success"], answer["error"]) == (False, error)
    [row] = await either.read("vip_scan_logs")
    assert (row["entry_type"], row["error"], row["asked_for"]) == ("refused", error, asked_for)
    assert (row["pass_id"], row["reservation_id"]) == log
    kept = msgspec.convert(await either.read("vip_passes"), list[VipPassRow])
    assert [msgspec.structs.replace(each, updated_at=None) for each in kept] == list(passes)
    assert await counter(either) == (0, "pending")


async def test_a_linked_ticket_is_refused_again_but_may_reenter(either: "Service") -> None:
    reservation = VipReservationRow(
        RESERVATION, "event", 5, status="confirmed", table_number="7", table_name="Stage left"
    )
    ticket = TicketRow(TICKET, "event", "general", vip_reservation_id=RESERVATION)
    await either.populate(Population((ticket,), (reservation,)))

    assert (await either.scan(1)).success
    assert (await either.scan(1)).already_scanned
    assert await either.answer(LINKED, p_ticket_id=TICKET) == {
        "is_vip_linked": True,
        "allow_reentry": True,
        "vip_reservation_id": RESERVATION,
        "table_number": "7",
        "table_name": "Stage left",
        "reservation_status": "confirmed",
    }


@pytest.mark.parametrize(
    "ticket",
    [
        TicketRow(TICKET, "event", "general"),
        TicketRow(TICKET, "event", "general", vip_reservation_id=ELSEWHERE),
        TicketRow(ELSEWHERE, "event", "general", vip_reservation_id=RESERVATION),
    ],
    ids=["not linked", "to a reservation that is none", "unknown"],
)
async def test_any_other_ticket_may_not(either: "Service", ticket: TicketRow) -> None:
    await either.populate(Population((ticket,), (VipReservationRow(RESERVATION, "event", 5),)))

    assert await either.answer(LINKED, p_ticket_id=TICKET) == {"is_vip_linked": False}


async def test_ten_at_once_link_no_more_tickets_than_guests(either: "Service") -> None:
    tickets = tuple(
        TicketRow(f"00000000-0000-0000-0000-{number:012}", "event", "general")
        for number in range(10)
    )
    await either.populate(Population(tickets, (VipReservationRow(RESERVATION, "event", 3),)))

    answers = await asyncio.gather(
        *(
            either.answer(LINK, p_ticket_id=each.id, p_reservation_id=RESERVATION)
            for each in tickets
        )
    )

    refused = [answer["error"] for answer in answers if not answer["success"]]
    assert refused == ["RESERVATION_FULL"] * 7
    linked = await either.read("tickets", f"vip_reservation_id=eq.{RESERVATION}")
    assert len(linked) == 3
