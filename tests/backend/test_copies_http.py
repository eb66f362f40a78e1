"""What a device needs for a copy of its own: each test runs on SQLite and on PostgreSQL."""

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec
import pytest

from gatedrill.backend.changes import Changes
from gatedrill.backend.table_query import parse_table_query
from gatedrill.contract.service import (
    LATE_TICKETS_PATH,
    QR_KEY_PATH,
    TIME_HEADER,
    Population,
    TicketRow,
    VipPassRow,
    VipReservationRow,
)

if TYPE_CHECKING:
    from backend.conftest import OpenStore, Service

ANNA = "aaaaaaaa-0000-0000-0000-000000000001"
RESERVATION = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
PASS = "cccccccc-0000-0000-0000-000000000001"


def ticket(number: int, event: str = "event", changed: str | None = None) -> TicketRow:
    ticket_id = f"00000000-0000-0000-0000-{number:012}"
    return TicketRow(ticket_id, event, "general", updated_at=changed)


async def download(service: "Service", query: str, limit: int) -> list[str]:
    """The ids of all rows, a page after the other."""
    found: list[str] = []
    while True:
        last = found[-1] if found else "00000000-0000-0000-0000-000000000000"
        page = await service.read(
            "tickets", f"select=id&{query}&id=gt.{last}&order=id&limit={limit}"
        )
        found += [str(row["id"]) for row in page]
        if len(page) < limit:
            return found


async def test_a_copy_is_downloaded_in_pages_without_a_gap(either: "Service") -> None:
    ours = [ticket(number) for number in range(1, 251)]
    theirs = [ticket(number, "other") for number in range(1000, 1020)]
    await either.hold(*theirs, *reversed(ours))

    assert await download(either, "event_id=eq.event", 100) == [each.id for each in ours]
    between = f"id=gt.{ours[9].id}&id=gte.{ours[19].id}&event_id=eq.event&limit=1"
    assert [row["id"] for row in await either.read("tickets", between)] == [ours[19].id]


async def test_every_change_is_dated_and_found_by_what_is_newer(either: "Service") -> None:
    long_ago = "2026-01-01T00:00:00Z"
    reservation = VipReservationRow(RESERVATION, "event", 5, updated_at=long_ago)
    vip_pass = VipPassRow(PASS, RESERVATION, 1, "VIP-1", updated_at=long_ago)
    tickets = tuple(ticket(number, changed=long_ago) for number in range(1, 6))
    await either.populate(Population((*tickets, ticket(6)), (reservation,), (vip_pass,)))

    async def newer(table: str) -> set[object]:
        query = "updated_at=gte.2026-01-01T00:00:00.000001%2B00:00"
        return {row["id"] for row in await either.read(table, query)}

    assert await newer("tickets") == {ticket(6).id}
    assert await newer("vip_passes") | await newer("vip_reservations") == set()

    await either.scan(1)
    link = {"p_ticket_id": ticket(2).id, "p_reservation_id": RESERVATION}
    await either.answer("link_ticket_to_vip_reservation", **link)
    late = msgspec.to_builtins(ticket(7))
    await either.post(LATE_TICKETS_PATH, tickets=[late])
    upload = {"p_ticket_id": ticket(3).id, "p_scanned_by": ANNA, "p_scanned_at": long_ago}
    await either.client.post("/rest/v1/rpc/sync_offline_scan", json=upload)
    await either.answer("process_vip_scan_with_reentry", p_pass_id=PASS)

    assert await newer("tickets") == {ticket(number).id for number in (1, 2, 3, 6, 7)}
    assert await newer("vip_passes") == {PASS}
    assert await newer("vip_reservations") == {RESERVATION}
    rows = await either.read(
        "tickets", "select=updated_at&updated_at=gt.2026-01-02&order=updated_at"
    )
    assert all(len(str(row["updated_at"])) == len(str(rows[0]["updated_at"])) for row in rows)


async def test_no_change_is_dated_before_an_earlier_one(open_store: "OpenStore") -> None:
    times = iter(["20:00", "19:00", "21:00"])
    async with open_store(now=lambda: next(times)) as store:
        for number in range(3):
            async with store.transaction() as records:
                await records.insert(ticket(number))
        rows = await store.read(parse_table_query("tickets", [("select", "updated_at")]))

    assert [row["updated_at"] for row in rows] == ["20:00", "20:00", "21:00"]


async def test_who_asks_what_is_new_waits_for_a_change_that_is_dated_and_not_yet_done(
    open_store: "OpenStore",
) -> None:
    newer = parse_table_query("tickets", [("select", "id"), ("updated_at", "gte.2026")])
    async with open_store() as store:
        async with store.transaction() as records:
            await records.insert(ticket(1))
            asking = asyncio.create_task(store.read(newer))
            await asyncio.wait({asking}, timeout=0.05)  # it would have been answered by then
            assert not asking.done()

        assert await asking == [{"id": ticket(1).id}]


def test_rows_without_a_date_of_change_are_left_as_they_are() -> None:
    changes = Changes(lambda: "20:00")
    dated = ticket(1, changed="19:00")

    assert (changes.added(dated), changes.added(ticket(1))) == (dated, ticket(1, changed="20:00"))
    assert changes.changed(dated) == ticket(1, changed="20:00")


async def test_late_tickets_are_held_as_well(either: "Service") -> None:
    await either.hold_valid(1)
    late = msgspec.to_builtins(ticket(2)) | {"id": ticket(2).id.upper()}

    answer = await either.post(LATE_TICKETS_PATH, tickets=[late])

    assert (answer.status_code, answer.content) == (204, b"")
    assert (await either.scan(1)).success
    assert (await either.scan(2)).success


@pytest.mark.parametrize(
    ("tickets", "status", "code"),
    [
        ([ticket(2), ticket(1)], 409, "23505"),
        ([ticket(2), ticket(2)], 400, "PGRST102"),
        ([TicketRow("two", "event", "general")], 400, "PGRST102"),
    ],
)
async def test_late_tickets_that_cannot_be_are_refused_all_of_them(
    either: "Service", tickets: list[TicketRow], status: int, code: str
) -> None:
    await either.hold_valid(1)

    answer = await either.post(LATE_TICKETS_PATH, tickets=msgspec.to_builtins(tickets))

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert len(await either.read("tickets")) == 1


@pytest.mark.parametrize("secret", ["secret", None])
async def test_the_key_of_codes_is_told_to_who_has_the_services_key(
    service: "Service", secret: str | None
) -> None:
    await service.populate(Population((), qr_secret=secret))

    told = await service.client.get(QR_KEY_PATH)
    stranger = await service.client.get(QR_KEY_PATH, headers={"apikey": "wrong"})

    assert told.json() == {"key": secret}
    assert (stranger.status_code, "secret" in stranger.text) == (401, False)


async def test_every_answer_tells_the_time_of_day(service: "Service") -> None:
    before = time.time_ns()
    answers = [await service.client.get(path) for path in ("/gatedrill/about", "/nowhere")]
    told = [int(answer.headers[TIME_HEADER]) for answer in answers]

    assert before <= told[0] <= told[1] <= time.time_ns()
