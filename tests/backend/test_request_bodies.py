import json

import msgspec
import pytest

from gatedrill.backend.bodies import (
    decode_arguments,
    decode_checkout,
    decode_payment_event,
    decode_verify,
)
from gatedrill.backend.population_body import decode_population
from gatedrill.backend.problems import HttpError
from gatedrill.contract.service import (
    CheckoutRequest,
    LinkArguments,
    LinkedTicketArguments,
    PaymentEvent,
    PaymentEventData,
    PaymentSession,
    Population,
    ScanArguments,
    SessionMetadata,
    SlotRow,
    TicketRow,
    VipPassArguments,
    VipPassRow,
    VipReservationRow,
    VipTokenArguments,
)

TICKET = "0a1b2c3d-0000-4000-8000-00000000beef"
SCANNER = "00000000-0000-0000-0000-000000000001"


def decode_scan_arguments(body: bytes) -> ScanArguments:
    arguments = decode_arguments("scan_ticket_atomic", body)
    assert isinstance(arguments, ScanArguments)
    return arguments


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
@pytest.mark.parametrize(
    "decode",
    [
        decode_scan_arguments,
        decode_population,
        decode_checkout,
        decode_payment_event,
        decode_verify,
    ],
)
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
            f"another row has the id {TICKET} - at `$.tickets[1].id`",
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


@pytest.mark.parametrize(
    ("function", "given", "arguments"),
    [
        (
            "process_vip_scan_with_reentry",
            {"p_pass_id": TICKET.upper()},
            VipPassArguments(TICKET, None),
        ),
        (
            "process_vip_scan_with_reentry",
            {"p_qr_token": "VIP-TEST-GUEST-01", "p_scanned_by": "anna"},
            VipTokenArguments("VIP-TEST-GUEST-01", "anna"),
        ),
        (
            "check_vip_linked_ticket_reentry",
            {"p_ticket_id": TICKET.replace("-", "")},
            LinkedTicketArguments(TICKET),
        ),
        (
            "link_ticket_to_vip_reservation",
            {"p_ticket_id": TICKET, "p_reservation_id": SCANNER},
            LinkArguments(TICKET, SCANNER),
        ),
    ],
)
def test_each_function_takes_its_arguments(
    function: str, given: dict[str, str], arguments: object
) -> None:
    assert decode_arguments(function, json.dumps(given).encode()) == arguments


@pytest.mark.parametrize(
    ("function", "given", "named"),
    [
        (
            "process_vip_scan_with_reentry",
            {"p_pass_id": TICKET, "p_qr_token": "t"},
            "[p_nonce], [p_scanned_at]), process_vip_scan_with_reentry(p_qr_token, [p_scanned",
        ),
        ("check_vip_linked_ticket_reentry", {}, "(p_ticket_id)"),
        ("link_ticket_to_vip_reservation", {"p_ticket_id": TICKET}, "(p_ticket_id, p_reser"),
        ("scan_anything", {}, "scan_ticket_atomic("),
    ],
)
def test_what_no_function_takes_is_told_with_what_there_is(
    function: str, given: dict[str, str], named: str
) -> None:
    with pytest.raises(HttpError) as caught:
        decode_arguments(function, json.dumps(given).encode())

    code, status, text = problem_of(caught.value)
    assert (code, status) == ("PGRST202", 404)
    assert named in text


@pytest.mark.parametrize("guests", [0, -1, 2**31, 2**70, "2", None, 1.5])
def test_a_booking_is_for_at_least_one_guest(guests: object) -> None:
    body = {"slot_id": "21h", "guests": guests}

    with pytest.raises(HttpError) as caught:
        decode_checkout(json.dumps(body).encode())

    assert problem_of(caught.value)[:2] == ("PGRST102", 400)


def test_a_booking_is_read() -> None:
    assert decode_checkout(b'{"slot_id": "21h", "guests": 2}') == CheckoutRequest("21h", 2)


def payment_event(**metadata: str) -> bytes:
    session = {"id": "cs_1", "metadata": metadata}
    event = {"id": "evt_1", "type": "checkout.session.completed", "data": {"object": session}}
    return json.dumps(event).encode()


def test_a_payment_event_is_read_with_its_sessions_metadata() -> None:
    body = payment_event(slot_id="21h", guests="2", slots_reserved="true")

    metadata = SessionMetadata("21h", "2", slots_reserved="true")
    assert decode_payment_event(body) == PaymentEvent(
        "evt_1", "checkout.session.completed", PaymentEventData(PaymentSession("cs_1", metadata))
    )


def test_an_event_of_another_type_may_have_any_shape() -> None:
    assert decode_payment_event(b'{"id": "evt_2", "type": "charge.failed", "data": 7}') is None


