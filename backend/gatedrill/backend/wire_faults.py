"""Faults on the wire: right decisions that reach nobody, or reach them late."""

import asyncio
from typing import Final

from starlette.responses import HTMLResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gatedrill.contract.service import RPC_PATH, SCAN_FUNCTION

HTML_ANSWER: Final = HTMLResponse("<h1>Internal Server Error</h1>", status_code=500)

_SCAN_PATH: Final = RPC_PATH.format(function=SCAN_FUNCTION)
_SLOWNESS_S: Final = 0.35
_CLOSE: Final = "gatedrill.close"


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
