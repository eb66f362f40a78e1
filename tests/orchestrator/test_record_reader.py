"""Reading what a service has on record of a plan, also where it does not like to be read."""

import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from urllib.parse import quote
from uuid import UUID

import httpx
import msgspec
import pytest
from document import fields
from evidence_builder import apart
from plans import EVENT, plan_for, roster, supply_of
from reference_backend import KEY, client_of, reference_backend
from table_service import Service, table_service

from gatedrill.contract.service import (
    RPC_PATH,
    SCAN_FUNCTION,
    ScanArguments,
    ScanLogRow,
    SlotRow,
    TicketRow,
    VipPassRow,
    VipReservationRow,
)
from gatedrill.fixtures.loader import load_scenario
from gatedrill.fixtures.scenario import (
    Book,
    Burst,
    LinkTickets,
    Pay,
    Reservation,
    Scenario,
    Show,
    Slot,
    TicketGroup,
)
from gatedrill.fixtures.tickets import Ticket
from gatedrill.orchestrator.plan import Plan
from gatedrill.orchestrator.planning import make_plans
from gatedrill.orchestrator.population import population
from gatedrill.orchestrator.record_reader import RecordReader
from gatedrill.orchestrator.records import UNREAD, Logs, Records, Snapshot
from gatedrill.orchestrator.service_client import ServiceClient

TABLES = (
    *("tickets", "vip_passes", "vip_reservations", "slots", "scan_logs", "vip_scan_logs"),
    *("checkouts", "payment_sessions", "audit_logs"),
)
NOTHING = Records(Snapshot(), Snapshot(), Logs())
HTML = b"<h1>It works!</h1>"
ROW = TicketRow("t1", EVENT, "general", "scanned", "now", "somebody", "gate-01")
LOG = ScanLogRow(1, "t1", "somebody", "gate-01", "qr", "success", "now")
EVERYTHING = Scenario(
    1,
    "drill",
    "A drill",
    (
        Burst(shows=(Show("guests"), Show("own", devices=1)), books=(Book("evening"),)),
        Burst(pays=(Pay("evening", kiosks=1),), links=(LinkTickets("late", "other-table"),)),
    ),
    devices=3,
    kiosks=3,
    tickets=(
        TicketGroup("guests", kind="vip_pass", reservation="table", count=2),
        TicketGroup("own"),
        TicketGroup("late"),
    ),
    reservations=(Reservation("table", 5), Reservation("other-table", 5)),
    slots=(Slot("evening", 5, available=4),),
)


def tickets_of(ids: Sequence[str]) -> Plan:
    """A plan that is about these tickets."""
    plan = plan_for(load_scenario("slot-5"))
    tickets = tuple(Ticket(each, EVENT, each) for each in ids)
    return msgspec.structs.replace(plan, tickets=tickets, slots=())


@pytest.fixture
def service() -> Iterator[Service]:
    with table_service() as running:
        for table in TABLES:
            running.answer(path(table), [])
        yield running


@pytest.fixture
async def client(service: Service) -> AsyncIterator[ServiceClient]:
    async with ServiceClient(service.url, KEY) as client:
        yield client


@pytest.fixture
async def backend() -> AsyncIterator[ServiceClient]:
    """The reference backend."""
    async with reference_backend() as url, ServiceClient(url, KEY) as client:
        yield client


