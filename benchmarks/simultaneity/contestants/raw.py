"""Raw sockets with the last byte withheld: no HTTP client, no event loop, as tight as it gets."""

import contextlib
import gc
import os
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from benchmarks.simultaneity.lockstep import next_instant_ns
from benchmarks.simultaneity.priority import is_real_time_wanted
from benchmarks.simultaneity.task import HEADERS, PATH, body, read_task

SPIN_NS = 500_000


def main() -> None:
    """Park all requests, let their last bytes go at the instant, take the answers."""
    task = read_task()
    target = urlsplit(task.url)
    assert target.hostname is not None
    assert target.port is not None
    connections = [connected((target.hostname, target.port)) for _ in range(task.lanes)]
    for _ in range(task.rounds):
        requests = [request(target.netloc) for _ in connections]
        for connection, text in zip(connections, requests, strict=True):
            connection.sendall(text[:-1])
        let_go([each.fileno() for each in connections], requests[0][-1:], next_instant_ns())
        for connection in connections:
            take_answer(connection)
        time.sleep(task.pause_s)


def connected(address: tuple[str, int]) -> socket.socket:
    """A connection that has carried a request already."""
    connection = socket.create_connection(address)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.sendall(b"GET /warm HTTP/1.1\r\nhost: benchmark\r\n\r\n")
    take_answer(connection)
    return connection


def request(host: str) -> bytes:
    """A whole scan."""
    content = body()
    fields = {
        "host": host,
        **HEADERS,
        "content-type": "application/json",
        "content-length": str(len(content)),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode() + content


def let_go(files: list[int], last_byte: bytes, at_ns: int) -> None:
    """Write the last byte to every connection, from `at_ns` on."""
    with real_time_if_wanted():
        time.sleep(max(0, at_ns - SPIN_NS - time.monotonic_ns()) / 1e9)
        while time.monotonic_ns() < at_ns:
            pass
        for file in files:
            os.write(file, last_byte)


@contextlib.contextmanager
def real_time_if_wanted() -> Iterator[None]:
    """Above all that is not real-time."""
    gc.disable()
    if is_real_time_wanted():
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    yield
    if is_real_time_wanted():
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    gc.enable()


def take_answer(connection: socket.socket) -> None:
    """The server's answers are small and come in one piece."""
    if b" 200 OK" not in connection.recv(4096):
        raise ConnectionError("the service has not admitted")


if __name__ == "__main__":
    main()
