"""What the service's answers to a kiosk mean. Pure; what the contract lacks is `unknown`."""

import msgspec

from gatedrill.contract import service
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.answers import UNREADABLE, failure_of, problem_code, refused, unknown
from gatedrill.devices.connection import ServiceAnswer
from gatedrill.devices.kiosk import KioskReply

_BY_CHECKOUT_CODE = {
    "SLOT_FULL": Reason.FULL,
    "SLOT_NOT_FOUND": Reason.NOT_FOUND,
    "PAYMENT_FAILED": Reason.PAYMENT_FAILED,
    "PAYMENT_TIMED_OUT": Reason.PAYMENT_TIMED_OUT,
}

# Of services that have no such codes. 404 is not among them: it may be the address that is wrong.
_BY_CHECKOUT_STATUS = {
    402: Reason.PAYMENT_FAILED,
    409: Reason.FULL,
    502: Reason.PAYMENT_FAILED,
    504: Reason.PAYMENT_TIMED_OUT,
}

# PostgreSQL's error codes whose meaning for a link is certain: the statement changed nothing.
_BY_LINK_CODE = {
    "55P03": Reason.BUSY,  # lock not available
    "40001": Reason.BUSY,  # serialization failure
    "23505": Reason.ALREADY_LINKED,  # unique index of a ticket's links
    "23503": Reason.NOT_FOUND,  # foreign key to ticket or reservation
    "22P02": Reason.NOT_FOUND,  # no uuid
}

_BY_LINK_ERROR: dict[str, Reason] = {
    service.LinkRefusal.TICKET_NOT_FOUND: Reason.NOT_FOUND,
    service.LinkRefusal.RESERVATION_NOT_FOUND: Reason.NOT_FOUND,
    service.LinkRefusal.ALREADY_LINKED: Reason.ALREADY_LINKED,
    service.LinkRefusal.RESERVATION_FULL: Reason.FULL,
}

_BOOKED = msgspec.json.Decoder(service.CheckoutAnswer)
_HEARD = msgspec.json.Decoder(service.PaymentEventAnswer)
_LINKED = msgspec.json.Decoder(service.LinkAnswer)


def read_checkout(answer: ServiceAnswer) -> KioskReply:
    """What became of a booking."""
    outcome = _checkout_failure(answer)
    if outcome is not None:
        return _reply(answer, outcome)
    try:
        booked = _BOOKED.decode(answer.body)
    except UNREADABLE:
        return _reply(answer, unknown(Reason.BAD_ANSWER))
    outcome = Outcome(OutcomeKind.BOOKED)
    return KioskReply(outcome, answer.ask(None), booked.checkout_id, booked.session_id)


def _checkout_failure(answer: ServiceAnswer) -> Outcome | None:
    by_status = _BY_CHECKOUT_STATUS.get(answer.http_status or 0)
    if by_status is not None and problem_code(answer.body) not in _BY_CHECKOUT_CODE:
        return refused(by_status)
    return failure_of(answer, _BY_CHECKOUT_CODE)


def read_webhook(answer: ServiceAnswer) -> KioskReply:
    """Whether the service has heard of a payment.

    Its status alone says so, as for any payment provider, unless the body denies it.
    """
    outcome = failure_of(answer, {})
    if outcome is None:
        denied = _denies_to_have_heard(answer.body)
        outcome = unknown(Reason.BAD_ANSWER) if denied else Outcome(OutcomeKind.CONFIRMED)
    return _reply(answer, outcome)


def _denies_to_have_heard(body: bytes) -> bool:
    try:
        return not _HEARD.decode(body).received
    except UNREADABLE:
        return False


def read_linking(answer: ServiceAnswer) -> KioskReply:
    """What became of a link."""
    return _reply(answer, failure_of(answer, _BY_LINK_CODE) or _judge_linking(answer.body))


def _judge_linking(body: bytes) -> Outcome:
    try:
        said = _LINKED.decode(body)
    except UNREADABLE:
        return unknown(Reason.BAD_ANSWER)
    if said.success:
        return unknown(Reason.BAD_ANSWER) if said.error else Outcome(OutcomeKind.LINKED)
    return refused(_BY_LINK_ERROR.get(said.error or "", Reason.REFUSED_OTHERWISE))


def _reply(answer: ServiceAnswer, outcome: Outcome) -> KioskReply:
    return KioskReply(outcome, answer.ask(outcome.reason))
