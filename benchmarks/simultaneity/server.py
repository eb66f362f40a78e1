"""A check-in service that admits everybody, and knows when the kernel received each request.

Its own clock would flatter a burst: busy with one request, it finds the next ones waiting. So a
POST counts from the receive timestamp of the segment that completed it, which the kernel sets
before this process is even woken.

    GET  /bench/reset         forget what has arrived
    GET  /bench/arrivals      JSON array: nanoseconds since the epoch, one for each complete POST
    GET  /bench/together/N    is answered when N of these are waiting: N connections are open then
    GET  anything else        is answered at once
    POST anything             is recorded, and answered with an admission after the service time

It listens on loopback, says `ready URL` and ends when its standard input is closed.
"""

import argparse
import contextlib
import json
import select
import socket
import struct
import sys
import time
from collections import deque
from typing import NamedTuple

SO_TIMESTAMPNS = 35  # Linux; the socket module does not export it
ADMISSION = b'[{"success":true,"already_scanned":false}]'

_TIMESPEC = struct.Struct("ll")
_STAMP_SPACE = socket.CMSG_SPACE(_TIMESPEC.size)
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"


class Request(NamedTuple):
    """A complete HTTP request; nobody here cares what is in its body."""

    method: bytes
    path: bytes


class Due(NamedTuple):
    """An admission that is to be sent later."""

    at_s: float
    connection: socket.socket


def main() -> None:
    """Serve until standard input ends."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--service-ms", type=float, default=0.0, help="time to think (default 0)")
    service_s = parser.parse_args().service_ms / 1000
    with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
        # Connections inherit it, so that not even the first byte of one goes without a stamp.
        listener.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        listener.setblocking(False)  # noqa: FBT003 - the socket's own signature
        print(f"ready http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
        Server(listener, service_s).serve_until_end_of(sys.stdin.fileno())


class Server:
    """One thread and one epoll: it takes what has arrived, in whatever order it learns of it."""

    def __init__(self, listener: socket.socket, service_s: float) -> None:
        self._listener = listener
        self._service_s = service_s
        self._poll = select.epoll()
        self._open: dict[int, tuple[socket.socket, bytearray]] = {}
        self._arrivals_ns: list[int] = []
        self._waiting: list[socket.socket] = []
        self._due: deque[Due] = deque()

    def serve_until_end_of(self, leash: int) -> None:
        """Serve until the file `leash` ends."""
        for file in (self._listener.fileno(), leash):
            self._poll.register(file, select.EPOLLIN)
        try:
            while True:
                for file, _ in self._poll.poll(self._until_due_s()):
                    if file == leash:
                        return
                    self._attend(file)
                self._send_due()
        finally:
            self._poll.close()
            for connection, _ in self._open.values():
                connection.close()

    def _attend(self, file: int) -> None:
        if file == self._listener.fileno():
            self._accept()
        elif file in self._open:
            try:
                self._receive(*self._open[file])
            except OSError:
                self._close(file)

    def _accept(self) -> None:
        with contextlib.suppress(BlockingIOError):
            connection, _ = self._listener.accept()
            connection.setblocking(False)  # noqa: FBT003 - the socket's own signature
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._open[connection.fileno()] = connection, bytearray()
            self._poll.register(connection.fileno(), select.EPOLLIN)

    def _receive(self, connection: socket.socket, buffer: bytearray) -> None:
        data, control, _, _ = connection.recvmsg(65536, _STAMP_SPACE)
        if not data:
            self._close(connection.fileno())
            return
        buffer += data
        while request := take_request(buffer):
            if request.method == b"POST":
                self._admit(connection, received_ns(control))
            else:
                self._control(connection, request.path)

    def _admit(self, connection: socket.socket, arrived_ns: int) -> None:
        self._arrivals_ns.append(arrived_ns)
        if self._service_s:
            self._due.append(Due(time.monotonic() + self._service_s, connection))
        else:
            connection.sendall(answer(ADMISSION))

    def _control(self, connection: socket.socket, path: bytes) -> None:
        if path.startswith(b"/bench/together/"):
            self._wait_together(connection, int(path.rpartition(b"/")[2]))
            return
        if path == b"/bench/reset":
            self._arrivals_ns.clear()
        body = json.dumps(self._arrivals_ns if path == b"/bench/arrivals" else []).encode()
        send_whole(connection, answer(body))

    def _wait_together(self, connection: socket.socket, count: int) -> None:
        self._waiting.append(connection)
        if len(self._waiting) >= count:
            for each in self._waiting:
                each.sendall(answer(b"[]"))
            self._waiting.clear()

    def _until_due_s(self) -> float | None:
        return max(0.0, self._due[0].at_s - time.monotonic()) if self._due else None

    def _send_due(self) -> None:
        while self._due and self._due[0].at_s <= time.monotonic():
            with contextlib.suppress(OSError):  # gone before it was answered
                self._due.popleft().connection.sendall(answer(ADMISSION))

    def _close(self, file: int) -> None:
        connection, _ = self._open.pop(file)
        connection.close()  # which takes it out of the epoll too
        self._waiting = [each for each in self._waiting if each is not connection]


def take_request(buffer: bytearray) -> Request | None:
    """Take the first request out of `buffer`; None while it is not complete."""
    head_end = buffer.find(_HEAD_END)
    if head_end < 0:
        return None
    head = bytes(buffer[:head_end])
    end = head_end + len(_HEAD_END) + content_length(head)
    if len(buffer) < end:
        return None
    del buffer[:end]
    method, path, _ = head.split(b" ", 2)
    return Request(method, path)


def content_length(head: bytes) -> int:
    """How many bytes of body follow; 0 where nothing is said (nobody here sends in chunks)."""
    _, found, rest = head.lower().partition(_LENGTH)
    return int(rest.partition(b"\r\n")[0]) if found else 0


def received_ns(control: list[tuple[int, int, bytes]]) -> int:
    """The kernel's stamp of the last segment that was read, in nanoseconds since the epoch.

    Raises RuntimeError where the kernel gave none: a substitute would be measured in its place.
    """
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = _TIMESPEC.unpack(data)
            return int(seconds * 1_000_000_000 + nanoseconds)
    raise RuntimeError("the kernel gave no receive timestamp: this benchmark needs Linux")


def answer(body: bytes) -> bytes:
    """An HTTP answer with a JSON body."""
    head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}"
    return head.encode() + _HEAD_END + body


def send_whole(connection: socket.socket, data: bytes) -> None:
    """Send what may be more than the socket takes at once."""
    connection.settimeout(5)
    connection.sendall(data)
    connection.settimeout(0)


if __name__ == "__main__":
    main()
