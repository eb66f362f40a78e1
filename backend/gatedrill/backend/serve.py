"""The service as a running thing: its socket, its file, its life from ready to stopped."""

import asyncio
import errno
import logging
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    nullcontext,
)
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gatedrill.backend.app import CheckIn, build_app
from gatedrill.backend.faults import parts_for
from gatedrill.backend.key import RequireKey
from gatedrill.backend.sqlite_store import SqliteStore
from gatedrill.backend.stamps import Stamps
from gatedrill.backend.store import Store
from gatedrill.backend.table_query import parse_table_query
from gatedrill.contract.errors import UsageError
from gatedrill.contract.service import SERVICE_NAME, TICKETS_TABLE, About

if TYPE_CHECKING:
    from gatedrill.backend.postgres_store import PostgresStore

logger = logging.getLogger(__name__)

_LAST_PORT: Final = 65535
_KEEP_ALIVE_S: Final = 300
"""A device warms its connection up and waits for the instant of a burst: never cut it meanwhile."""
_BEAT_S: Final = 2.0
_ONE_TICKET: Final = parse_table_query(TICKETS_TABLE, [("select", "id"), ("limit", "1")])
_FINISH_S: Final = 1
"""How long requests under way may take to finish when the service stops."""


async def serve(
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    key: str,
    database: Path | None,
    store_url: str | None = None,
    store_wait_s: float = 0.0,
    fault: str | None,
    ready: Callable[[str], None],
    stop: asyncio.Event,
    beat: Callable[[], None] | None = None,
) -> None:
    """Serve until `stop` is set or the task is cancelled; ended at most 2 s later.

    `port` 0 takes a free one; `key` is what clients must show; `database` None keeps the records in
    a temporary file that goes with the service; `store_url` (`postgresql://user:password@host:port/
    database`) keeps them in PostgreSQL instead, which may take up to `store_wait_s` to be there;
    `fault` names one of `faults.FAULTS`. `ready` is called with the service's URL as soon as it
    accepts connections. `beat`, if given, is called again and again as long as records can be read;
    nothing is read for it otherwise.

    Raises UsageError when the port is taken, the address, the file or the URL cannot be used, the
    key is empty, or there is no such fault; PeerError when PostgreSQL does not let us in.
    """
    if not key.strip():
        raise UsageError("the check-in service's key is empty: give one that clients must show")
    parts = parts_for(fault)
    about = About(SERVICE_NAME, version("gatedrill"), fault)
    with _listening(host, port) as listener:
        if store_url is not None and store_wait_s:
            await _wait_for_postgres(store_url, store_wait_s, stop)
            if stop.is_set():
                return
        async with _open_store(database, store_url, guarded=parts.guarded) as store:
            check_in = CheckIn(store, parts.desks.over(store), about)
            app = Stamps(RequireKey(parts.wrap(build_app(check_in)), key))
            server = _Server(_config(app, parts.protocol), lambda: ready(_url(listener)), stop)
            async with _beating(store, beat):
                await server.serve([listener])


@asynccontextmanager
async def _beating(store: Store, beat: Callable[[], None] | None) -> AsyncIterator[None]:
    """Show signs of life while the body runs, if anybody wants to see them."""
    beating = None if beat is None else asyncio.create_task(_beat_on(store, beat))
    try:
        yield
    finally:
        if beating is not None:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)


async def _beat_on(store: Store, beat: Callable[[], None]) -> None:
    while True:
        try:
            await store.read(_ONE_TICKET)
        except Exception as error:
            logger.warning("the records cannot be read: %s", error)
        else:
            beat()
        await asyncio.sleep(_BEAT_S)


class _Server(uvicorn.Server):
    """uvicorn's server, begun and ended by its caller instead of by signals and polling."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], stop: asyncio.Event
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stop = stop

    def capture_signals(self) -> AbstractContextManager[None]:  # type: ignore[override]
        return nullcontext()

    async def main_loop(self) -> None:
        try:
            self._ready()
            await self._stop.wait()
        except BaseException:
            await self.shutdown()
            raise

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in self.server_state.connections:
            if isinstance(connection, HttpToolsProtocol) and _is_half_asked(connection):
                connection.transport.close()
        await super().shutdown(sockets)


def _is_half_asked(connection: HttpToolsProtocol) -> bool:
    """Whether a request is not complete: nobody waits for its answer, the rest may never come."""
    return connection.cycle is not None and connection.cycle.more_body


def _config(app: ASGIApp, protocol: type[asyncio.Protocol]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_FINISH_S,
    )


@contextmanager
def _listening(host: str, port: int) -> Iterator[socket.socket]:
    if not 0 <= port <= _LAST_PORT:
        raise UsageError(
            f"there is no port {port}: choose one up to {_LAST_PORT}, 0 for a free one"
        )
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        raise UsageError(_why_not(host, port, error)) from error
    with listener:
        # Linux hands this down to every connection; asyncio itself sets it only on sockets that
        # were made with an explicit protocol. Without it an answer's body may wait for an ACK.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listener


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken: choose another with --port, or 0 for a free one"
    return f"cannot listen on {host} port {port}: {error.strerror}"


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@asynccontextmanager
async def _open_store(
    database: Path | None, store_url: str | None, *, guarded: bool
) -> AsyncIterator[Store]:
    if store_url is None:
        with _database_file(database) as file:
            async with SqliteStore.open(file, guarded=guarded) as store:
                yield store
    elif database is None:
        async with _postgres_store().open(store_url, guarded=guarded) as store:
            yield store
    else:
        raise UsageError("the records go into a file or to a URL, not both: give one of them")


def _postgres_store() -> "type[PostgresStore]":
    with _postgres_needed():
        from gatedrill.backend.postgres_store import PostgresStore  # noqa: PLC0415
    return PostgresStore


async def _wait_for_postgres(url: str, wait_s: float, stop: asyncio.Event) -> None:
    with _postgres_needed():
        from gatedrill.backend.postgres_wait import wait_for_postgres  # noqa: PLC0415
    await wait_for_postgres(url, wait_s, stop)


@contextmanager
def _postgres_needed() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise UsageError(
            f"PostgreSQL needs the package {error.name}: pip install 'gatedrill[postgres]'"
        ) from error


@contextmanager
def _database_file(database: Path | None) -> Iterator[Path]:
    if database is not None:
        yield database
        return
    with tempfile.TemporaryDirectory(prefix="gatedrill-") as folder:
        yield Path(folder) / "check-in.sqlite3"
