"""Requests written but for their last byte, which one tight loop releases at the instant.

A server cannot act on a request that is not complete. So everything that takes time (connection,
TLS, httpx, the kernel's copying) is done before T; at T a single byte is missing, and letting it go
is one system call. Testers of web security use this last-byte technique for races; here it is an
httpx transport:

    client = httpx.AsyncClient(transport=HoldingTransport(tls))
    hold = Hold()
    asking = asyncio.create_task(client.post(url, extensions={HOLD: hold}, timeout=None))
    await hold.until_parked()
    hold.release()  # at T, from the release loop
    hold.resume()  # when all are released
    response = await asking

How it works: httpcore, below httpx, first reads from the connection when it has written the whole
request. So a stream that always keeps back one byte of what it is given knows at the first read
that the byte in its hand is the last one. It sits below TLS, where it keeps back ciphertext.
"""

import asyncio
import os
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import anyio.abc
import httpcore
import httpx

from gatedrill.devices.tunnel import Uplink, open_tunnel

HOLD = "gatedrill_hold"
"""Name of the request extension that carries a `Hold`."""


class Hold:
    """The last byte of one request."""

    def __init__(self) -> None:
        self._kept = b""
        self._socket: socket.socket | None = None
        self._parked = asyncio.Event()
        self._released = asyncio.Event()

    async def until_parked(self) -> None:
        """Wait until the request is written but for its last byte."""
        await self._parked.wait()

    def release(self) -> None:
        """Send the last byte: one system call, and nothing else.

        A request that is not parked yet goes out whole once it is written: late.
        """
        if self._socket is not None:
            # Each microsecond here comes between the first device and the last, so no context
            # manager, which costs half of one.
            try:
                # A closed socket has no number, whoever has got the one it had.
                os.write(self._socket.fileno(), self._kept)
            except OSError:
                return  # left over, it is sent the long way: see `park`
            self._kept = b""

    def resume(self) -> None:
        """After the release: let the request go on to its answer."""
        self._released.set()

    def keep(self, data: bytes) -> bytes:
        """What may be sent when `data` is to be written next; its last byte stays here."""
        if self._released.is_set():
            ready, self._kept = self._kept + data, b""
        else:
            ready, self._kept = self._kept + data[:-1], data[-1:]
        return ready

    async def park(self, connection: socket.socket) -> bytes:
        """Wait until resumed; returns what is still to be sent, mostly nothing.

        `connection` is where the last byte belongs.
        """
        if self._kept and not self._released.is_set():
            self._socket = connection
            self._parked.set()
            await self._released.wait()
        unsent, self._kept = self._kept, b""
        return unsent


class HoldingTransport(httpx.AsyncHTTPTransport):
    """One HTTP/1.1 connection to one service, without retries, through `uplink` if there is one.

    A request with a `Hold` in its extension `HOLD` waits for the release; any other passes. Open
    the connection with another request first: on a new one the TLS handshake would be held back.
    """

    def __init__(self, tls: ssl.SSLContext, uplink: Uplink | None = None) -> None:
        super().__init__(verify=tls, trust_env=False)
        self._backend = _HoldingBackend(uplink)
        # httpx offers no way to choose httpcore's network backend; httpcore does.
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=1,
            keepalive_expiry=None,
            retries=0,
            socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
            network_backend=self._backend,
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the connection takes the next one when it is answered."""
        self._backend.hold = request.extensions.get(HOLD)
        return await super().handle_async_request(request)


class _HoldingBackend(httpcore.AnyIOBackend):
    """Opens connections that obey `hold`, the hold of the request under way, if any."""

    def __init__(self, uplink: Uplink | None) -> None:
        super().__init__()
        self.hold: Hold | None = None
        self._uplink = uplink

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        via, door = (host, port) if self._uplink is None else (self._uplink.host, self._uplink.port)
        connection = await super().connect_tcp(via, door, timeout, local_address, socket_options)
        if self._uplink is not None:
            await open_tunnel(connection, self._uplink, host, port, timeout)
        # Beneath httpcore's stream, so that its TLS is laid over ours.
        holding = _HoldingStream(connection._stream, lambda: self.hold)  # type: ignore[attr-defined]  # noqa: SLF001
        connection._stream = holding  # type: ignore[attr-defined]  # noqa: SLF001
        return connection


class _HoldingStream(anyio.abc.ByteStream):
    """A connection that keeps back the last byte of what is written before the first read."""

    def __init__(self, connection: anyio.abc.ByteStream, hold: Callable[[], Hold | None]) -> None:
        self._connection = connection
        self._hold = hold

    async def send(self, item: bytes) -> None:
        hold = self._hold()
        ready = item if hold is None else hold.keep(item)
        if ready:
            await self._connection.send(ready)

    async def receive(self, max_bytes: int = 65536) -> bytes:
        hold = self._hold()
        if hold is not None:
            raw = self._connection.extra(anyio.abc.SocketAttribute.raw_socket)  # noqa: S610 - no SQL
            unsent = await hold.park(raw)
            if unsent:
                await self._connection.send(unsent)
        return await self._connection.receive(max_bytes)

    async def send_eof(self) -> None:
        await self._connection.send_eof()

    async def aclose(self) -> None:
        await self._connection.aclose()

    @property
    def extra_attributes(self) -> Mapping[Any, Callable[[], Any]]:
        return self._connection.extra_attributes