@pytest.fixture
def deserted() -> str:
    """Where nobody answers."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


def path(table: str) -> str:
    return f"/rest/v1/{table}"


async def read(reader: RecordReader, *, complete: bool = False) -> Records:
    """Everything, before and after."""
    await reader.read_before()
    return await reader.read_after(complete=complete)


async def test_all_tables_of_the_reference_backend_are_read_before_and_after(
    backend: ServiceClient,
) -> None:
    plan = plan_for(EVERYTHING)
    await backend.populate(population(plan))
    records = await read(RecordReader(backend, plan), complete=True)

    assert records.unreadable == ()
    assert records.complete_logs
    assert records.before == records.after
    before = records.before
    by_kind = {
        kind: {ticket.id for ticket in plan.tickets if ticket.kind == kind}
        for kind in ("ticket", "vip_pass")
    }
    assert {row.id for row in before.tickets or ()} == by_kind["ticket"]
    assert {row.id for row in before.vip_passes or ()} == by_kind["vip_pass"]
    assert {row.id: row.checked_in_guests for row in before.vip_reservations or ()} == {
        row.id: 0 for row in plan.reservations
    }
    assert [(row.capacity, row.available) for row in before.slots or ()] == [(5, 4)]
    assert before.linked_tickets == ()
    assert records.logs == Logs((), (), (), (), ())


async def test_what_happens_at_the_reference_backend_is_found_in_its_records(
    backend: ServiceClient,
) -> None:
    plan = plan_for(EVERYTHING)
    await backend.populate(population(plan))
    reader = RecordReader(backend, plan)
    await reader.read_before()
    ticket = next(ticket for ticket in plan.tickets if ticket.kind == "ticket")
    arguments = ScanArguments(ticket.id, p_scanned_by=EVENT, p_device_id="gate-01")
    async with client_of(backend.url) as device:
        answer = await device.post(
            RPC_PATH.format(function=SCAN_FUNCTION), content=msgspec.json.encode(arguments)
        )
        answer.raise_for_status()
    records = await reader.read_after(complete=True)

    after = {row.id: row for row in records.after.tickets or ()}
    assert (after[ticket.id].status, after[ticket.id].device_id) == ("scanned", "gate-01")
    assert {row.status for row in records.before.tickets or ()} == {"valid"}
    [log] = records.logs.scan_logs or ()
    assert (log.ticket_id, log.result) == (ticket.id, "success")


@pytest.mark.parametrize("name", ["mixed-rush", "linked-ticket", "slot-7", "vip-reentry"])
async def test_the_records_of_a_shipped_scenario_can_all_be_read_at_the_reference_backend(
    backend: ServiceClient, name: str
) -> None:
    plan = plan_for(load_scenario(name))
    await backend.populate(population(plan))

    assert (await read(RecordReader(backend, plan))).unreadable == ()


async def test_a_scenario_leaves_nothing_to_the_records_of_the_next(backend: ServiceClient) -> None:
    drill = load_scenario("vip-checkin")
    one, two = make_plans([drill] * 2, roster(5), 1, supply_of())
    await backend.populate(population(one))
    await backend.populate(population(two))
    records = await read(RecordReader(backend, two))

    assert [row.checked_in_guests for row in records.before.vip_reservations or ()] == [0]
    assert {row.id for row in records.before.vip_passes or ()} == {t.id for t in two.tickets}


async def test_only_what_the_plan_is_about_is_asked_for(
    service: Service, client: ServiceClient
) -> None:
    await read(RecordReader(client, plan_for(load_scenario("slot-1"))))

    assert [asked.path for asked in service.asked] == [
        path(table) for table in ("slots", "slots", "checkouts", "payment_sessions", "audit_logs")
    ]


async def test_tickets_that_nobody_knows_are_looked_for_in_the_log_alone(
    service: Service, client: ServiceClient
) -> None:
    known = Ticket("t1", EVENT, "t1")
    unknown = Ticket("t2", EVENT, "t2", status="unknown")
    plan = msgspec.structs.replace(tickets_of([]), tickets=(known, unknown))
    service.answer(path("tickets"), [ROW])
    await read(RecordReader(client, plan))

    asked = {(each.path, each.query.get("id") or each.query["ticket_id"]) for each in service.asked}
    assert asked == {(path("tickets"), "in.(t1)"), (path("scan_logs"), "in.(t1,t2)")}


async def read_logs(client: ServiceClient, plan: Plan, *, complete: bool) -> None:
    reader = RecordReader(client, plan)
    await reader.read_before()
    await reader.read_after(complete=complete)


@pytest.mark.parametrize(
    ("complete", "offline", "asked_by"),
    [
        (True, True, ['in.(t1,"{\\"token\\":\\"T1\\"}")']),
        (False, True, ["in.(t1)"]),
        (True, False, ["in.(t1)"]),
    ],
)
async def test_where_every_refusal_must_be_logged_those_of_unknown_codes_are_looked_for_as_well(
    service: Service, client: ServiceClient, complete: bool, offline: bool, asked_by: list[str]
) -> None:
    signed = Ticket("t1", EVENT, '{"token":"T1"}')
    service.answer(path("tickets"), [ROW])
    plan = msgspec.structs.replace(tickets_of(["t1"]), tickets=(signed,))
    await read_logs(client, apart(plan) if offline else plan, complete=complete)

    logs = [each for each in service.asked if each.path == path("scan_logs")]
    assert [each.query["ticket_id"] for each in logs] == asked_by


async def test_long_codes_are_read_so_few_at_a_time_that_every_server_takes_the_url(
    service: Service, client: ServiceClient
) -> None:
    tickets = tuple(Ticket(f"t{n}", EVENT, f'{{"token":"{n:0300d}"}}') for n in range(50))
    service.answer(path("tickets"), [ROW])
    plan = apart(msgspec.structs.replace(tickets_of([]), tickets=tickets))
    await read_logs(client, plan, complete=True)

    lists = [e.query["ticket_id"] for e in service.asked if e.path == path("scan_logs")]
    assert all(len(quote(each)) < 5_000 for each in lists)
    assert sum(each.count("token") for each in lists) == 50


async def test_tickets_are_asked_for_by_their_reservation_only_where_they_are_linked(
    service: Service, client: ServiceClient
) -> None:
    plan = plan_for(EVERYTHING)
    await RecordReader(client, plan).read_before()

    keys = [set(each.query) for each in service.asked if each.path == path("tickets")]
    assert keys == [{"select", "id"}, {"select", "vip_reservation_id"}]
    [linked] = [each for each in service.asked if "vip_reservation_id" in each.query]
    assert linked.query["vip_reservation_id"] == f"in.({plan.reservations[1].id})"


async def test_records_hold_the_tickets_before_and_both_tables_after(
    service: Service, client: ServiceClient
) -> None:
    fresh = TicketRow("t1", EVENT, "general")
    reader = RecordReader(client, tickets_of(["t1"]))
    service.answer(path("tickets"), [fresh])
    await reader.read_before()
    service.answer(path("tickets"), [ROW])
    service.answer(path("scan_logs"), [LOG])

    assert await reader.read_after(complete=True) == Records(
        before=Snapshot(tickets=(fresh,)),
        after=Snapshot(tickets=(ROW,)),
        logs=Logs(scan_logs=(LOG,)),
        complete_logs=True,
    )
    assert (await reader.read_after(complete=False)).complete_logs is False


async def test_only_the_columns_that_are_needed_are_asked_for(
    service: Service, client: ServiceClient
) -> None:
    service.answer(path("tickets"), [ROW])
    reader = RecordReader(client, tickets_of(["t1", "t2"]))
    await reader.read_before()
    service.asked.clear()
    await reader.read_after(complete=False)

    assert [asked.query for asked in service.asked] == [
        {
            "select": "id,event_id,ticket_type,status,scanned_at,scanned_by,device_id",
            "id": "in.(t1,t2)",
        },
        {
            "select": ",".join(
                name for name in fields(ScanLogRow) if name not in ("nonce", "flag", "reason")
            ),
            "ticket_id": "in.(t1,t2)",
        },
    ]


def selected(service: Service) -> list[tuple[str, set[str]]]:
    """Which of the columns that not every service has were asked for, of which table."""
    return [
        (each.path.rpartition("/")[2], {"nonce", "flag"} & set(each.query["select"].split(",")))
        for each in service.asked
    ]


async def test_where_devices_may_decide_alone_nonces_and_flags_are_read_too(
    service: Service, client: ServiceClient
) -> None:
    service.answer(path("tickets"), [ROW])
    guest = Ticket("p1", EVENT, "p1", kind="vip_pass")
    plan = apart(tickets_of(["t1"]))
    plan = msgspec.structs.replace(plan, tickets=(*plan.tickets, guest))
    reader = RecordReader(client, plan)
    await reader.read_before()
    service.asked.clear()
    await reader.read_after(complete=False)

    assert selected(service) == [
        ("tickets", {"nonce"}),
        ("vip_passes", set()),
        ("scan_logs", {"nonce", "flag"}),
        ("vip_scan_logs", {"nonce"}),
    ]
    [log] = [each for each in service.asked if each.path == path("scan_logs")]
    assert log.query["ticket_id"] == "in.(t1,p1)"


async def test_a_service_that_lacks_these_columns_is_read_without_them(
    service: Service, client: ServiceClient
) -> None:
    service.answer(path("tickets"), [ROW])
    service.answer(path("scan_logs"), [LOG])
    service.lacks = {"nonce"}
    records = await read(RecordReader(client, apart(tickets_of(["t1"]))))

    assert (records.after.tickets, records.logs.scan_logs) == ((ROW,), (LOG,))
    assert records.unreadable == ()


async def test_a_service_that_lacks_other_columns_cannot_be_read(
    service: Service, client: ServiceClient
) -> None:
    service.lacks = {"status"}
    records = await read(RecordReader(client, apart(tickets_of(["t1"]))))

    assert records.unreadable == ("table tickets: HTTP 400",)


async def test_every_column_that_is_asked_for_is_one_of_the_row(
    service: Service, client: ServiceClient
) -> None:
    plan = plan_for(EVERYTHING)
    row_types: dict[str, type[msgspec.Struct]] = {
        "tickets": TicketRow,
        "vip_passes": VipPassRow,
        "vip_reservations": VipReservationRow,
        "slots": SlotRow,
    }
    await RecordReader(client, plan).read_before()

    assert {asked.path.rpartition("/")[2] for asked in service.asked} == set(row_types)
    for asked in service.asked:
        row = row_types[asked.path.rpartition("/")[2]]
        columns = asked.query["select"].split(",")
        assert set(columns) <= set(fields(row))
        assert {field.name for field in msgspec.structs.fields(row) if field.required} <= {*columns}


@pytest.mark.parametrize("count", [1, 100, 101, 250])
async def test_many_ids_are_read_a_hundred_at_a_time_and_none_is_left_out(
    service: Service, client: ServiceClient, count: int
) -> None:
    ids = [str(UUID(int=number)) for number in range(count)]
    service.answer(path("tickets"), [ROW])
    records = await read(RecordReader(client, tickets_of(ids)))

    asked = [each for each in service.asked if each.path == path("tickets")]
    groups = [
        each.query["id"].removeprefix("in.(").removesuffix(")").split(",")
        for each in asked[: len(asked) // 2]
    ]
    assert [each for group in groups for each in group] == ids
    assert {len(group) for group in groups[:-1]} <= {100}
    assert len(groups[-1]) <= 100
    assert records.before.tickets == (ROW,) * len(groups)


async def test_ids_that_a_query_is_made_of_are_quoted(
    service: Service, client: ServiceClient
) -> None:
    await RecordReader(client, tickets_of(["a-1_b", "a,b", 'a"b\\c', "a (b)"])).read_before()

    [asked] = service.asked
    assert asked.query["id"] == r'in.(a-1_b,"a,b","a\"b\\c","a (b)")'


async def test_the_reference_backend_understands_quoted_ids(backend: ServiceClient) -> None:
    plan = plan_for(
        msgspec.structs.replace(EVERYTHING, slots=(Slot("evening", 5, id='8 pm, "late" (b)\\'),))
    )
    await backend.populate(population(plan))
    records = await read(RecordReader(backend, plan))

    assert [row.id for row in records.after.slots or ()] == ['8 pm, "late" (b)\\']
    assert records.logs.checkouts == ()


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (403, b"{}", "table tickets: HTTP 403"),
        (404, b"{}", "table tickets: HTTP 404"),
        (500, HTML, "table tickets: HTTP 500"),
        (200, HTML, "table tickets: not of the contract: "),
        (200, b'{"id":"t1"}', "table tickets: not of the contract: "),
        (200, b'[{"id":"t1"}]', "table tickets: not of the contract: "),
        (
            200,
            b'[{"id":"t1","event_id":"e","ticket_type":"g","status":"eaten"}]',
            "table tickets: not of the contract: Invalid enum value 'eaten'",
        ),
        (200, b"[]", "table tickets: shows nothing of the plan: "),
    ],
)
async def test_a_table_that_cannot_be_read_is_told_once_in_the_records(
    service: Service, client: ServiceClient, status: int, body: bytes, why: str
) -> None:
    service.answer(path("tickets"), body, status)
    records = await read(RecordReader(client, tickets_of(["t1"])))

    assert (records.before, records.after) == (Snapshot(), Snapshot())
    assert records.logs == Logs(scan_logs=())
    [told] = records.unreadable
    assert told.startswith(why)


async def test_a_table_that_cannot_be_read_does_not_keep_others_from_being_read(
    service: Service, client: ServiceClient
) -> None:
    plan = plan_for(load_scenario("vip-checkin"))
    rows = [VipReservationRow(row.id, EVENT, 5) for row in plan.reservations]
    service.answer(path("vip_reservations"), rows)
    service.answer(path("vip_passes"), b"{}", 403)
    records = await read(RecordReader(client, plan))

    assert records.unreadable == ("table vip_passes: HTTP 403",)
    assert records.after == Snapshot(vip_reservations=tuple(rows))


@pytest.mark.parametrize("table", ["vip_passes", "vip_reservations", "slots", "tickets"])
async def test_a_table_that_shows_nothing_of_the_plan_counts_as_unreadable(
    service: Service, client: ServiceClient, table: str
) -> None:
    records = await read(RecordReader(client, plan_for(EVERYTHING)))

    told = [why for why in records.unreadable if why.startswith(f"table {table}: ")]
    assert [why.partition(": ")[2].partition(":")[0] for why in told] == [
        "shows nothing of the plan"
    ]
    assert getattr(records.after, table) is None


async def test_logs_and_links_may_be_empty(service: Service, client: ServiceClient) -> None:
    records = await read(RecordReader(client, plan_for(EVERYTHING)))

    assert records.logs == Logs((), (), (), (), ())
    assert (records.before.linked_tickets, records.after.linked_tickets) == ((), ())


async def test_a_service_that_has_gone_is_asked_only_once_before_and_once_after(
    deserted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    async with ServiceClient(deserted, KEY) as client:
        ask = client.read_table

        async def note(table: str, query: dict[str, str]) -> httpx.Response:
            asked.append(table)
            return await ask(table, query)

        monkeypatch.setattr(client, "read_table", note)
        reader = RecordReader(client, plan_for(EVERYTHING))
        await reader.read_before()
        assert asked == ["tickets"]
        records = await reader.read_after(complete=True)

    assert asked == ["tickets", "tickets"]
    assert (records.before, records.after, records.logs) == (Snapshot(), Snapshot(), Logs())
    [why] = records.unreadable
    assert why.startswith("table tickets: ")
    assert why.count("table tickets") == 1


async def test_a_service_that_hangs_up_half_way_leaves_what_was_read(
    service: Service, client: ServiceClient
) -> None:
    service.answer(path("tickets"), [ROW])
    service.answers[path("scan_logs")] = None
    records = await read(RecordReader(client, tickets_of(["t1"])))

    assert (records.after.tickets, records.logs.scan_logs) == ((ROW,), None)
    [why] = records.unreadable
    assert why.startswith("table scan_logs: ")
    assert why != "table scan_logs: "


async def test_an_unreadable_log_leaves_the_tickets_that_were_read(
    service: Service, client: ServiceClient
) -> None:
    service.answer(path("tickets"), [ROW])
    service.answer(path("scan_logs"), b"{}", 403)
    records = await read(RecordReader(client, tickets_of(["t1"])), complete=True)

    assert (records.before.tickets, records.after.tickets) == ((ROW,), (ROW,))
    assert records.logs.scan_logs is None
    assert records.unreadable == ("table scan_logs: HTTP 403",)


async def test_what_could_not_be_read_before_is_still_told_when_all_is_readable_after(
    service: Service, client: ServiceClient
) -> None:
    reader = RecordReader(client, tickets_of(["t1"]))
    service.answer(path("tickets"), b"{}", 500)
    await reader.read_before()
    service.answer(path("tickets"), [ROW])
    records = await reader.read_after(complete=False)

    assert (records.before.tickets, records.after.tickets) == (None, (ROW,))
    assert records.unreadable == ("table tickets: HTTP 500",)


async def test_a_plan_about_nothing_asks_for_nothing(
    service: Service, client: ServiceClient
) -> None:
    assert await read(RecordReader(client, tickets_of([]))) == NOTHING
    assert service.asked == []


async def test_nothing_is_read_after_a_run_that_ended_before_its_rows_stood_there(
    service: Service, client: ServiceClient
) -> None:
    service.answer(path("tickets"), [ROW])
    records = await RecordReader(client, tickets_of(["t1"])).read_after(complete=True)

    assert service.asked == []
    assert records == UNREAD
    assert records.unreadable == ("the run ended before the records were read",)
    assert records.complete_logs is False
