"""What every store keeps to: each test runs on SQLite and on PostgreSQL."""

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest

from gatedrill.backend.scan_rule import judge_scan
from gatedrill.backend.store import COUNTED, DuplicateError, Lock, Store, Transaction
from gatedrill.backend.table_query import parse_table_query
from gatedrill.backend.tables import (
    ALL,
    READABLE,
    AnswerRow,
    PaymentEventRow,
    SettingsRow,
    is_counted,
)
from gatedrill.backend.ticket_desk import TicketDesk
from gatedrill.contract.errors import UsageError
from gatedrill.contract.service import (
    AuditLogRow,
    AuditType,
    CheckoutRow,
    PaymentSessionRow,
    Population,
    ScanArguments,
    ScanLogRow,
    ScanRow,
    SlotRow,
    TicketRow,
    VipPassRow,
    VipReservationRow,
    VipScanLogRow,
)

if TYPE_CHECKING:
    from backend.conftest import OpenStore

LONG_AGO = "2026-01-01T00:00:00.000000+00:00"
VALID = TicketRow("t", "event", "vip", updated_at=LONG_AGO)
ROWS = (
    TicketRow(
        "t", "event", "vip", "scanned", "20:00", "anna", "gate-1", "token", "r", "n", "20:00"
    ),
    VipReservationRow("r", "event", 5, 2, "checked_in", "7", "Stage left", "20:00"),
    VipPassRow("p", "r", 3, "VIP-03", "checked_in", "19:00", "20:00"),
    SlotRow("21h", "event", 5, -2),
    CheckoutRow("c", "21h", 2, "open", "cs_1", "20:00"),
    PaymentSessionRow("cs_1", "c", "21h", 2, "true", "20:00"),
    PaymentEventRow("evt_1", "20:00"),
    SettingsRow("other", "{}"),
    AnswerRow("upload", "{}"),
    ScanLogRow(1, "t", None, "gate-1", "offline", "conflict", "20:00", "n", "in_future", "full"),
    VipScanLogRow(1, "VIP-03", "p", None, None, "reentry", None, "20:00", "n"),
    AuditLogRow(1, AuditType.OPENED, "21h", "c", 2, None, "hm", "20:00"),
)


def clock() -> str:
    return "20:00"


async def read(store: Store, table: str, **parameters: str) -> list[dict[str, object]]:
    return [dict(row) for row in await store.read(parse_table_query(table, parameters.items()))]


async def find(store: Store, ticket_id: str) -> TicketRow | None:
    async with store.transaction() as records:
        return await records.find(TicketRow, ticket_id)


def test_every_table_is_tried() -> None:
    assert {type(row) for row in ROWS} == set(ALL.values())


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
async def test_a_row_is_found_again_as_it_was_inserted(
    open_store: "OpenStore", row: msgspec.Struct
) -> None:
    async with open_store() as store:
        async with store.transaction() as records:
            await records.insert(row)
        by = type(row).__struct_fields__[1] if is_counted(type(row)) else "id"

        async with store.transaction() as records:
            for lock in Lock:
                found = await records.find(type(row), getattr(row, by), by=by, lock=lock)
                assert found == row


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
async def test_a_table_that_clients_may_read_shows_its_rows(
    open_store: "OpenStore", row: msgspec.Struct
) -> None:
    async with open_store() as store:
        async with store.transaction() as records:
            await records.insert(row)

        for table, row_type in READABLE.items():
            shown = await read(store, table)
            assert shown == ([msgspec.to_builtins(row)] if row_type is type(row) else [])


async def test_a_row_is_found_by_any_unique_column_or_not_at_all(open_store: "OpenStore") -> None:
    ticket = TicketRow("t", "event", "vip", qr_token="token", updated_at=LONG_AGO)
    async with open_store() as store:
        await store.replace_population(Population((ticket, TicketRow("u", "event", "vip"))))

        async with store.transaction() as records:
            assert await records.find(TicketRow, "token", by="qr_token") == ticket
            assert await records.find(TicketRow, "t", by="qr_token") is None


