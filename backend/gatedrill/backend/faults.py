"""Faults that can be planted on purpose, to see whether a rehearsal finds them."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Final

from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gatedrill.backend.rules import judge_scan
from gatedrill.backend.sqlite_store import SqliteStore
from gatedrill.contract.errors import UsageError
from gatedrill.contract.service import RPC_PATH, SCAN_FUNCTION, ScanArguments, ScanRow

_SCAN_PATH: Final = RPC_PATH.format(function=SCAN_FUNCTION)
_REST_S: Final = 0.02
_SLOWNESS_S: Final = 0.35
_CLOSE: Final = "gatedrill.close"
_HTML_ANSWER: Final = HTMLResponse("<h1>Internal Server Error</h1>", status_code=500)


def _as_it_is(app: ASGIApp) -> ASGIApp:
    return app


@dataclass(frozen=True)
class Parts:
    """What the service is built from, honest by default: the places where a fault can sit.

    `store` keeps the tickets, `wrap` is put around the application, `protocol` speaks HTTP on one
    connection.
    """

    store: type[SqliteStore] = SqliteStore
    wrap: Callable[[ASGIApp], ASGIApp] = _as_it_is
    protocol: type[asyncio.Protocol] = HttpToolsProtocol


@dataclass(frozen=True)
class Fault:
    """A planted fault: what it does, and the parts that do it."""

    name: str
    meaning: str
    parts: Parts


class ReadThenUpdateStore(SqliteStore):
    """Reads the ticket in one step and writes it in another, with no transaction around both.

    Between them it rests 20 ms, so that scans need not come within the same microseconds to meet.
    """

    success_guard: ClassVar[str] = "DROP INDEX IF EXISTS one_success_a_ticket"

    async def scan(self, arguments: ScanArguments, scanned_at: str) -> ScanRow:
        """Do one scan, wrongly."""
        ticket = await self._ticket(arguments.p_ticket_id)
        ruling = judge_scan(ticket, arguments, scanned_at)
        await asyncio.sleep(_REST_S)
        await self._record(ruling, arguments, scanned_at)
        return ruling.answer


def _is_scan(scope: Scope) -> bool:
    return bool(scope["path"] == _SCAN_PATH)


class SlowScans:
    """Does every scan at once and holds the answer back."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def slow_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                await asyncio.sleep(_SLOWNESS_S)
            await send(message)

        await self._app(scope, receive, slow_send if _is_scan(scope) else send)


class EveryThirdScan:
    """Gives every third scan to `instead`; it is neither done nor logged."""

    def __init__(self, app: ASGIApp, instead: ASGIApp) -> None:
        self._app = app
        self._instead = instead
        self._scans = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        self._scans += _is_scan(scope)
        third = _is_scan(scope) and self._scans % 3 == 0
        await (self._instead if third else self._app)(scope, receive, send)


class ClosableProtocol(HttpToolsProtocol):
    """Puts the closing of its connection within the application's reach, as an ASGI extension."""

    def on_message_begin(self) -> None:
        """Begin one request."""
        super().on_message_begin()
        self.scope["extensions"] = {_CLOSE: {"close": self.transport.close}}


async def close_connection(scope: Scope, receive: Receive, _: Send) -> None:
    """Close the connection and answer nothing."""
    scope["extensions"][_CLOSE]["close"]()
    while (await receive())["type"] != "http.disconnect":
        pass


FAULTS: Final = (
    Fault(
        "read-then-update",
        "a scan reads the ticket and writes it 20 ms later, with no transaction around both and no "
        "unique index on the log: scans at the same instant are all admitted",
        Parts(store=ReadThenUpdateStore),
    ),
    Fault(
        "slow-350ms",
        "every scan is done at once and answered 350 ms later",
        Parts(wrap=SlowScans),
    ),
    Fault(
        "html-500",
        "every third scan is not done and is answered with status 500 and a page of HTML",
        Parts(wrap=partial(EveryThirdScan, instead=_HTML_ANSWER)),
    ),
    Fault(
        "drops-connections",
        "every third scan is not done, and its connection is closed without an answer",
        Parts(wrap=partial(EveryThirdScan, instead=close_connection), protocol=ClosableProtocol),
    ),
)
"""Every fault there is."""


def parts_for(fault: str | None) -> Parts:
    """The parts of the service with `fault`, or of the honest one; UsageError if there is none."""
    if fault is None:
        return Parts()
    for each in FAULTS:
        if each.name == fault:
            return each.parts
    raise UsageError(
        f"there is no fault {fault!r}: choose from {', '.join(each.name for each in FAULTS)}"
    )
