"""What all answers of the service have in common: when they are none, and how they are read."""

from collections.abc import Mapping

import msgspec

from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.contract.service import ServiceProblem
from gatedrill.devices.connection import ServiceAnswer

# What msgspec raises for bytes from anywhere: also text that is no UTF-8, and bottomless nesting.
UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

OK = 200
_CREDENTIALS = (401, 403)
_SERVER_ERROR = 500
_NO_SUCH_FUNCTION = (404, "PGRST202")

_PROBLEM = msgspec.json.Decoder(ServiceProblem)


def unknown(reason: Reason) -> Outcome:
    """No definite answer came."""
    return Outcome(OutcomeKind.UNKNOWN, reason)


def refused(reason: Reason) -> Outcome:
    """The service, or the device by what the service told, has decided against it."""
    return Outcome(OutcomeKind.REFUSED, reason)


def failure_of(answer: ServiceAnswer, by_code: Mapping[str, Reason]) -> Outcome | None:
    """What an answer comes to that is not the one asked for; None if it has status 200.

    `by_code` holds the error codes whose meaning for the question is certain: nothing was changed.
    Anything else outside the contract is `unknown`.
    """
    if answer.failure is not None or answer.http_status is None:
        return unknown(answer.failure or Reason.CONNECTION)
    if answer.http_status == OK:
        return None
    if answer.http_status in _CREDENTIALS:
        return unknown(Reason.CREDENTIALS)
    reason = by_code.get(problem_code(answer.body))
    if reason is not None:
        return refused(reason)
    is_error = answer.http_status >= _SERVER_ERROR
    return unknown(Reason.SERVER_ERROR if is_error else Reason.BAD_ANSWER)


def problem_code(body: bytes) -> str:
    """The code in an error's body; empty if there is none."""
    try:
        return _PROBLEM.decode(body).code
    except UNREADABLE:
        return ""


def lacks_function(answer: ServiceAnswer) -> bool:
    """Whether the service has no such function, or none that takes these arguments."""
    return (answer.http_status, problem_code(answer.body)) == _NO_SUCH_FUNCTION
