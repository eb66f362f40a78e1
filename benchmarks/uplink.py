"""What the uplink adds to a round trip: a device asks directly and through it, by turns.

The service answers at once and does nothing else. It, the uplink and the device have a process
each, as at a venue.
"""

import argparse
import asyncio
import multiprocessing
import os
import platform
import socket
import ssl
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from gatedrill.broker.clock import MonotonicClock
from gatedrill.broker.uplink.serve import serve
from gatedrill.contract.attempt import AskKind
from gatedrill.devices.connection import ServiceAnswer, ServiceConnection, ServiceRequest
from gatedrill.devices.tunnel import Uplink

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n[]"
SCAN = ServiceRequest(AskKind.SCAN, "/rest/v1/rpc/scan_ticket_atomic", b'{"p_ticket_id": "T-1"}')
WARM_UP = 200
PERCENTS = (5, 50, 95, 99)


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scans", type=int, default=5000, help="questions asked each way")
    scans = parser.parse_args().scans
    print(f"{platform.platform()}, {platform.machine()}, {os.cpu_count()} cores")
    print(f"{scans} questions each way, microseconds from sent to answered\n")
    service_port = started(serve_nothing)
    service = f"http://127.0.0.1:{service_port}"
    uplink_port = started(lead_to, service)
    taken = asyncio.run(measure(service, uplink_port, scans))
    print(f"{'way':10}" + "".join(f"{f'p{percent}':>8}" for percent in PERCENTS))
    for way, times_us in taken.items():
        cuts = statistics.quantiles(times_us, n=100)
        print(f"{way:10}" + "".join(f"{cuts[percent - 1]:8.0f}" for percent in PERCENTS))


def started(serving: Callable[..., None], *arguments: object) -> int:
    """The port of what serves in a process of its own, which ends with ours."""
    ours, theirs = multiprocessing.Pipe()
    multiprocessing.Process(target=serving, args=(*arguments, theirs), daemon=True).start()
    port: int = ours.recv()
    return port


def serve_nothing(told: Connection) -> None:
    """Answer whatever comes, one connection in one thread."""

    class Service(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.write = transport.write  # type: ignore[attr-defined]

        def data_received(self, data: bytes) -> None:
            if data.endswith(b"}"):
                self.write(ANSWER)

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(Service, "127.0.0.1", 0)
        told.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(run())


def lead_to(service: str, told: Connection) -> None:
    """Be an uplink to the service."""

    def ready(url: str) -> None:
        told.send(int(url.rpartition(":")[2]))

    asyncio.run(serve(target=service, key="unused", ready=ready, stop=asyncio.Event()))


async def measure(service: str, uplink_port: int, scans: int) -> dict[str, list[float]]:
    """How long each question took, in microseconds, by the way it went."""
    clock, tls = MonotonicClock(), ssl.create_default_context()
    ways = {"directly": None, "uplink": Uplink("127.0.0.1", uplink_port, "gate-01")}
    devices = {
        way: ServiceConnection(
            service,
            "key",
            clock=clock,
            tls=tls,
            timeout_s=5,
            uplink=uplink,
        )
        for way, uplink in ways.items()
    }
    taken: dict[str, list[float]] = {way: [] for way in ways}
    for number in range(WARM_UP + scans):
        for way, device in devices.items():
            started_ns = time.perf_counter_ns()
            got = await device.send(SCAN, as_it_is)
            assert got.http_status == 200
            if number >= WARM_UP:
                taken[way].append((time.perf_counter_ns() - started_ns) / 1e3)
    for device in devices.values():
        await device.close()
    return taken


def as_it_is(answer: ServiceAnswer) -> ServiceAnswer:
    """No adapter's work is measured."""
    return answer


if __name__ == "__main__":
    main()
