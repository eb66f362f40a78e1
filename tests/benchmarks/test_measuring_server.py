"""What the measuring server stamps, and what it answers."""

import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
from benchmarks.simultaneity.contestants.raw import request, take_answer
from benchmarks.simultaneity.server import Request, content_length, received_ns, take_request
from benchmarks.simultaneity.service import Service, serving
from checkout import CHECKOUT
from hypothesis import given
from hypothesis import strategies as st

from gatedrill.broker.clock import MonotonicClock
from gatedrill.contract.outcome import OutcomeKind
from gatedrill.devices.checkin import Ticket
from gatedrill.devices.connection import ServiceConnection
from gatedrill.devices.supabase_checkin import SupabaseCheckIn

SCAN = request("benchmark")


@contextmanager
def connected(service: Service) -> Iterator[socket.socket]:
    """A connection to it."""
    target = urlsplit(service.url)
    with socket.create_connection((target.hostname, target.port), timeout=10) as connection:
        yield connection


def test_a_request_arrives_with_its_last_byte_and_not_before(service: Service) -> None:
    with connected(service) as connection:
        connection.sendall(SCAN[:-1])
        assert service.arrivals_ns() == []
        before_ns = time.time_ns()
        connection.sendall(SCAN[-1:])
        take_answer(connection)
        after_ns = time.time_ns()
    (arrived_ns,) = service.arrivals_ns()
    assert before_ns <= arrived_ns <= after_ns


def test_the_spread_of_two_requests_is_what_their_sender_knows(service: Service) -> None:
    with connected(service) as first, connected(service) as second:
        began_ns = time.time_ns()
        first.sendall(SCAN)
        take_answer(first)
        between_ns = time.time_ns()
        time.sleep(0.05)
        resumed_ns = time.time_ns()
        second.sendall(SCAN)
        take_answer(second)
        ended_ns = time.time_ns()
    earlier, later = service.arrivals_ns()
    assert resumed_ns - between_ns <= later - earlier <= ended_ns - began_ns


def test_a_server_that_reads_late_stamps_no_later(service: Service) -> None:
    with connected(service) as first, connected(service) as second:
        for connection in (first, second):  # accepted, and waited for no longer
            connection.sendall(SCAN)
            take_answer(connection)
        service.reset()
        os.kill(service.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, service.pid, os.WSTOPPED)
        try:
            sent_ns = []
            for connection in (first, second):
                connection.sendall(SCAN)
                sent_ns.append(time.time_ns())
        finally:
            os.kill(service.pid, signal.SIGCONT)
        take_answer(first)
        take_answer(second)
    arrived_ns = service.arrivals_ns()
    assert all(arrived <= sent for arrived, sent in zip(arrived_ns, sent_ns, strict=True))
    assert sent_ns[0] <= arrived_ns[1]


def test_reads_are_answered_and_not_counted(service: Service) -> None:
    with connected(service) as connection:
        connection.sendall(b"GET /rest/v1/tickets?limit=1 HTTP/1.1\r\nhost: benchmark\r\n\r\n")
        take_answer(connection)
    assert service.arrivals_ns() == []


def test_a_reset_forgets_what_has_arrived(service: Service) -> None:
    with connected(service) as connection:
        connection.sendall(SCAN)
        take_answer(connection)
        assert len(service.arrivals_ns()) == 1
        service.reset()
        assert service.arrivals_ns() == []
        connection.sendall(SCAN)
        take_answer(connection)
    assert len(service.arrivals_ns()) == 1


def test_together_answers_nobody_before_all_are_there(service: Service) -> None:
    together = b"GET /bench/together/2 HTTP/1.1\r\nhost: benchmark\r\n\r\n"
    with connected(service) as first, connected(service) as second:
        first.sendall(together)
        service.reset()  # a round trip: it has had the time to answer
        first.setblocking(False)
        with pytest.raises(BlockingIOError):
            first.recv(1)
        first.settimeout(10)
        second.sendall(together)
        take_answer(first)
        take_answer(second)


def test_with_a_service_time_the_answer_comes_later_but_not_the_stamp() -> None:
    with serving(service_ms=30) as service, connected(service) as connection:
        connection.sendall(SCAN)
        sent_ns = time.time_ns()
        take_answer(connection)
        answered_ns = time.time_ns()
        (arrived_ns,) = service.arrivals_ns()
    assert arrived_ns <= sent_ns
    assert answered_ns >= arrived_ns + 30_000_000


async def test_a_check_in_adapter_takes_its_answer_for_an_admission(service: Service) -> None:
    connection = ServiceConnection(
        service.url,
        "benchmark",
        clock=MonotonicClock(),
        tls=ssl.create_default_context(),
        timeout_s=10,
    )
    checkin = SupabaseCheckIn(connection, device="gate-01", scanned_by="test", event_id="test")
    try:
        await checkin.warm()
        reply = await checkin.ask(Ticket("A"))
    finally:
        await checkin.close()
    assert reply.outcome.kind is OutcomeKind.ADMITTED
    assert len(service.arrivals_ns()) == 1


def test_a_connection_that_breaks_off_harms_nobody(service: Service) -> None:
    with connected(service) as connection:
        connection.sendall(SCAN[:-1])
    with connected(service) as connection:
        connection.sendall(SCAN)
        take_answer(connection)
    assert len(service.arrivals_ns()) == 1


def test_it_ends_with_its_standard_input() -> None:
    command = [sys.executable, "-m", "benchmarks.simultaneity.server"]
    ended = subprocess.run(
        command,
        cwd=CHECKOUT,
        input=b"",
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0
    assert ended.stdout.startswith(b"ready http://127.0.0.1:")


@given(cuts=st.lists(st.integers(1, 2 * len(SCAN) - 1), max_size=5))
def test_requests_are_found_however_they_are_cut(cuts: list[int]) -> None:
    stream, buffer, found = SCAN + SCAN, bytearray(), []
    edges = sorted({0, *cuts, len(stream)})
    for begin, end in pairwise(edges):
        buffer += stream[begin:end]
        while taken := take_request(buffer):
            found.append((taken, end))
    assert [taken for taken, _ in found] == 2 * [Request(b"POST", SCAN.split()[1])]
    assert found[0][1] >= len(SCAN)
    assert not buffer


@pytest.mark.parametrize(
    ("head", "length"),
    [
        (b"POST / HTTP/1.1\r\ncontent-length: 12\r\nhost: x", 12),
        (b"POST / HTTP/1.1\r\nhost: x\r\nContent-Length:7", 7),
        (b"GET / HTTP/1.1\r\nx-content-length: 9", 0),
    ],
)
def test_the_length_of_a_body_is_what_its_head_says(head: bytes, length: int) -> None:
    assert content_length(head) == length


def test_without_a_stamp_of_the_kernel_nothing_takes_its_place() -> None:
    with pytest.raises(RuntimeError, match="no receive timestamp"):
        received_ns([])
