import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import msgspec
import pytest

from gatedrill.contract.service import (
    ABOUT_PATH,
    CHECKOUT_PATH,
    POPULATION_PATH,
    VERIFY_PATH,
    WEBHOOK_PATH,
    About,
    ScanRow,
    ServiceProblem,
    TicketRow,
)

if TYPE_CHECKING:
    from backend.conftest import Service, Start

SCAN_PATH = "/rest/v1/rpc/scan_ticket_atomic"
VIP_SCAN_PATH = "/rest/v1/rpc/process_vip_scan_with_reentry"
ANNA = "aaaaaaaa-0000-0000-0000-000000000001"
BERT = "bbbbbbbb-0000-0000-0000-000000000002"
T1 = "00000000-0000-0000-0000-000000000001"
T2 = "00000000-0000-0000-0000-000000000002"
T3 = "00000000-0000-0000-0000-000000000003"


def the_row(answer: httpx.Response) -> ScanRow:
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    [row] = msgspec.json.decode(answer.content, type=list[ScanRow])
    return row


def the_problem(answer: httpx.Response) -> ServiceProblem:
    assert answer.headers["content-type"] == "application/json"
    assert set(answer.json()) == {"code", "message", "details", "hint"}
    return msgspec.json.decode(answer.content, type=ServiceProblem)


async def test_the_first_scan_is_admitted_and_the_second_is_shown_the_first(
    service: "Service",
) -> None:
    await service.hold_valid(1)

    first = the_row(await service.call(p_ticket_id=T1, p_scanned_by=ANNA, p_device_id="gate-1"))
    again = the_row(await service.call(p_ticket_id=T1, p_scanned_by=BERT))

    assert first == ScanRow(True, False, first.scanned_at, ANNA, None)
    assert first.scanned_at is not None
    assert again == ScanRow(False, True, first.scanned_at, ANNA, "Ticket already scanned")


async def test_a_row_is_answered_with_all_its_fields_even_null_ones(service: "Service") -> None:
    await service.hold_valid(1)

    answer = await service.call(p_ticket_id=T1, p_scanned_by=ANNA)

    assert list(answer.json()[0]) == list(ScanRow.__struct_fields__)
    assert answer.json()[0]["error_message"] is None


@pytest.mark.parametrize(
    ("ticket", "message", "result"),
    [
        (TicketRow(T2, "event", "vip"), "Ticket not found", "not_found"),
        (TicketRow(T1, "event", "vip", "cancelled"), "Ticket cancelled", "cancelled"),
    ],
)
async def test_a_ticket_that_is_unknown_or_cancelled_is_refused(
    service: "Service", ticket: TicketRow, message: str, result: str
) -> None:
    await service.hold(ticket)

    answer = the_row(await service.call(p_ticket_id=T1, p_scanned_by=ANNA))

    assert answer == ScanRow(False, False, None, None, message)
    assert [(log.ticket_id, log.result) for log in await service.logs()] == [(T1, result)]


async def test_a_ticket_is_found_by_its_token(service: "Service") -> None:
    await service.hold(
        TicketRow(T1, "event", "vip", qr_token="token-1"),
        TicketRow(T2, "event", "vip", qr_token="token-2"),
        TicketRow(T3, "event", "vip"),
    )

    assert await service.read("tickets", "select=id&qr_token=eq.token-2") == [{"id": T2}]
    assert await service.read("tickets", "select=id&qr_token=eq.token-3") == []


async def test_a_scan_shows_in_the_ticket_and_in_the_log(service: "Service") -> None:
    await service.hold_valid(1)

    row = the_row(
        await service.call(
            p_ticket_id=T1, p_scanned_by=ANNA, p_device_id="gate-1", p_scan_method="manual"
        )
    )

    [ticket] = await service.read("tickets")
    assert str(ticket.pop("updated_at")) >= str(row.scanned_at)
    assert [ticket] == [
        {
            "id": T1,
            "event_id": "event",
            "ticket_type": "general",
            "status": "scanned",
            "scanned_at": row.scanned_at,
            "scanned_by": ANNA,
            "device_id": "gate-1",
            "qr_token": None,
            "vip_reservation_id": None,
            "nonce": None,
        }
    ]
    assert await service.read("scan_logs") == [
        {
            "id": 1,
            "ticket_id": T1,
            "scanned_by": ANNA,
            "device_id": "gate-1",
            "scan_method": "manual",
            "result": "success",
            "scanned_at": row.scanned_at,
            "nonce": None,
            "flag": None,
            "reason": None,
        }
    ]


