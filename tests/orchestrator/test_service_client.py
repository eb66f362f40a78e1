"""Reading a service's records over real HTTP, also where the service does not like it."""

import socket
from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest
from document import fields
from table_service import Service, table_service

from gatedrill.contract.errors import PeerError
from gatedrill.contract.service import (
    ABOUT_PATH,
    POPULATION_PATH,
    SERVICE_NAME,
    About,
    Population,
    ScanLogRow,
    TicketRow,
)
from gatedrill.fixtures.tickets import Ticket
from gatedrill.orchestrator.records import Records
from gatedrill.orchestrator.service_client import ServiceRecords

KEY = "a-key-that-nobody-may-see"
TICKETS = "/rest/v1/tickets"
LOGS = "/rest/v1/scan_logs"
ROW = TicketRow("t1", "event", "general", "scanned", "now", "somebody", "gate-01")
LOG = ScanLogRow(1, "t1", "somebody", "gate-01", "qr", "success", "now")
HTML = b"<h1>It works!</h1>"


@pytest.fixture
def service() -> Iterator[Service]:
    with table_service() as running:
        yield running


@pytest.fixture
async def records(service: Service) -> AsyncIterator[ServiceRecords]:
    async with ServiceRecords(service.url, KEY) as client:
        yield client


@pytest.fixture
def deserted() -> str:
    """Where nobody answers."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}"


async def failure(client: ServiceRecords) -> str:
    with pytest.raises(PeerError) as raised:
        await client.about()
    assert KEY not in str(raised.value)
    return str(raised.value)


async def test_the_reference_backend_is_recognised_by_its_name(
    service: Service, records: ServiceRecords
) -> None:
    about = About(SERVICE_NAME, "0.1.0", "slow-350ms")
    service.answer(ABOUT_PATH, about)

    assert await records.about() == about


async def test_every_request_carries_the_key_in_both_headers(
    service: Service, records: ServiceRecords
) -> None:
    service.answer(ABOUT_PATH, About(SERVICE_NAME, "0.1.0"))
    await records.about()

    [asked] = service.asked
    assert asked.headers["apikey"] == KEY
    assert asked.headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b'{"code":"PGRST125"}', 404),
        (HTML, 200),
        (b"", 302),
        (msgspec.json.encode(About("another", "1")), 200),
    ],
    ids=["not found", "a web page", "a redirection", "another service"],
)
async def test_any_other_service_is_asked_for_one_ticket_to_try_the_key_and_nothing_is_written(
    service: Service, records: ServiceRecords, body: bytes, status: int
) -> None:
    service.answer(ABOUT_PATH, body, status)
    service.answer(TICKETS, [])

    assert await records.about() is None
    assert [(asked.method, asked.path) for asked in service.asked] == [
        ("GET", ABOUT_PATH),
        ("GET", TICKETS),
    ]
    assert service.asked[1].query == {"select": "id", "limit": "1"}


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("path", [ABOUT_PATH, TICKETS])
async def test_refused_credentials_are_reported_without_the_key(
    service: Service, records: ServiceRecords, path: str, status: int
) -> None:
    service.answer(path, {"message": f"{KEY} is wrong"}, status)

    assert await failure(records) == (
        f"{service.url} refused the credentials (HTTP {status}): "
        "set SUPABASE_SERVICE_ROLE_KEY to its key"
    )


async def test_a_service_out_of_reach_is_named(deserted: str) -> None:
    async with ServiceRecords(deserted, KEY) as client:
        assert (await failure(client)).startswith(f"cannot reach the service at {deserted}: ")


async def test_a_service_that_hangs_up_is_out_of_reach(
    service: Service, records: ServiceRecords
) -> None:
    service.answers[ABOUT_PATH] = None

    message = await failure(records)
    assert message.startswith(f"cannot reach the service at {service.url}: ")
    assert message != f"cannot reach the service at {service.url}: "


async def test_a_proxy_of_the_environment_is_not_asked(
    service: Service, deserted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", deserted)
    monkeypatch.setenv("ALL_PROXY", deserted)
    service.answer(ABOUT_PATH, About(SERVICE_NAME, "0.1.0"))

    async with ServiceRecords(service.url, KEY) as client:
        assert await client.about() is not None


async def test_the_population_is_exactly_the_plans_tickets(
    service: Service, records: ServiceRecords
) -> None:
    service.answer(POPULATION_PATH, b"", 204)
    await records.populate([Ticket("t1", "event", "vip"), Ticket("t2", "event")])

    [asked] = service.asked
    assert asked.method == "PUT"
    assert msgspec.json.decode(asked.body, type=Population) == Population(
        (TicketRow("t1", "event", "vip"), TicketRow("t2", "event", "general"))
    )


async def test_a_refused_population_is_told_with_the_answer(
    service: Service, records: ServiceRecords
) -> None:
    service.answer(POPULATION_PATH, b"x" * 300, 400)

    with pytest.raises(PeerError) as raised:
        await records.populate([])

    assert str(raised.value) == (f"{service.url} refused its population with HTTP 400: {'x' * 200}")


async def test_a_population_that_cannot_be_delivered_names_the_service(deserted: str) -> None:
    async with ServiceRecords(deserted, KEY) as client:
        with pytest.raises(PeerError, match=f"cannot reach the service at {deserted}: "):
            await client.populate([])


async def test_records_hold_the_tickets_before_and_both_tables_after(
    service: Service, records: ServiceRecords
) -> None:
    fresh = TicketRow("t1", "event", "general")
    service.answer(TICKETS, [fresh])
    before = await records.read_before(["t1"])
    assert before == Records(before=(fresh,), after=None, scan_logs=None)

    service.answer(TICKETS, [ROW])
    service.answer(LOGS, [LOG])
    assert await records.read_after(before, ["t1"], complete=True) == Records(
        before=(fresh,), after=(ROW,), scan_logs=(LOG,), complete_log=True
    )
    assert (await records.read_after(before, ["t1"], complete=False)).complete_log is False


async def test_only_the_columns_that_are_needed_are_asked_for(
    service: Service, records: ServiceRecords
) -> None:
    service.answer(TICKETS, [ROW])
    service.answer(LOGS, [])
    await records.read_after(Records((), None, None), ["t1", "t2"], complete=False)

    assert [asked.query for asked in service.asked] == [
        {
            "select": "id,event_id,ticket_type,status,scanned_at,scanned_by,device_id",
            "id": "in.(t1,t2)",
        },
        {
            "select": ",".join(fields(ScanLogRow)),
            "ticket_id": "in.(t1,t2)",
        },
    ]


@pytest.mark.parametrize("count", [1, 100, 101, 250])
async def test_many_ids_are_read_a_hundred_at_a_time_and_none_is_left_out(
    service: Service, records: ServiceRecords, count: int
) -> None:
    ids = [f"t{number}" for number in range(count)]
    service.answer(TICKETS, [ROW])
    read = await records.read_before(ids)

    groups = [
        asked.query["id"].removeprefix("in.(").removesuffix(")").split(",")
        for asked in service.asked
    ]
    assert [each for group in groups for each in group] == ids
    assert max(len(group) for group in groups) <= 100
    assert read.before == (ROW,) * len(groups)


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
        (200, b"[]", "table tickets: shows none of the plan's tickets: "),
    ],
)
async def test_a_table_that_cannot_be_read_is_told_in_the_records(
    service: Service, records: ServiceRecords, status: int, body: bytes, why: str
) -> None:
    service.answer(TICKETS, body, status)
    before = await records.read_before(["t1"])
    after = await records.read_after(before, ["t1"], complete=False)

    for read in (before, after):
        assert (read.before, read.after, read.scan_logs) == (None, None, None)
        assert read.unreadable is not None
        assert read.unreadable.startswith(why)


async def test_a_service_that_has_gone_meanwhile_makes_records_unreadable(deserted: str) -> None:
    async with ServiceRecords(deserted, KEY) as client:
        read = await client.read_before(["t1"])

    assert read.unreadable is not None
    assert read.unreadable.startswith("table tickets: ")


async def test_an_unreadable_log_leaves_the_tickets_that_were_read(
    service: Service, records: ServiceRecords
) -> None:
    service.answer(TICKETS, [ROW])
    service.answer(LOGS, b"{}", 403)
    read = await records.read_after(Records((ROW,), None, None), ["t1"], complete=True)

    assert (read.before, read.after, read.scan_logs) == ((ROW,), (ROW,), None)
    assert read.unreadable == "table scan_logs: HTTP 403"


async def test_what_could_not_be_read_before_is_still_told_when_all_is_readable_after(
    service: Service, records: ServiceRecords
) -> None:
    service.answer(TICKETS, [ROW])
    service.answer(LOGS, [])
    earlier = Records(None, None, None, unreadable="table tickets: HTTP 500")
    read = await records.read_after(earlier, ["t1"], complete=False)

    assert (read.before, read.after) == (None, (ROW,))
    assert read.unreadable == "table tickets: HTTP 500"


async def test_an_empty_log_is_a_log(service: Service, records: ServiceRecords) -> None:
    service.answer(TICKETS, [ROW])
    service.answer(LOGS, [])
    read = await records.read_after(Records((), None, None), ["t1"], complete=False)

    assert (read.scan_logs, read.unreadable) == ((), None)


async def test_a_plan_without_tickets_asks_for_nothing(
    service: Service, records: ServiceRecords
) -> None:
    assert await records.read_before([]) == Records((), None, None)
    assert service.asked == []