@pytest.mark.parametrize("guests", ["", "0", "-1", "two", "\u0662", "1.5", "9" * 30])
def test_a_payment_for_a_senseless_number_of_guests_is_refused(guests: str) -> None:
    with pytest.raises(HttpError) as caught:
        decode_payment_event(payment_event(slot_id="21h", guests=guests))

    assert problem_of(caught.value)[:2] == ("PGRST102", 400)


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [("a\\u0000b", True), ("a\\\\u0000b", False), ("a\\\\\\u0000b", True), ("\\u0001", False)],
)
def test_text_that_postgresql_cannot_hold_is_refused(text: str, is_refused: bool) -> None:
    body = f'{{"token": "{text}", "signature": "s"}}'.encode()

    if is_refused:
        with pytest.raises(HttpError, match="the body must be"):
            decode_verify(body)
    else:
        assert decode_verify(body).signature == "s"


def test_a_whole_population_is_read_and_normalised() -> None:
    body = {
        "tickets": [
            {
                "id": TICKET.upper(),
                "event_id": "e",
                "ticket_type": "vip",
                "qr_token": "token-1",
                "vip_reservation_id": SCANNER.replace("-", ""),
            }
        ],
        "vip_reservations": [{"id": SCANNER.upper(), "event_id": "e", "total_guests": 5}],
        "vip_passes": [
            {"id": TICKET, "reservation_id": SCANNER, "guest_number": 1, "qr_token": "VIP-01"}
        ],
        "slots": [
            {"id": "21h", "event_id": "e", "capacity": 5},
            {"id": "22h", "event_id": "e", "capacity": 5, "available": 0},
        ],
        "payment": {"outcome": "fail", "delay_ms": 20},
        "qr_secret": "s",
    }

    population = decode_population(json.dumps(body).encode())

    assert population.tickets[0].id == TICKET
    assert population.tickets[0].vip_reservation_id == SCANNER
    assert population.vip_reservations == (VipReservationRow(SCANNER, "e", 5),)
    assert population.vip_passes == (VipPassRow(TICKET, SCANNER, 1, "VIP-01"),)
    assert population.slots == (SlotRow("21h", "e", 5, 5), SlotRow("22h", "e", 5, 0))
    assert (population.payment.outcome, population.payment.delay_ms) == ("fail", 20)
    assert population.qr_secret == "s"


RESERVATION = {"id": SCANNER, "event_id": "e", "total_guests": 5}
PASS = {"id": TICKET, "reservation_id": SCANNER, "guest_number": 1, "qr_token": "VIP-01"}
SLOT = {"id": "21h", "event_id": "e", "capacity": 5}
HOLDER = {"id": TICKET, "event_id": "e", "ticket_type": "vip", "qr_token": "token-1"}


@pytest.mark.parametrize(
    ("part", "path"),
    [
        ({"vip_reservations": [RESERVATION | {"checked_in_guests": 6}]}, "`$.vip_reservations[0]`"),
        ({"vip_reservations": [RESERVATION | {"checked_in_guests": -1}]}, "from 0 to total"),
        ({"vip_reservations": [RESERVATION | {"total_guests": 2**31}]}, "`$.vip_reservations[0]`"),
        ({"vip_reservations": [RESERVATION, RESERVATION]}, "`$.vip_reservations[1].id`"),
        ({"vip_passes": [PASS | {"reservation_id": "r"}]}, "`$.vip_passes[0].reservation_id`"),
        ({"vip_passes": [PASS | {"guest_number": 0}]}, "`$.vip_passes[0]`"),
        ({"vip_passes": [PASS, PASS | {"id": SCANNER}]}, "`$.vip_passes[1].qr_token`"),
        ({"slots": [SLOT | {"available": 6}]}, "`$.slots[0]`"),
        ({"slots": [SLOT | {"available": -1}]}, "`$.slots[0]`"),
        ({"slots": [SLOT | {"capacity": -1}]}, "`$.slots[0]`"),
        ({"slots": [SLOT, SLOT]}, "another row has the id 21h - at `$.slots[1].id`"),
        ({"tickets": [HOLDER, HOLDER | {"id": SCANNER}]}, "`$.tickets[1].qr_token`"),
        ({"tickets": [HOLDER | {"vip_reservation_id": "r"}]}, "[0].vip_reservation_id`"),
        ({"payment": {"delay_ms": -1}}, "`$.payment.delay_ms`"),
        ({"payment": {"outcome": "explode"}}, "`$.payment.outcome`"),
        ({"qr_secret": ""}, "`$.qr_secret`"),
    ],
)
def test_a_population_that_contradicts_itself_is_refused_with_the_path(
    part: dict[str, object], path: str
) -> None:
    with pytest.raises(HttpError) as caught:
        decode_population(json.dumps({"tickets": []} | part).encode())

    code, status, text = problem_of(caught.value)
    assert (code, status) == ("PGRST102", 400)
    assert path in text
