"""Whose code a profile's time is counted for."""

import cProfile
import select
import socket

import msgspec
import pytest
from benchmarks.simultaneity.costs import SOCKETS, WAITING, Costs, kernel_part, library_of, shares
from benchmarks.simultaneity.throughput import parts


@pytest.mark.parametrize(
    ("file", "library"),
    [
        ("/venv/lib/python3.11/site-packages/httpx/_client.py", "httpx"),
        ("/venv/lib/python3.11/site-packages/anyio/streams/tls.py", "anyio"),
        ("/src/devices/gatedrill/devices/lane.py", "gatedrill"),
        ("/usr/lib/python3.11/asyncio/events.py", "asyncio"),
        ("<frozen importlib._bootstrap_external>", "imports"),
        ("/usr/lib/python3.11/uuid.py", "standard library"),
    ],
)
def test_a_file_belongs_to_a_library(file: str, library: str) -> None:
    assert library_of(file) == library


def test_what_is_written_in_c_counts_for_its_caller_but_for_sockets_and_waiting() -> None:
    near, far = socket.socketpair()

    def work() -> None:
        near.send(b"x")
        poll.register(far.fileno(), select.EPOLLIN)
        poll.poll(0.01)
        msgspec.json.encode([0] * 1000)

    with near, far, select.epoll() as poll, cProfile.Profile() as profile:
        work()
    found = shares(profile)
    assert SOCKETS in found
    assert WAITING not in found
    assert "msgspec" not in found
    assert sum(found.values()) == pytest.approx(1)


def test_a_function_of_no_socket_does_not_wait_for_the_kernel() -> None:
    assert kernel_part("<built-in method builtins.len>") is None


def test_shares_of_the_event_loop_are_of_all_that_the_processor_did() -> None:
    costs = Costs(100, 1.0, 2.0, 1.5, {"httpx": 0.6, "asyncio": 0.395, "msgspec": 0.005})
    assert list(parts(costs)) == [
        ["worker threads: rendering and decoding", "25%"],
        ["event loop: httpx", "45%"],
        ["event loop: asyncio", "30%"],
    ]
