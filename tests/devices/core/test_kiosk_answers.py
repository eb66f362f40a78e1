"""What a kiosk makes of the service's answers."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatedrill.contract.attempt import AskKind
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.connection import ServiceAnswer
from gatedrill.devices.kiosk_answers import read_checkout, read_linking, read_webhook

BOOKED = {"checkout_id": "C", "session_id": "S", "url": "https://pay.example/S"}
HTML = b"<!doctype html><html><body>Bad gateway</body></html>"


def refused(reason: Reason) -> Outcome:
    return Outcome(OutcomeKind.REFUSED, reason)


def unknown(reason: Reason) -> Outcome:
    return Outcome(OutcomeKind.UNKNOWN, reason)


def answer(status: int, said: object = HTML) -> ServiceAnswer:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return ServiceAnswer(AskKind.CHECKOUT, 1, 2, status, body)


def problem(status: int, code: str) -> ServiceAnswer:
    return answer(status, {"code": code, "message": "m"})


TIMED_OUT = ServiceAnswer(AskKind.CHECKOUT, 1, 2, failure=Reason.TIMEOUT)


def test_a_booking_has_its_checkout_and_its_session() -> None:
    reply = read_checkout(answer(200, BOOKED))
    assert reply.outcome == Outcome(OutcomeKind.BOOKED)
    assert (reply.checkout, reply.session, reply.ask.reason) == ("C", "S", None)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        pytest.param(problem(409, "SLOT_FULL"), refused(Reason.FULL), id="full"),
        pytest.param(problem(404, "SLOT_NOT_FOUND"), refused(Reason.NOT_FOUND), id="no slot"),
        pytest.param(problem(502, "PAYMENT_FAILED"), refused(Reason.PAYMENT_FAILED), id="payment"),
        pytest.param(
            problem(504, "PAYMENT_TIMED_OUT"), refused(Reason.PAYMENT_TIMED_OUT), id="slow payment"
        ),
        pytest.param(
            problem(502, "PAYMENT_TIMED_OUT"), refused(Reason.PAYMENT_TIMED_OUT), id="code first"
        ),
        pytest.param(problem(500, "SLOT_FULL"), refused(Reason.FULL), id="a code in an error"),
        pytest.param(answer(409), refused(Reason.FULL), id="only a status: full"),
        pytest.param(answer(409, {"error": "sold out"}), refused(Reason.FULL), id="other words"),
        pytest.param(problem(409, "23505"), refused(Reason.FULL), id="a code of others"),
        pytest.param(answer(402), refused(Reason.PAYMENT_FAILED), id="payment required"),
        pytest.param(answer(502), refused(Reason.PAYMENT_FAILED), id="bad gateway"),
        pytest.param(answer(504), refused(Reason.PAYMENT_TIMED_OUT), id="gateway timeout"),
        pytest.param(answer(404), unknown(Reason.BAD_ANSWER), id="the address is wrong"),
        pytest.param(problem(404, "PGRST125"), unknown(Reason.BAD_ANSWER), id="no such path"),
        pytest.param(answer(500), unknown(Reason.SERVER_ERROR), id="error"),
        pytest.param(problem(500, "XX000"), unknown(Reason.SERVER_ERROR), id="unexpected"),
        pytest.param(answer(503), unknown(Reason.SERVER_ERROR), id="unavailable"),
        pytest.param(answer(400), unknown(Reason.BAD_ANSWER), id="bad request"),
        pytest.param(problem(401, "SLOT_FULL"), unknown(Reason.CREDENTIALS), id="the key"),
        pytest.param(answer(201, BOOKED), unknown(Reason.BAD_ANSWER), id="created"),
        pytest.param(answer(200), unknown(Reason.BAD_ANSWER), id="a page"),
        pytest.param(answer(200, {}), unknown(Reason.BAD_ANSWER), id="no session"),
        pytest.param(TIMED_OUT, unknown(Reason.TIMEOUT), id="silence"),
    ],
)
def test_a_booking_that_came_to_nothing_says_why(said: ServiceAnswer, outcome: Outcome) -> None:
    reply = read_checkout(said)
    assert reply.outcome == outcome
    assert reply.ask.reason is outcome.reason
    assert (reply.checkout, reply.session) == (None, None)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (answer(200, {"received": True}), Outcome(OutcomeKind.CONFIRMED)),
        (answer(200, b"ok"), Outcome(OutcomeKind.CONFIRMED)),
        (answer(200, {"received": False}), unknown(Reason.BAD_ANSWER)),
        (answer(204, b""), unknown(Reason.BAD_ANSWER)),
        (problem(404, "SLOT_NOT_FOUND"), unknown(Reason.BAD_ANSWER)),
        (problem(500, "40001"), unknown(Reason.SERVER_ERROR)),
        (answer(409), unknown(Reason.BAD_ANSWER)),
        (answer(403), unknown(Reason.CREDENTIALS)),
        (TIMED_OUT, unknown(Reason.TIMEOUT)),
    ],
)
def test_a_payment_was_heard_of_or_nobody_knows(said: ServiceAnswer, outcome: Outcome) -> None:
    assert read_webhook(said).outcome == outcome


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        (answer(200, {"success": True, "message": "m"}), Outcome(OutcomeKind.LINKED)),
        *(
            (answer(200, {"success": False, "message": "m", "error": error}), refused(reason))
            for error, reason in [
                ("TICKET_NOT_FOUND", Reason.NOT_FOUND),
                ("RESERVATION_NOT_FOUND", Reason.NOT_FOUND),
                ("ALREADY_LINKED", Reason.ALREADY_LINKED),
                ("RESERVATION_FULL", Reason.FULL),
                ("CLOSED", Reason.REFUSED_OTHERWISE),
            ]
        ),
        (answer(200, {"success": False, "message": "m"}), refused(Reason.REFUSED_OTHERWISE)),
        (
            answer(200, {"success": True, "message": "m", "error": "ALREADY_LINKED"}),
            unknown(Reason.BAD_ANSWER),
        ),
        (answer(200), unknown(Reason.BAD_ANSWER)),
        (problem(409, "23505"), refused(Reason.ALREADY_LINKED)),
        (problem(409, "23503"), refused(Reason.NOT_FOUND)),
        (problem(400, "22P02"), refused(Reason.NOT_FOUND)),
        (problem(500, "55P03"), refused(Reason.BUSY)),
        (problem(500, "40001"), refused(Reason.BUSY)),
        (problem(404, "PGRST202"), unknown(Reason.BAD_ANSWER)),
        (problem(500, "XX000"), unknown(Reason.SERVER_ERROR)),
        (TIMED_OUT, unknown(Reason.TIMEOUT)),
    ],
)
def test_a_ticket_is_linked_or_not(said: ServiceAnswer, outcome: Outcome) -> None:
    reply = read_linking(said)
    assert reply.outcome == outcome
    assert reply.ask.reason is outcome.reason


@settings(deadline=None)
@given(st.sampled_from([200, 400, 409, 500]), st.binary())
def test_no_bytes_make_a_reading_fail_or_book_or_link(status: int, body: bytes) -> None:
    said = answer(status, body)
    assert read_checkout(said).outcome.kind is not OutcomeKind.BOOKED
    assert read_linking(said).outcome.kind is not OutcomeKind.LINKED
    assert (read_webhook(said).outcome.kind is OutcomeKind.CONFIRMED) is (status == 200)