async def test_every_answered_call_has_one_log_row_in_the_order_of_the_calls(
    service: "Service",
) -> None:
    await service.hold_valid(1, 2)

    for number in (1, 1, 2, 3, 1):
        await service.scan(number)

    assert [(log.id, log.ticket_id, log.result) for log in await service.logs()] == [
        (1, T1, "success"),
        (2, T1, "already_scanned"),
        (3, T2, "success"),
        (4, T3, "not_found"),
        (5, T1, "already_scanned"),
    ]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", SCAN_PATH, {"p_ticket_id": "one", "p_scanned_by": ANNA}, 400, "22P02"),
        ("POST", SCAN_PATH, {"p_ticket_id": T1, "p_scanned_by": "anna"}, 400, "22P02"),
        ("POST", SCAN_PATH, {"p_ticket_id": T1}, 404, "PGRST202"),
        ("POST", SCAN_PATH, {"p_ticket_id": T1, "p_scanned_by": ANNA, "x": 1}, 404, "PGRST202"),
        ("POST", SCAN_PATH, [], 400, "PGRST102"),
        ("POST", "/rest/v1/rpc/scan_anything", {}, 404, "PGRST202"),
        ("GET", SCAN_PATH, None, 405, "PGRST117"),
        ("GET", "/rest/v1/guests", None, 404, "PGRST205"),
        ("GET", "/rest/v1/tickets?nonsense=eq.1", None, 400, "42703"),
        ("GET", "/rest/v1/tickets?status=like.v", None, 400, "PGRST100"),
        ("DELETE", "/rest/v1/tickets", None, 405, "PGRST117"),
        ("GET", "/rest/v1/tickets/", None, 404, "PGRST125"),
        ("GET", "/", None, 404, "PGRST125"),
        ("GET", "/docs", None, 404, "PGRST125"),
        ("PUT", POPULATION_PATH, {"tickets": [{"id": T1}]}, 400, "PGRST102"),
        ("POST", CHECKOUT_PATH, {"slot_id": "21h"}, 400, "PGRST102"),
        ("POST", CHECKOUT_PATH, {"slot_id": "21h", "guests": 1}, 404, "SLOT_NOT_FOUND"),
        ("GET", CHECKOUT_PATH, None, 405, "PGRST117"),
        ("POST", WEBHOOK_PATH, {"type": "checkout.session.completed"}, 400, "PGRST102"),
        ("POST", VERIFY_PATH, {"token": "t"}, 400, "PGRST102"),
        ("POST", VIP_SCAN_PATH, {"p_pass_id": "p"}, 400, "22P02"),
    ],
)
async def test_a_request_that_cannot_be_served_is_told_why_in_json(
    service: "Service", method: str, path: str, body: object, status: int, code: str
) -> None:
    await service.hold_valid(1)

    answer = await service.client.request(method, path, json=body)

    assert (answer.status_code, the_problem(answer).code) == (status, code)
    assert await service.logs() == []


KEY = "a-key-that-nobody-may-ever-see"
NO_KEY = "PGRST302"
WRONG_KEY = "PGRST301"


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({}, NO_KEY),
        ({"apikey": KEY}, NO_KEY),
        ({"authorization": f"Bearer {KEY}"}, NO_KEY),
        ({"apikey": KEY, "authorization": KEY}, NO_KEY),
        ({"apikey": KEY, "authorization": f"Basic {KEY}"}, NO_KEY),
        ({"apikey": "wrong", "authorization": f"Bearer {KEY}"}, WRONG_KEY),
        ({"apikey": KEY, "authorization": "Bearer wrong"}, WRONG_KEY),
        ({"apikey": "", "authorization": "Bearer wrong"}, WRONG_KEY),
        ({"apikey": KEY[:-1], "authorization": f"Bearer {KEY[:-1]}"}, WRONG_KEY),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", SCAN_PATH),
        ("GET", "/rest/v1/tickets"),
        ("GET", ABOUT_PATH),
        ("PUT", POPULATION_PATH),
        ("POST", CHECKOUT_PATH),
        ("POST", WEBHOOK_PATH),
        ("POST", VERIFY_PATH),
        ("GET", "/nowhere"),
    ],
)
async def test_nothing_is_done_or_told_without_the_right_key(
    service: "Service", method: str, path: str, headers: dict[str, str], code: str
) -> None:
    await service.hold_valid(1)
    body = {"p_ticket_id": T1, "p_scanned_by": ANNA, "tickets": []}

    async with httpx.AsyncClient(base_url=service.url, trust_env=False) as stranger:
        answer = await stranger.request(method, path, headers=headers, json=body)

    assert (answer.status_code, the_problem(answer).code) == (401, code)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert KEY not in answer.text
    assert [row["status"] for row in await service.read("tickets")] == ["valid"]


