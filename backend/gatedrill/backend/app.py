"""The service's HTTP interface: Supabase's shape, and what the reference backend adds to it."""

from collections.abc import Callable
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from gatedrill.backend.bodies import (
    decode_population,
    decode_scan_arguments,
    unknown_function,
)
from gatedrill.backend.problems import HttpError, ProblemKind, json_response
from gatedrill.backend.store import Store
from gatedrill.backend.table_query import parse_table_query
from gatedrill.contract.service import (
    ABOUT_PATH,
    POPULATION_PATH,
    RPC_PATH,
    SCAN_FUNCTION,
    TABLE_PATH,
    About,
)


def utc_now() -> datetime:
    """The time of day, in UTC."""
    return datetime.now(UTC)


class CheckIn:
    """What each route does. `now` tells the time of day that is written into the records."""

    def __init__(self, store: Store, about: About, now: Callable[[], datetime] = utc_now) -> None:
        self._store = store
        self._about = about
        self._now = now

    @property
    def routes(self) -> list[Route]:
        """Every path that is served."""
        return [
            Route(RPC_PATH, self.call_function, methods=["POST"]),
            Route(TABLE_PATH, self.read_table, methods=["GET"]),
            Route(ABOUT_PATH, self.tell_about, methods=["GET"]),
            Route(POPULATION_PATH, self.replace_population, methods=["PUT"]),
        ]

    async def call_function(self, request: Request) -> Response:
        """Scan one ticket."""
        function = request.path_params["function"]
        if function != SCAN_FUNCTION:
            raise unknown_function(function)
        arguments = decode_scan_arguments(await request.body())
        scanned_at = self._now().isoformat(timespec="microseconds")
        return json_response([await self._store.scan(arguments, scanned_at)])

    async def read_table(self, request: Request) -> Response:
        """Read rows of one table."""
        parameters = request.query_params.multi_items()
        query = parse_table_query(request.path_params["table"], parameters)
        return json_response(await self._store.read(query))

    async def tell_about(self, _: Request) -> Response:
        """Tell what answers here."""
        return json_response(self._about)

    async def replace_population(self, request: Request) -> Response:
        """Forget everything, then hold the tickets of the body."""
        await self._store.replace_population(decode_population(await request.body()))
        return Response(status_code=204)


def build_app(check_in: CheckIn) -> Starlette:
    """The application: every answer that has a body is JSON, errors too."""
    # A client that leaves amid its request is listed so that it is not logged as our failure.
    failures = (HttpError, HTTPException, ClientDisconnect, Exception)
    app = Starlette(
        routes=check_in.routes, exception_handlers=dict.fromkeys(failures, _answer_failure)
    )
    app.router.redirect_slashes = False
    return app


async def _answer_failure(request: Request, error: Exception) -> Response:
    headers = error.headers if isinstance(error, HTTPException) else None
    return _as_http_error(request, error).response(headers)


def _as_http_error(request: Request, error: Exception) -> HttpError:
    path = request.url.path
    match error:
        case HttpError():
            return error
        case HTTPException(status_code=404):
            return HttpError(ProblemKind.UNKNOWN_PATH, f"nothing is served at {path}")
        case HTTPException(status_code=405):
            return HttpError(ProblemKind.WRONG_METHOD, f"{request.method} is not for {path}")
        case _:
            return HttpError(ProblemKind.UNEXPECTED, "unexpected failure: see the service's log")