async def test_rows_are_counted_by_a_column(open_store: "OpenStore") -> None:
    linked = [TicketRow(str(n), "event", "vip", vip_reservation_id="r") for n in range(3)]
    async with open_store() as store:
        await store.replace_population(Population((VALID, *linked)))

        async with store.transaction() as records:
            counts = [
                await records.count(TicketRow, column="vip_reservation_id", value=value)
                for value in ("r", "s")
            ]
    assert counts == [3, 0]


async def test_an_update_replaces_one_row_and_no_other(open_store: "OpenStore") -> None:
    changed = TicketRow("t", "later", "general", "scanned", "20:00", "anna", "gate-1", "token", "r")
    changed = msgspec.structs.replace(changed, updated_at=clock())
    other = TicketRow("u", "event", "vip", updated_at=LONG_AGO)
    async with open_store(now=clock) as store:
        await store.replace_population(Population((VALID, other)))

        async with store.transaction() as records:
            await records.update(changed)
            await records.update(TicketRow("nobody", "event", "vip"))

        assert [await find(store, each) for each in ("t", "u", "nobody")] == [changed, other, None]


async def test_what_fails_midway_changes_nothing(open_store: "OpenStore") -> None:
    async with open_store() as store:
        await store.replace_population(Population((VALID,)))

        with pytest.raises(LookupError):  # noqa: PT012
            async with store.transaction() as records:
                await records.update(msgspec.structs.replace(VALID, status="cancelled"))
                await records.insert(PaymentEventRow("evt_1", "20:00"))
                raise LookupError

        assert await find(store, "t") == VALID
        async with store.transaction() as records:
            assert await records.find(PaymentEventRow, "evt_1") is None


async def test_what_is_cancelled_midway_changes_nothing_and_holds_nobody_up(
    open_store: "OpenStore",
) -> None:
    reached = asyncio.Event()

    async def never(store: Store) -> None:
        async with store.transaction() as records:
            await records.update(msgspec.structs.replace(VALID, status="cancelled"))
            reached.set()
            await asyncio.Event().wait()

    async with open_store() as store:
        await store.replace_population(Population((VALID,)))
        changing = asyncio.create_task(never(store))
        await reached.wait()
        changing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await changing

        assert await find(store, "t") == VALID


@pytest.mark.parametrize(
    "row",
    [
        PaymentEventRow("evt_1", "20:00"),
        TicketRow("t", "event", "vip"),
        TicketRow("u", "event", "vip", qr_token="token"),
        VipPassRow("q", "r", 2, "VIP-01"),
        ScanLogRow(COUNTED, "t", None, None, "qr", "success", "20:00"),
        VipScanLogRow(COUNTED, "p", "p", "r", None, "first_entry", None, "20:00"),
    ],
    ids=["event", "ticket", "token", "pass's token", "second success", "second first entry"],
)
async def test_what_must_be_unique_is_refused_the_second_time(
    open_store: "OpenStore", row: msgspec.Struct
) -> None:
    async with open_store() as store:
        async with store.transaction() as records:
            await records.insert(TicketRow("t", "event", "vip", qr_token="token"))
            await records.insert(VipPassRow("p", "r", 1, "VIP-01"))
            await records.insert(PaymentEventRow("evt_1", "20:00"))
            await records.insert(ScanLogRow(COUNTED, "t", None, None, "qr", "success", "19:00"))
            await records.insert(
                VipScanLogRow(COUNTED, "p", "p", "r", None, "first_entry", None, "19:00")
            )

        with pytest.raises(DuplicateError):
            async with store.transaction() as records:
                await records.insert(row)


