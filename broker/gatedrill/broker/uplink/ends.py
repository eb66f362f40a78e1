"""The two connections of a tunnel, as asyncio sees them."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import cast

_NO_LINGERING = struct.pack("ii", 1, 0)


class End(asyncio.Protocol):
    """One connection: hands over what comes in, and asks the other one to wait when it must.

    `came` is given every piece, and an empty one at the end of what the other side sends; `lost` is
    called when the connection is gone.
    """

    def __init__(self, came: Callable[[bytes], None], lost: Callable[[], None]) -> None:
        self._came = came
        self._lost = lost
        self._transport: asyncio.Transport | None = None
        self.other: End | None = None
        self.has_ended = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        connection: socket.socket = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        self._came(data)

    def eof_received(self) -> bool:
        self.has_ended = True
        self._came(b"")
        return True  # the other direction stays open

    def connection_lost(self, _error: Exception | None) -> None:
        self._transport = None
        self._lost()

    def pause_writing(self) -> None:
        if self.other is not None:
            self.other.wait()

    def resume_writing(self) -> None:
        if self.other is not None:
            self.other.go_on()

    def send(self, data: bytes) -> None:
        """Write a piece; an empty one is the end of what is written."""
        if self._transport is None or self._transport.is_closing():
            return
        if data:
            self._transport.write(data)
        else:
            # The other side may have gone without a word.
            with contextlib.suppress(OSError):
                self._transport.write_eof()

    def wait(self) -> None:
        """Read no more until `go_on`."""
        if self._transport is not None:
            self._transport.pause_reading()

    def go_on(self) -> None:
        """Read again."""
        if self._transport is not None:
            self._transport.resume_reading()

    def close(self) -> None:
        """Close the connection when all is written."""
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        """Break the connection off, so that the other side sees a reset and no farewell."""
        if self._transport is None:
            return
        connection: socket.socket = self._transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
        self._transport.abort()
