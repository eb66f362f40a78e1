"""An HTTP/1.1 service that answers as a test tells it, and keeps what it was sent, byte by byte."""

import asyncio
import contextlib
import socket
import ssl
import struct
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import h11
import msgspec

from gatedrill.contract.service import ScanRow

ADMITTED = ScanRow(success=True, already_scanned=False, scanned_at="2026-05-01T20:00:00Z")


class Call(NamedTuple):
    """One complete request; `headers` by their names in lowercase."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


Script = Callable[[Call], Awaitable[bytes | None]]
"""What is sent for a call, as it stands; None hangs up."""


def answer(status: int = 200, body: bytes = b"", **headers: str) -> bytes:
    """An answer; an underscore in a header's name stands for a hyphen."""
    head = [f"HTTP/1.1 {status} As Scripted", f"content-length: {len(body)}"]
    head += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*head, "", ""]).encode() + body


def row(scan_row: ScanRow = ADMITTED, **headers: str) -> bytes:
    """An answer of `scan_ticket_atomic`."""
    return answer(200, msgspec.json.encode([scan_row]), **headers)


def always(said: bytes | None) -> Script:
    """The same for every call."""

    async def script(_call: Call) -> bytes | None:
        return said

    return script


async def silent(_call: Call) -> bytes | None:
    """Never an answer."""
    await asyncio.Event().wait()
    return None


class Tls(NamedTuple):
    """A service's side and its clients', who alone trust it."""

    server: ssl.SSLContext
    client: ssl.SSLContext


def make_tls(openssl: str, folder: Path) -> Tls:
    """Make a certificate for 127.0.0.1 with the program at `openssl`."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    request = "req -x509 -nodes -days 1 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1"
    names = "-subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    files = ["-keyout", str(key), "-out", str(certificate)]
    command = [openssl, *request.split(), *names.split(), *files]
    subprocess.run(command, check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    return Tls(server, ssl.create_default_context(cafile=str(certificate)))


class Recorder:
    """Everything that came over each connection, in the order in which they were opened."""

    def __init__(self) -> None:
        self.received: list[bytearray] = []
        self.changed = asyncio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what more bytes, connections or calls bring about."""
        while not condition():
            self.changed.clear()
            await self.changed.wait()


class ScriptedService(Recorder):
    """Listens on a free port of loopback while `scripted_service` runs it."""

    def __init__(self) -> None:
        super().__init__()
        self.url = ""
        self.port = 0
        self.script: Script = always(row())
        self.calls: list[Call] = []
        self.open: set[asyncio.StreamWriter] = set()
        self._conversations: set[asyncio.Task[None]] = set()

    @property
    def scans(self) -> list[Call]:
        """The calls that were no warming up."""
        return [call for call in self.calls if call.method == "POST"]

    def hang_up(self, *, reset: bool = False) -> None:
        """End every connection, with a reset instead of a farewell if so wished."""
        for writer in tuple(self.open):
            if reset:
                # Zero seconds of lingering make the kernel send a reset.
                raw: socket.socket = writer.get_extra_info("socket")
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._conversations.add(task)
        self.open.add(writer)
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await self._serve(reader, writer)
        self.open.discard(writer)
        self.changed.set()
        writer.close()
        with contextlib.suppress(OSError, asyncio.CancelledError):
            await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received = bytearray()
        self.received.append(received)
        parser = _Parser()
        while data := await reader.read(65536):
            received += data
            call = parser.feed(data)
            if call is not None:
                self.calls.append(call)
            self.changed.set()
            if call is not None:
                said = await self.script(call)
                if said is None:
                    return
                writer.write(said)

    async def stop(self) -> None:
        for task in self._conversations:
            task.cancel()
        if self._conversations:
            await asyncio.wait(self._conversations)


class _Parser:
    """Makes calls of bytes; requests of one connection come one after the other."""

    def __init__(self) -> None:
        self._wire = h11.Connection(h11.SERVER)
        self._request: h11.Request | None = None
        self._body = b""

    def feed(self, data: bytes) -> Call | None:
        self._wire.receive_data(data)
        while (event := self._wire.next_event()) is not h11.NEED_DATA:
            if isinstance(event, h11.Request):
                self._request = event
            elif isinstance(event, h11.Data):
                self._body += event.data
            elif isinstance(event, h11.EndOfMessage):
                return self._complete()
        return None

    def _complete(self) -> Call:
        assert self._request is not None
        headers = {name.decode(): value.decode() for name, value in self._request.headers}
        call = Call(
            self._request.method.decode(), self._request.target.decode(), headers, self._body
        )
        self.__init__()  # type: ignore[misc]
        return call


@asynccontextmanager
async def scripted_service(tls: ssl.SSLContext | None = None) -> AsyncIterator[ScriptedService]:
    """Run a service while the body runs; with `tls` it speaks HTTPS."""
    service = ScriptedService()
    server = await asyncio.start_server(service.converse, "127.0.0.1", 0, ssl=tls)
    service.port = server.sockets[0].getsockname()[1]
    service.url = f"{'https' if tls else 'http'}://127.0.0.1:{service.port}"
    async with server:
        try:
            yield service
        finally:
            await service.stop()


@asynccontextmanager
async def recording_relay(port: int) -> AsyncIterator[tuple[int, Recorder]]:
    """Pass everything on to `port`; yields the relay's own port and what clients sent through."""
    recorder = Recorder()
    relays: set[asyncio.Task[None] | None] = set()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        relays.add(asyncio.current_task())
        received = bytearray()
        recorder.received.append(received)
        there, beyond = await asyncio.open_connection("127.0.0.1", port)

        def note(data: bytes) -> None:
            received.extend(data)
            recorder.changed.set()

        await asyncio.gather(_copy(reader, beyond, note), _copy(there, writer, lambda _data: None))

    async with await asyncio.start_server(relay, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], recorder
        await asyncio.gather(*filter(None, relays))


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, note: Callable[[bytes], None]
) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            note(data)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
