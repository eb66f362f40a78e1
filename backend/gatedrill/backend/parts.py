"""What the service is built from, and where a planted fault can sit."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gatedrill.backend.desks import DeskTypes


def _as_it_is(app: ASGIApp) -> ASGIApp:
    return app


@dataclass(frozen=True)
class Parts:
    """The parts of a service, honest by default.

    `desks` decide and write, `guarded` says whether unique indexes watch the logs, `wrap` is put
    around the application, `protocol` speaks HTTP on one connection.
    """

    desks: DeskTypes = field(default_factory=DeskTypes)
    guarded: bool = True
    wrap: Callable[[ASGIApp], ASGIApp] = _as_it_is
    protocol: type[asyncio.Protocol] = HttpToolsProtocol