async def test_unguarded_logs_take_every_row_and_are_guarded_again_when_it_did_no_harm(
    open_store: "OpenStore",
) -> None:
    success = ScanLogRow(COUNTED, "t", None, None, "qr", "success", "20:00")

    async def log(store: Store, *rows: ScanLogRow) -> None:
        async with store.transaction() as records:
            for row in rows:
                await records.insert(row)

    async with open_store(guarded=False) as store:
        await log(store, success)
    async with open_store() as store:
        with pytest.raises(DuplicateError):
            await log(store, success)
    async with open_store(guarded=False) as store:
        await log(store, success)
    with pytest.raises(UsageError, match="holds several successful scans of one ticket"):
        async with open_store():
            pass


async def test_a_population_replaces_every_table_and_the_logs_count_from_one_again(
    open_store: "OpenStore",
) -> None:
    log = ScanLogRow(COUNTED, "t", None, None, "qr", "not_found", "20:00")
    async with open_store() as store:
        async with store.transaction() as records:
            for row in ROWS:
                await records.insert(row)

        await store.replace_population(Population((VALID,), slots=(SlotRow("21h", "event", 5, 5),)))
        tables = {table: await read(store, table) for table in READABLE}
        async with store.transaction() as records:
            await records.insert(log)
            assert await records.find(PaymentEventRow, "evt_1") is None

        assert {table: len(rows) for table, rows in tables.items() if rows} == {
            "tickets": 1,
            "slots": 1,
        }
        assert [row["id"] for row in await read(store, "scan_logs")] == [1]


async def test_a_population_that_fails_leaves_everything_as_it_was(
    open_store: "OpenStore",
) -> None:
    async with open_store() as store:
        await store.replace_population(Population((VALID,)))

        with pytest.raises(Exception, match=r"(?i)unique"):
            await store.replace_population(
                Population((TicketRow("a", "e", "vip"), TicketRow("a", "e", "vip")))
            )

        assert await read(store, "tickets", select="id") == [{"id": "t"}]


async def test_nulls_sort_as_greater_than_every_value(open_store: "OpenStore") -> None:
    tickets = (
        TicketRow("a", "event", "vip"),
        TicketRow("b", "event", "vip", "scanned", "19:00"),
        TicketRow("c", "event", "vip", "scanned", "20:00"),
    )
    async with open_store() as store:
        await store.replace_population(Population(tickets))

        up = await read(store, "tickets", order="scanned_at", select="id")
        down = await read(store, "tickets", order="scanned_at.desc", select="id")

    assert [row["id"] for row in up] == ["b", "c", "a"]
    assert [row["id"] for row in down] == ["a", "c", "b"]


async def test_texts_sort_by_their_bytes(open_store: "OpenStore") -> None:
    tickets = tuple(TicketRow(each, "event", "vip") for each in ("b", "é", "B", "_", "a"))
    async with open_store() as store:
        await store.replace_population(Population(tickets))

        rows = await read(store, "tickets", select="id")

    assert [row["id"] for row in rows] == ["B", "_", "a", "b", "é"]


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"id": "in.()"}, []),
        ({"event_id": 'in.("a, b",c)'}, ["21h", "22h"]),
        ({"available": "in.(3,4)"}, ["22h", "23h"]),
        ({"available": "eq.-1"}, ["21h"]),
        ({"order": "available.desc", "limit": "2"}, ["23h", "22h"]),
        ({"offset": "1"}, ["22h", "23h"]),
        ({"offset": "1", "limit": "1"}, ["22h"]),
        ({"event_id": "eq.'; DROP TABLE slots; --"}, []),
    ],
)
async def test_rows_are_filtered_sorted_and_paged(
    open_store: "OpenStore", query: dict[str, str], ids: list[str]
) -> None:
    async with open_store() as store:
        async with store.transaction() as records:
            await records.insert(SlotRow("21h", "a, b", 5, -1))
            await records.insert(SlotRow("22h", "c", 5, 3))
            await records.insert(SlotRow("23h", "d", 5, 4))

        rows = await read(store, "slots", **query)

    assert [row["id"] for row in rows] == ids


