"""The errors this service answers, worded as PostgREST words its own."""

from collections.abc import Mapping
from enum import Enum

import msgspec
from starlette.responses import Response

from gatedrill.contract.service import ServiceProblem


class ProblemKind(Enum):
    """An error code and the HTTP status it comes with.

    The codes are PostgREST's (`PGRST…`), PostgreSQL's (of five characters), or our own (in words).
    """

    BAD_QUERY = ("PGRST100", 400)
    BAD_BODY = ("PGRST102", 400)
    BAD_VALUE = ("22P02", 400)
    BAD_INSTANT = ("22007", 400)
    UNKNOWN_COLUMN = ("42703", 400)
    WRONG_KEY = ("PGRST301", 401)
    NO_KEY = ("PGRST302", 401)
    UNKNOWN_PATH = ("PGRST125", 404)
    UNKNOWN_FUNCTION = ("PGRST202", 404)
    UNKNOWN_TABLE = ("PGRST205", 404)
    WRONG_METHOD = ("PGRST117", 405)
    SLOT_NOT_FOUND = ("SLOT_NOT_FOUND", 404)
    DUPLICATE = ("23505", 409)
    SLOT_FULL = ("SLOT_FULL", 409)
    PAYMENT_FAILED = ("PAYMENT_FAILED", 502)
    PAYMENT_TIMED_OUT = ("PAYMENT_TIMED_OUT", 504)
    UNEXPECTED = ("XX000", 500)

    def __init__(self, code: str, status: int) -> None:
        self.code = code
        self.status = status


class HttpError(Exception):
    """A request that is answered with an error instead of what it asked for."""

    def __init__(self, kind: ProblemKind, message: str, details: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.body = ServiceProblem(kind.code, message, details)

    def response(self, headers: Mapping[str, str] | None = None) -> Response:
        """The answer that tells the client."""
        return json_response(self.body, status=self.kind.status, headers=headers)


def json_response(
    value: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """`value` as JSON."""
    content = msgspec.json.encode(value)
    return Response(content, status, headers, media_type="application/json")
