"""Scans that are asked for again: what meets in the store is tried on both."""

import asyncio
from typing import TYPE_CHECKING

import msgspec

from gatedrill.contract.service import BUSY, Population, VipPassRow, VipReservationRow

if TYPE_CHECKING:
    from backend.conftest import Service

ANNA = "aaaaaaaa-0000-0000-0000-000000000001"
BERT = "bbbbbbbb-0000-0000-0000-000000000002"
T1 = "00000000-0000-0000-0000-000000000001"
T2 = "00000000-0000-0000-0000-000000000002"
VIP_SCAN = "process_vip_scan_with_reentry"
RESERVATION = "aaaaaaaa-aaaa-aaaa-aaaa-aaaaaaaaaaaa"
PASS = "cccccccc-0000-0000-0000-000000000001"
PARTY = Population(
    (),
    (VipReservationRow(RESERVATION, "event", 5),),
    (
        VipPassRow(PASS, RESERVATION, 1, "VIP-1"),
        VipPassRow("cccccccc-0000-0000-0000-000000000002", RESERVATION, 2, "VIP-2"),
        VipPassRow("cccccccc-0000-0000-0000-000000000003", RESERVATION, 3, "VIP-3", "cancelled"),
    ),
    event_starts_at="2026-11-20T18:00:00Z",
)


async def scan(service: "Service", ticket: str, scanner: str, nonce: str | None) -> bytes:
    answer = await service.call(
        p_ticket_id=ticket, p_scanned_by=scanner, p_device_id="gate-1", p_nonce=nonce
    )
    assert answer.status_code == 200, answer.text
    return answer.content


async def test_a_scan_with_the_nonce_of_the_one_that_stands_is_told_the_same(
    either: "Service",
) -> None:
    await either.hold_valid(1)

    first = await scan(either, T1, ANNA, "n-1")
    before = await either.read("tickets")
    again = await scan(either, T1, BERT, "n-1")
    others = [await scan(either, T1, ANNA, nonce) for nonce in ("n-2", "", None)]

    assert first == again
    assert msgspec.json.decode(first)[0]["success"]
    assert before == await either.read("tickets")
    assert before[0]["nonce"] == "n-1"
    assert [msgspec.json.decode(each)[0]["already_scanned"] for each in others] == [True] * 3
    assert [(row.result, row.nonce) for row in await either.logs()] == [
        ("success", "n-1"),
        ("already_scanned", "n-2"),
        ("already_scanned", None),
        ("already_scanned", None),
    ]


async def test_an_empty_nonce_tells_no_scan_from_another(service: "Service") -> None:
    await service.hold_valid(1)

    answers = [msgspec.json.decode(await scan(service, T1, ANNA, ""))[0] for _ in range(2)]

    assert [answer["success"] for answer in answers] == [True, False]


async def test_a_scan_that_was_refused_is_judged_anew(service: "Service") -> None:
    await service.hold_valid(1)
    await scan(service, T2, ANNA, "n-1")
    late = {"tickets": [{"id": T2, "event_id": "event", "ticket_type": "vip"}]}
    await service.post("/gatedrill/late-tickets", **late)

    again = await scan(service, T2, ANNA, "n-1")

    assert msgspec.json.decode(again)[0]["success"]
    assert [row.result for row in await service.logs()] == ["not_found", "success"]


async def test_ten_at_once_with_one_nonce_are_one_scan(either: "Service") -> None:
    for number in range(1, 6):
        await either.hold_valid(number)
        ticket = f"00000000-0000-0000-0000-{number:012}"
        answers = await asyncio.gather(*(scan(either, ticket, ANNA, "n-1") for _ in range(10)))
        last = await scan(either, ticket, ANNA, "n-1")

        told = {each for each in answers if BUSY.encode() not in each}
        assert told == {last}
        assert msgspec.json.decode(last)[0]["success"]
        assert [row.result for row in await either.logs() if row.result != "busy"] == ["success"]


async def vip_scan(service: "Service", **arguments: str) -> dict[str, object]:
    return await service.answer(VIP_SCAN, **arguments)


async def vip_log(service: "Service") -> list[tuple[object, ...]]:
    rows = await service.read("vip_scan_logs", "select=entry_type,nonce&order=id")
    return [tuple(row.values()) for row in rows]


async def test_an_entry_with_its_nonce_is_told_as_it_was_and_counts_nobody(
    either: "Service",
) -> None:
    await either.populate(PARTY)

    first = await vip_scan(either, p_pass_id=PASS, p_nonce="n-1")
    await vip_scan(either, p_qr_token="VIP-2", p_nonce="n-1")
    back = await vip_scan(either, p_pass_id=PASS, p_nonce="n-2")
    passes = await either.read("vip_passes")

    assert await vip_scan(either, p_qr_token="VIP-1", p_nonce="n-1") == first
    assert await vip_scan(either, p_pass_id=PASS, p_nonce="n-2") == back
    assert (first["entry_type"], back["entry_type"]) == ("first_entry", "reentry")
    assert (first["checked_in_guests"], back["checked_in_guests"]) == (1, 2)
    assert await either.read("vip_passes") == passes
    assert await vip_log(either) == [
        ("first_entry", "n-1"),
        ("first_entry", "n-1"),
        ("reentry", "n-2"),
    ]


async def test_ten_at_once_with_one_nonce_are_one_entry(either: "Service") -> None:
    await either.populate(PARTY)

    answers = await asyncio.gather(
        *(vip_scan(either, p_pass_id=PASS, p_nonce="n-1") for _ in range(10))
    )

    assert all(answer == answers[0] for answer in answers)
    assert await vip_log(either) == [("first_entry", "n-1")]


async def test_a_refused_pass_is_judged_anew(service: "Service") -> None:
    await service.populate(PARTY)

    for _ in range(2):
        assert not (await vip_scan(service, p_qr_token="VIP-3", p_nonce="n-1"))["success"]

    assert await vip_log(service) == [("refused", "n-1")] * 2


async def test_an_entry_that_is_told_late_was_when_the_device_says(service: "Service") -> None:
    await service.populate(PARTY)
    times = ["2026-11-20T20:30:00+01:00", "2026-11-20T19:00:00Z", "2026-11-20T17:00:00Z"]
    written = ["2026-11-20T19:30:00.000000+00:00", "2026-11-20T19:00:00.000000+00:00"]

    entries = []
    for number, time in enumerate(times):
        await vip_scan(service, p_pass_id=PASS, p_nonce=f"n-{number}", p_scanned_at=time)
        [row] = await service.read("vip_passes", f"id=eq.{PASS}")
        entries.append(row["last_entry_at"])
    logged = [row["scanned_at"] for row in await service.read("vip_scan_logs", "order=id")]

    assert entries[:2] == [written[0]] * 2
    assert logged[:2] == written
    assert str(logged[2]) > "2026-11-21"
    assert entries[2] == logged[2]