async def test_the_bearer_scheme_is_taken_in_any_case(service: "Service") -> None:
    answer = await service.client.get(ABOUT_PATH, headers={"authorization": f"bearer {KEY}"})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", [1, 2, 3, 4, 5]),
        ("status=eq.valid", [1, 2, 5]),
        ("status=eq.valid&ticket_type=eq.vip", [2]),
        ("ticket_type=in.(vip,crew)", [2, 4, 5]),
        (f"id=in.({T1},{T3})", [1, 3]),
        ("status=in.()", []),
        ("device_id=eq.gate-1", [3]),
        ("order=id.desc", [5, 4, 3, 2, 1]),
        ("order=ticket_type.desc,id.desc", [4, 2, 3, 1, 5]),
        ("limit=2", [1, 2]),
        ("limit=2&offset=2", [3, 4]),
        ("limit=2&offset=4", [5]),
        ("offset=3", [4, 5]),
        ("limit=0", []),
        ("order=status&limit=2&offset=1", [3, 1]),
    ],
)
async def test_a_table_is_read_with_filters_order_and_pages(
    service: "Service", query: str, ids: list[int]
) -> None:
    types = ["general", "vip", "general", "vip", "crew"]
    status = {3: "scanned", 4: "cancelled"}
    await service.hold(
        *(
            msgspec.convert(
                {
                    "id": f"00000000-0000-0000-0000-{number:012}",
                    "event_id": "event",
                    "ticket_type": types[number - 1],
                    "status": status.get(number, "valid"),
                    "device_id": "gate-1" if number == 3 else None,
                },
                TicketRow,
            )
            for number in range(1, 6)
        )
    )

    rows = await service.read("tickets", query)

    assert [int(str(row["id"])[-12:]) for row in rows] == ids


async def test_only_the_selected_columns_are_told(service: "Service") -> None:
    await service.hold_valid(1)

    assert await service.read("tickets", "select=status,id") == [{"status": "valid", "id": T1}]


async def test_a_population_replaces_tickets_and_log(service: "Service") -> None:
    await service.hold_valid(1, 2)
    await service.scan(1)

    at = "2026-11-20T19:00:00Z"
    await service.hold(TicketRow(T3.upper(), "event", "vip", "scanned", at, "anna", "gate-7"))

    assert await service.read("tickets", "select=id,device_id") == [
        {"id": T3, "device_id": "gate-7"}
    ]
    assert await service.logs() == []
    assert (await service.scan(1)).error_message == "Ticket not found"
    assert (await service.scan(3)).already_scanned


async def test_a_refused_population_changes_nothing(service: "Service") -> None:
    await service.hold_valid(1)
    ticket = {"id": T2, "event_id": "event", "ticket_type": "vip"}

    answer = await service.client.put(POPULATION_PATH, json={"tickets": [ticket, ticket]})

    assert answer.status_code == 400
    assert "$.tickets[1].id" in str(the_problem(answer).details)
    assert await service.read("tickets", "select=id") == [{"id": T1}]


@pytest.mark.parametrize("fault", [None, "slow-350ms"])
async def test_the_service_tells_what_it_is_and_which_fault_it_has(
    start: "Start", fault: str | None
) -> None:
    async with start(fault=fault) as service:
        answer = await service.client.get(ABOUT_PATH)

    about = msgspec.json.decode(answer.content, type=About)
    assert (about.service, about.fault) == ("gatedrill-reference-backend", fault)
    assert about.version[0].isdigit()


async def test_an_unexpected_failure_is_told_in_json_and_logged(
    start: "Start", tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "gate.db"
    async with start(database=file) as service:
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("DROP TABLE tickets")

        answer = await service.call(p_ticket_id=T1, p_scanned_by=ANNA)

        assert (answer.status_code, the_problem(answer).code) == (500, "XX000")
        assert "tickets" not in answer.text
        assert "no such table: tickets" in caplog.text
        assert (await service.client.get(ABOUT_PATH)).status_code == 200


async def test_a_file_held_by_somebody_else_fails_the_scan_but_not_the_service(
    start: "Start", tmp_path: Path
) -> None:
    file = tmp_path / "gate.db"
    async with start(database=file) as service:
        await service.hold_valid(1)
        with closing(sqlite3.connect(file, isolation_level=None)) as somebody:
            somebody.execute("BEGIN IMMEDIATE")
            held = await service.call(p_ticket_id=T1, p_scanned_by=ANNA)

        assert (held.status_code, the_problem(held).code) == (500, "XX000")
        assert (await service.scan(1)).success
        assert [log.result for log in await service.logs()] == ["success"]
