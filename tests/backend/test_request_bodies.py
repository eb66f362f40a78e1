import json

import msgspec
import pytest

from gatedrill.backend.bodies import decode_population, decode_scan_arguments
from gatedrill.backend.problems import HttpError
from gatedrill.contract.service import Population, ScanArguments, TicketRow

TICKET = "0a1b2c3d-0000-4000-8000-00000000beef"
SCANNER = "00000000-0000-0000-0000-000000000001"


def problem_of(error: HttpError) -> tuple[str, int, str]:
    text = f"{error.body.message} | {error.body.details}"
    return error.kind.code, error.kind.status, text


def test_only_ticket_and_scanner_are_required() -> None:
    body = {"p_ticket_id": TICKET, "p_scanned_by": SCANNER}

    assert decode_scan_arguments(json.dumps(body).encode()) == ScanArguments(
        TICKET, SCANNER, p_device_id=None, p_scan_method="qr"
    )


@pytest.mark.parametrize(
    "spelling",
    [
        TICKET.upper(),
        f"{{{TICKET}}}",
        TICKET.replace("-", ""),
        "0a1b-2c3d-0000-4000-8000-0000-0000-beef",
    ],
)
def test_every_spelling_of_a_uuid_names_the_same_ticket(spelling: str) -> None:
    body = {"p_ticket_id": spelling, "p_scanned_by": SCANNER}

    assert decode_scan_arguments(json.dumps(body).encode()).p_ticket_id == TICKET


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "ticket-1",
        TICKET[:-1],
        TICKET + "0",
        "{" + TICKET,
        "urn:uuid:" + TICKET,
        "0x1b2c3d-0000-4000-8000-00000000beef",
        "0a1b2c3-d0000-4000-8000-00000000beef",
        "0a1b2c3d_0000_4000_8000_00000000beef",
        TICKET + "\n",
        "\u0660" * 32,
    ],
)
@pytest.mark.parametrize("argument", ["p_ticket_id", "p_scanned_by"])
def test_a_malformed_uuid_is_refused_as_postgresql_does(argument: str, malformed: str) -> None:
    body = {"p_ticket_id": TICKET, "p_scanned_by": SCANNER, argument: malformed}

    with pytest.raises(HttpError) as caught:
        decode_scan_arguments(json.dumps(body).encode())

    assert problem_of(caught.value)[:2] == ("22P02", 400)
    assert f'type uuid: "{malformed}"' in problem_of(caught.value)[2]


@pytest.mark.parametrize(
    ("body", "named"),
    [
        pytest.param({}, "scan_ticket_atomic()", id="none at all"),
        pytest.param({"p_ticket_id": TICKET}, "(p_ticket_id)", id="one is missing"),
        pytest.param(
            {"p_ticket_id": TICKET, "p_scanned_by": SCANNER, "p_gate": "1"},
            "(p_gate, p_scanned_by, p_ticket_id)",
            id="one is unknown",
        ),
    ],
)
def test_a_set_of_arguments_that_does_not_fit_is_no_function(
    body: dict[str, str], named: str
) -> None:
    with pytest.raises(HttpError) as caught:
        decode_scan_arguments(json.dumps(body).encode())

    code, status, text = problem_of(caught.value)
    assert (code, status) == ("PGRST202", 404)
    assert named in text
    assert "p_ticket_id, p_scanned_by, [p_device_id], [p_scan_method]" in text


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"scan"',
        b"null",
        b"{",
        b'{"p_ticket_id": "\xff"}',
        b'{"p_ticket_id": ' + b"[" * 100_000,
    ],
    ids=["empty", "array", "string", "null", "broken off", "not utf-8", "too deep"],
)
@pytest.mark.parametrize("decode", [decode_scan_arguments, decode_population])
def test_a_body_that_is_no_json_object_is_refused(decode: object, body: bytes) -> None:
    assert callable(decode)
    with pytest.raises(HttpError) as caught:
        decode(body)

    assert problem_of(caught.value)[:2] == ("PGRST102", 400)


def test_an_argument_of_the_wrong_type_is_named() -> None:
    body = {"p_ticket_id": TICKET, "p_scanned_by": SCANNER, "p_device_id": 7}

    with pytest.raises(HttpError) as caught:
        decode_scan_arguments(json.dumps(body).encode())

    code, status, text = problem_of(caught.value)
    assert (code, status) == ("22P02", 400)
    assert "$.p_device_id" in text


def test_a_population_keeps_its_tickets_with_canonical_ids() -> None:
    tickets = (TicketRow(TICKET.upper(), "event", "vip"), TicketRow(SCANNER, "event", "general"))

    decoded = decode_population(msgspec.json.encode(Population(tickets)))

    assert [ticket.id for ticket in decoded.tickets] == [TICKET, SCANNER]


@pytest.mark.parametrize(
    ("tickets", "path"),
    [
        ([{"id": TICKET, "ticket_type": "vip"}], "`event_id` - at `$.tickets[0]`"),
        (
            [{"id": TICKET, "event_id": "e", "ticket_type": "vip", "status": "eaten"}],
            "'eaten' - at `$.tickets[0].status`",
        ),
        ([{"id": "one", "event_id": "e", "ticket_type": "vip"}], "at `$.tickets[0].id`"),
        (
            [
                {"id": TICKET, "event_id": "e", "ticket_type": "vip"},
                {"id": TICKET.upper(), "event_id": "e", "ticket_type": "vip"},
            ],
            f"another ticket has the id {TICKET} - at `$.tickets[1].id`",
        ),
        (None, "got `null` - at `$.tickets`"),
    ],
    ids=["missing field", "unknown status", "malformed id", "the same id twice", "no list"],
)
def test_a_population_that_does_not_fit_is_refused_with_the_path(
    tickets: object, path: str
) -> None:
    with pytest.raises(HttpError) as caught:
        decode_population(json.dumps({"tickets": tickets}).encode())

    code, status, text = problem_of(caught.value)
    assert (code, status) == ("PGRST102", 400)
    assert path in text