async def test_what_was_scanned_is_still_scanned_after_a_restart(open_store: "OpenStore") -> None:
    async with open_store() as store:
        await store.replace_population(Population((VALID,)))
        await TicketDesk(store, clock).scan(ScanArguments("t", "anna"))

    async with open_store() as store:
        again = await TicketDesk(store, lambda: "21:00").scan(ScanArguments("t", "bert"))

    assert again == ScanRow(False, True, "20:00", "anna", "Ticket already scanned")


async def test_a_hundred_scans_of_one_ticket_admit_one_and_log_all(
    open_store: "OpenStore",
) -> None:
    async with open_store() as store:
        await store.replace_population(Population((VALID,)))
        desk = TicketDesk(store, clock)

        answers = await asyncio.gather(
            *(desk.scan(ScanArguments("t", f"scanner {n}")) for n in range(100))
        )

        results = [row["result"] for row in await read(store, "scan_logs")]
    assert sum(answer.success for answer in answers) == 1
    assert (len(results), results.count("success")) == (100, 1)
    assert set(results) <= {"success", "already_scanned", "busy"}


async def test_two_services_on_one_store_admit_once(open_store: "OpenStore") -> None:
    numbers = range(20)
    async with open_store() as one, open_store() as two:
        await one.replace_population(
            Population(tuple(TicketRow(str(n), "event", "vip") for n in numbers))
        )

        answers = await asyncio.gather(
            *(
                TicketDesk(store, clock).scan(ScanArguments(str(n), "anna"))
                for n in numbers
                for store in (one, two)
            )
        )

    assert sum(answer.success for answer in answers) == len(numbers)


async def test_a_scan_that_meets_a_success_in_the_log_has_lost_its_race(
    open_store: "OpenStore", monkeypatch: pytest.MonkeyPatch
) -> None:
    always = judge_scan(VALID, ScanArguments("t", "anna"), "20:00")
    async with open_store() as store:
        await store.replace_population(Population((VALID,)))
        desk = TicketDesk(store, clock)
        monkeypatch.setattr(desk, "judge", lambda *_: always)
        await desk.scan(ScanArguments("t", "anna"))

        second = await desk.scan(ScanArguments("t", "bert"))

        assert second == ScanRow(
            False, True, None, None, "Concurrent scan - another device scanned first"
        )
        logs = [(row["scanned_by"], row["result"]) for row in await read(store, "scan_logs")]
        assert logs == [("anna", "success"), ("bert", "lost_race")]


async def test_a_scan_whose_log_row_cannot_be_written_changes_nothing(
    open_store: "OpenStore", monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object) -> None:
        raise OSError("no space left")

    async with open_store() as store:
        await store.replace_population(Population((VALID,)))
        desk = TicketDesk(store, clock)
        with monkeypatch.context() as patch:
            patch.setattr(desk, "log", fail)
            with pytest.raises(OSError, match="no space left"):
                await desk.scan(ScanArguments("t", "anna"))

        assert (await desk.scan(ScanArguments("t", "bert"))).success
        assert [row["scanned_by"] for row in await read(store, "scan_logs")] == ["bert"]


async def test_transactions_that_change_one_row_take_turns(open_store: "OpenStore") -> None:
    async def take_one(store: Store) -> None:
        async with store.transaction() as records:
            await _take_one(records)

    async with open_store() as store:
        await store.replace_population(Population((), slots=(SlotRow("21h", "event", 50, 50),)))

        await asyncio.gather(*(take_one(store) for _ in range(50)))

        assert [row["available"] for row in await read(store, "slots")] == [0]


async def _take_one(records: Transaction) -> None:
    slot = await records.find(SlotRow, "21h")
    assert slot is not None
    assert slot.available is not None
    await asyncio.sleep(0)
    await records.update(msgspec.structs.replace(slot, available=slot.available - 1))
