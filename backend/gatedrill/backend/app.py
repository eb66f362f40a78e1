"""The service's HTTP interface: Supabase's shape, and what the reference backend adds to it."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from gatedrill.backend.bodies import (
    Arguments,
    decode_arguments,
    decode_checkout,
    decode_payment_event,
    decode_verify,
)
from gatedrill.backend.booking_rule import SlotFullError, SlotNotFoundError
from gatedrill.backend.desks import Desks
from gatedrill.backend.late_tickets import sell
from gatedrill.backend.payment import PaymentError, PaymentTimeoutError
from gatedrill.backend.population_body import decode_late_tickets, decode_population
from gatedrill.backend.problems import HttpError, ProblemKind, json_response
from gatedrill.backend.store import Store
from gatedrill.backend.table_query import parse_table_query
from gatedrill.contract.service import (
    ABOUT_PATH,
    CHECKOUT_PATH,
    LATE_TICKETS_PATH,
    POPULATION_PATH,
    QR_KEY_PATH,
    RPC_PATH,
    TABLE_PATH,
    VERIFY_PATH,
    WEBHOOK_PATH,
    About,
    LinkArguments,
    LinkedTicketArguments,
    PaymentEventAnswer,
    RefusedScanArguments,
    ScanArguments,
    SyncArguments,
)


class CheckIn:
    """What each route does."""

    def __init__(self, store: Store, desks: Desks, about: About) -> None:
        self._store = store
        self._desks = desks
        self._about = about

    @property
    def routes(self) -> list[Route]:
        """Every path that is served."""
        return [
            Route(RPC_PATH, self.call_function, methods=["POST"]),
            Route(TABLE_PATH, self.read_table, methods=["GET"]),
            Route(CHECKOUT_PATH, self.check_out, methods=["POST"]),
            Route(WEBHOOK_PATH, self.hear_of_payment, methods=["POST"]),
            Route(VERIFY_PATH, self.verify_signature, methods=["POST"]),
            Route(ABOUT_PATH, self.tell_about, methods=["GET"]),
            Route(QR_KEY_PATH, self.tell_qr_key, methods=["GET"]),
            Route(POPULATION_PATH, self.replace_population, methods=["PUT"]),
            Route(LATE_TICKETS_PATH, self.sell_late_tickets, methods=["POST"]),
        ]

    async def call_function(self, request: Request) -> Response:
        """Call the function that the path names."""
        body = await request.body()
        return await self._call(decode_arguments(request.path_params["function"], body))

    async def _call(self, arguments: Arguments) -> Response:
        match arguments:
            case ScanArguments():
                return json_response([await self._desks.tickets.scan(arguments)])
            case SyncArguments():
                return json_response([await self._desks.uploads.sync(arguments)])
            case RefusedScanArguments():
                return json_response(await self._desks.uploads.record_refusal(arguments))
            case LinkedTicketArguments():
                return json_response(await self._desks.vip.tell_link(arguments))
            case LinkArguments():
                return json_response(await self._desks.vip.link(arguments))
            case _:
                return json_response(await self._desks.vip.scan(arguments))

    async def read_table(self, request: Request) -> Response:
        """Read rows of one table."""
        parameters = request.query_params.multi_items()
        query = parse_table_query(request.path_params["table"], parameters)
        return json_response(await self._store.read(query))

    async def check_out(self, request: Request) -> Response:
        """Book places of a slot."""
        booking = decode_checkout(await request.body())
        return json_response(await self._desks.bookings.check_out(booking))

    async def hear_of_payment(self, request: Request) -> Response:
        """Hear what the payment provider tells."""
        event = decode_payment_event(await request.body())
        if event is not None:
            await self._desks.bookings.confirm(event)
        return json_response(PaymentEventAnswer(received=True))

    async def verify_signature(self, request: Request) -> Response:
        """Tell whether a QR code's signature is valid."""
        asked = decode_verify(await request.body())
        return json_response(await self._desks.signatures.verify(asked))

    async def tell_about(self, _: Request) -> Response:
        """Tell what answers here."""
        return json_response(self._about)

    async def tell_qr_key(self, _: Request) -> Response:
        """Tell what QR codes are signed with."""
        return json_response(await self._desks.signatures.tell_key())

    async def replace_population(self, request: Request) -> Response:
        """Forget everything, then hold what the body says."""
        await self._store.replace_population(decode_population(await request.body()))
        return Response(status_code=204)

    async def sell_late_tickets(self, request: Request) -> Response:
        """Hold the tickets in the body as well."""
        await sell(self._store, decode_late_tickets(await request.body()))
        return Response(status_code=204)


def build_app(check_in: CheckIn) -> Starlette:
    """The application: every answer that has a body is JSON, errors too."""
    # A client that leaves amid its request is listed so that it is not logged as our failure.
    failures = (
        HttpError,
        HTTPException,
        SlotNotFoundError,
        SlotFullError,
        PaymentError,
        ClientDisconnect,
        Exception,
    )
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
        case SlotNotFoundError():
            return HttpError(ProblemKind.SLOT_NOT_FOUND, str(error))
        case SlotFullError():
            return HttpError(ProblemKind.SLOT_FULL, str(error))
        case PaymentTimeoutError():
            return HttpError(ProblemKind.PAYMENT_TIMED_OUT, str(error))
        case PaymentError():
            return HttpError(ProblemKind.PAYMENT_FAILED, str(error))
        case HTTPException(status_code=404):
            return HttpError(ProblemKind.UNKNOWN_PATH, f"nothing is served at {path}")
        case HTTPException(status_code=405):
            return HttpError(ProblemKind.WRONG_METHOD, f"{request.method} is not for {path}")
        case _:
            return HttpError(ProblemKind.UNEXPECTED, "unexpected failure: see the service's log")
