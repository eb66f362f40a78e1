"""What devices decided by themselves, told later: what meets in the store is tried on both."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx
import msgspec
import pytest

from gatedrill.backend.answers import remember
from gatedrill.backend.claimed_time import ClaimedTime
from gatedrill.backend.sync_rule import Upload
from gatedrill.backend.table_query import parse_table_query
from gatedrill.backend.upload_desk import UploadDesk
from gatedrill.contract.service import Population, SyncArguments, SyncRow, TicketRow

if TYPE_CHECKING:
    from backend.conftest import OpenStore, Service

SYNC = "/rest/v1/rpc/sync_offline_scan"
REFUSAL = "record_refused_scan"
ANNA = "aaaaaaaa-0000-0000-0000-000000000001"
T1 = "00000000-0000-0000-0000-000000000001"
STANDS = SyncRow(success=True, conflict_resolved=False)


def at(second: int) -> str:
    return f"2026-11-20T20:00:{second:02}.000000+00:00"


async def upload(
    service: "Service", second: int, client: httpx.AsyncClient | None = None, **changed: object
) -> SyncRow:
    """Upload a scan of the first ticket by the device that is named like its second."""
    body: dict[str, object] = {
        "p_ticket_id": T1,
        "p_scanned_by": ANNA,
        "p_scanned_at": at(second),
        "p_device_id": f"gate-{second}",
        "p_nonce": f"n-{second}",
    }
    given = {name: value for name, value in (body | changed).items() if value is not None}
    answer = await (client or service.client).post(SYNC, json=given)
    assert answer.status_code == 200, answer.text
    [row] = msgspec.json.decode(answer.content, type=list[SyncRow])
    return row


async def ticket(service: "Service") -> tuple[object, ...]:
    [row] = await service.read("tickets")
    return tuple(row[name] for name in ("status", "scanned_at", "device_id", "nonce"))


async def results(service: "Service") -> list[tuple[object, ...]]:
    return [(row.result, row.device_id, row.nonce, row.flag) for row in await service.logs()]


async def test_the_first_scan_wins_and_each_upload_is_told_the_same_again(
    either: "Service",
) -> None:
    await either.hold_valid(1)
    loses = SyncRow(False, True, "gate-20", at(20))
    takes_over = SyncRow(success=True, conflict_resolved=True)

    first = [await upload(either, second) for second in (20, 30, 20, 30, 10)]
    again = [await upload(either, second) for second in (20, 30, 10)]

    assert first == [STANDS, loses, STANDS, loses, takes_over]
    assert again == [STANDS, loses, takes_over]
    assert await ticket(either) == ("scanned", at(10), "gate-10", "n-10")
    assert await results(either) == [
        ("synced", "gate-20", "n-20", None),
        ("conflict", "gate-30", "n-30", None),
        ("took_over", "gate-10", "n-10", None),
    ]
    assert {row.scan_method for row in await either.logs()} == {"offline"}


async def test_times_are_compared_as_instants(service: "Service") -> None:
    await service.hold_valid(1)
    await upload(service, 20)

    assert (await upload(service, 30, p_scanned_at="2026-11-20T21:00:19+01:00")).success
    assert not (await upload(service, 31, p_scanned_at="2026-11-20T18:00:20-02:00")).success
    assert (await ticket(service))[1] == at(19)


async def test_the_answer_that_was_lost_online_is_no_conflict_later(either: "Service") -> None:
    await either.hold_valid(1)
    online = await either.call(
        p_ticket_id=T1, p_scanned_by=ANNA, p_device_id="gate-20", p_nonce="n-20"
    )

    assert online.json()[0]["success"]
    assert await upload(either, 20) == STANDS
    assert await ticket(either) == ("scanned", online.json()[0]["scanned_at"], "gate-20", "n-20")
    assert await results(either) == [("success", "gate-20", "n-20", None)]


async def test_without_a_nonce_device_and_time_tell_an_upload_from_others(
    either: "Service",
) -> None:
    await either.hold_valid(1)
    one, other = {"p_nonce": None}, {"p_nonce": None, "p_device_id": "gate-21"}
    loses = SyncRow(False, True, "gate-20", at(20))

    told = [await upload(either, 20, **each) for each in (one, one, other, other)]
    without_device = [await upload(either, 20, p_nonce=None, p_device_id=None) for _ in range(2)]

    assert told == [STANDS, STANDS, loses, loses]
    assert without_device == [loses, loses]
    assert [row.result for row in await either.logs()] == ["synced", *["conflict"] * 3]


@pytest.mark.parametrize(
    ("held", "result"),
    [((), "not_found"), ((TicketRow(T1, "event", "vip", "cancelled"),), "cancelled")],
)
async def test_an_admission_without_a_valid_ticket_is_logged_once_and_stands_for_nothing(
    service: "Service", held: tuple[TicketRow, ...], result: str
) -> None:
    await service.hold(*held)

    told = [await upload(service, 20) for _ in range(2)]

    assert told == [SyncRow(success=False, conflict_resolved=False)] * 2
    assert await results(service) == [(result, "gate-20", "n-20", None)]
    assert [row["status"] for row in await service.read("tickets")] == [
        each.status for each in held
    ]


async def test_a_ticket_that_was_unknown_is_looked_at_again(either: "Service") -> None:
    await either.hold()
    await upload(either, 20)
    late = {"tickets": [{"id": T1, "event_id": "event", "ticket_type": "vip"}]}
    await either.post("/gatedrill/late-tickets", **late)

    assert [await upload(either, 20) for _ in range(2)] == [STANDS] * 2
    assert [row.result for row in await either.logs()] == ["not_found", "synced"]


def seconds_from_now(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat(timespec="microseconds")


@pytest.mark.parametrize(
    ("claimed", "flag"),
    [("2026-11-20T17:59:59Z", "before_event"), (seconds_from_now(6000), "in_future")],
    ids=["before the event", "in the future"],
)
async def test_a_time_that_cannot_be_is_flagged_and_wins_against_nobody(
    service: "Service", claimed: str, flag: str
) -> None:
    tickets = (TicketRow(T1, "event", "vip"),)
    await service.populate(Population(tickets, event_starts_at="2026-11-20T19:00:00+01:00"))
    before = seconds_from_now(0)

    alone = await upload(service, 30, p_scanned_at=claimed)
    received = str((await ticket(service))[1])
    wins = await upload(service, 20)
    loses = await upload(service, 40, p_scanned_at=claimed)

    assert (alone.success, alone.flag, wins) == (True, flag, SyncRow(True, True))
    assert before <= received <= seconds_from_now(0)
    assert loses == SyncRow(False, True, "gate-20", at(20), flag)  # type: ignore[arg-type]
    assert await results(service) == [
        ("synced", "gate-30", "n-30", flag),
        ("took_over", "gate-20", "n-20", None),
        ("conflict", "gate-40", "n-40", flag),
    ]


async def test_a_malformed_time_is_refused_as_postgresql_does(service: "Service") -> None:
    body = {"p_ticket_id": T1, "p_scanned_by": ANNA, "p_scanned_at": "yesterday"}
    answer = await service.client.post(SYNC, json=body)

    assert answer.status_code == 400
    assert answer.json() == {
        "code": "22007",
        "message": 'invalid input syntax for type timestamp with time zone: "yesterday"',
        "details": None,
        "hint": None,
    }


async def test_ten_devices_at_once_newest_first_leave_the_earliest(either: "Service") -> None:
    await either.hold_valid(1)
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(either.another_client()) for _ in range(20)]
        told = await asyncio.gather(
            *(upload(either, 29 - n // 2, client) for n, client in enumerate(clients))
        )

    assert await ticket(either) == ("scanned", at(20), "gate-20", "n-20")
    assert all(told[n] == told[n + 1] for n in range(0, 20, 2))
    logged = await either.logs()
    assert sorted(str(row.nonce) for row in logged) == [f"n-{second}" for second in range(20, 30)]
    assert [row.result for row in logged].count("synced") == 1
    assert told[-1].success


async def test_one_upload_ten_times_at_once_takes_effect_once(either: "Service") -> None:
    await either.hold()
    unknown = await asyncio.gather(*(upload(either, 20) for _ in range(10)))
    assert [row.result for row in await either.logs()] == ["not_found"]

    await either.hold_valid(1)
    known = await asyncio.gather(*(upload(either, 20) for _ in range(10)))

    assert set(unknown) == {SyncRow(success=False, conflict_resolved=False)}
    assert set(known) == {STANDS}
    assert [row.result for row in await either.logs()] == ["synced"]


async def test_an_upload_that_meets_itself_is_told_what_the_other_one_was(
    open_store: "OpenStore",
) -> None:
    arguments = SyncArguments(T1, ANNA, at(20), "gate-20", "n-20")
    told = SyncRow(success=True, conflict_resolved=False)
    async with open_store() as store:
        desk = UploadDesk(store, lambda: at(30))
        time = ClaimedTime(at(20), at(20))
        key = desk.key(Upload(T1, ANNA, "gate-20", "n-20", time))

        async with store.transaction() as other:
            await remember(other, key, told)
            meeting = asyncio.create_task(desk.sync(arguments))
            await asyncio.wait({meeting}, timeout=0.2)  # until it waits for the other one
            assert not meeting.done()

        assert await meeting == told
        assert await store.read(parse_table_query("scan_logs", [])) == []


async def refuse(service: "Service", asked_for: str, **changed: object) -> dict[str, object]:
    arguments = {"p_scanned_by": ANNA, "p_reason": "offline_unknown", "p_scanned_at": at(20)}
    return await service.answer(REFUSAL, p_ticket_id=asked_for, **{**arguments, **changed})


async def test_a_refusal_is_logged_once_and_changes_no_ticket(either: "Service") -> None:
    await either.hold_valid(1)
    before = await either.read("tickets")

    told = [await refuse(either, T1.upper(), p_nonce="n-1", p_device_id="g") for _ in range(2)]
    told += [await refuse(either, "BOGUS", p_device_id="g") for _ in range(2)]
    told += await asyncio.gather(*(refuse(either, "BOGUS", p_nonce="n-2") for _ in range(10)))

    assert told == [{"recorded": True}] * 14
    assert await either.read("tickets") == before
    columns = "ticket_id,scan_method,result,scanned_at,nonce,reason"
    rows = await either.read("scan_logs", f"select={columns}&order=id")
    assert [tuple(row.values()) for row in rows] == [
        (asked_for, "offline", "offline_refused", at(20), nonce, "offline_unknown")
        for asked_for, nonce in ((T1, "n-1"), ("BOGUS", None), ("BOGUS", "n-2"))
    ]
    assert len(await either.read("scan_logs", "ticket_id=eq.BOGUS")) == 2
