"""How long after its last byte a serial scanner's code is read, and how long until it is decided.

The scanners are pseudo-terminals of this process, so the wire takes no time: at 9600 baud a UUID
and its CR are on it for 39 ms before. Of several ports, all send a code at the same instant. The
decision is the reference backend's, in a process of its own.
"""

import argparse
import asyncio
import os
import platform
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from importlib.metadata import version
from typing import NamedTuple

import msgspec
from benchmarks.device_cache import EVENT, KEY, populate, quantile

from gatedrill.broker.clock import MonotonicClock
from gatedrill.cli.child import ChildReady
from gatedrill.contract.outcome import OutcomeKind
from gatedrill.devices.checkin import CheckIn, Ticket
from gatedrill.devices.connection import ServiceConnection
from gatedrill.devices.emulation.serial_port import EmulatedScanner, ScannerStyle
from gatedrill.devices.readers.serial_port import SerialReader
from gatedrill.devices.supabase_checkin import SupabaseCheckIn

PORTS = (1, 10)
PERCENTS = (50, 95, 99)
WARM_UP = 20
TIMEOUT_S = 60.0


class Gate(NamedTuple):
    """A scanner, its reader, and whom it asks."""

    scanner: EmulatedScanner
    reader: SerialReader
    checkin: CheckIn


class Latency(NamedTuple):
    """From before the write of a code: until its symbol was there, and until it was decided."""

    read_ms: float
    decided_ms: float


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--codes", type=int, default=2000, help="codes for each number of ports")
    codes = parser.parse_args().codes
    print(f"{platform.platform()}, {platform.machine()}, {os.cpu_count()} cores")
    print(f"Python {platform.python_version()}, pyserial {version('pyserial')}, ", end="")
    print(f"load {os.getloadavg()[0]:.2f}; {codes:,} codes of 36 characters and CR\n")
    print(f"{'ms from the last byte to':28}" + "".join(f"{f'p{each}':>9}" for each in PERCENTS))
    with backend() as url:
        for ports in PORTS:
            print(table(ports, asyncio.run(measure(url, ports, codes))))


async def measure(url: str, ports: int, codes: int) -> list[Latency]:
    """At least so many codes, one on each of so many ports at a time, at a service at `url`."""
    rounds = -(-codes // ports)
    texts = [[str(uuid.uuid4()) for _ in range(ports)] for _ in range(WARM_UP + rounds)]
    await populate(url, [text for each in texts for text in each])
    async with AsyncExitStack() as stack:
        gates = [await stack.enter_async_context(opened_gate(url, n)) for n in range(ports)]
        taken: list[Latency] = []
        for each in texts:
            scans = (scan(gate, text) for gate, text in zip(gates, each, strict=True))
            taken += await asyncio.gather(*scans)
    return taken[WARM_UP * ports :]


async def scan(gate: Gate, text: str) -> Latency:
    """Have one code sent, read and decided."""
    material = gate.scanner.prepare(text, 1)
    sent_ns = time.monotonic_ns()
    gate.scanner.present(material)
    symbol = await gate.reader.read()
    read_ns = time.monotonic_ns()
    reply = await gate.checkin.ask(Ticket(symbol.text))
    decided_ns = time.monotonic_ns()
    assert symbol.text == text
    assert reply.outcome.kind is OutcomeKind.ADMITTED, reply.outcome
    return Latency((read_ns - sent_ns) / 1e6, (decided_ns - sent_ns) / 1e6)


@asynccontextmanager
async def opened_gate(url: str, number: int) -> AsyncIterator[Gate]:
    """A scanner that is plugged in and read, with a connection of its own to the service."""
    clock = MonotonicClock()
    with closing(EmulatedScanner(ScannerStyle.of("cr"))) as scanner:
        reader = SerialReader(scanner.port, clock)
        await reader.open()
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        connection = ServiceConnection(url, KEY, clock=clock, tls=tls, timeout_s=TIMEOUT_S)
        device = f"gate-{number:02}"
        checkin = SupabaseCheckIn(
            connection, device=device, scanned_by=str(uuid.UUID(int=number)), event_id=EVENT
        )
        try:
            yield Gate(scanner, reader, checkin)
        finally:
            await checkin.close()
            await reader.close()


@contextmanager
def backend() -> Iterator[str]:
    """The reference backend in a process of its own; yields its URL."""
    command = ("backend", "--port", "0", "--supervised", "benchmark")
    with subprocess.Popen(
        [sys.executable, "-m", "gatedrill.cli", *command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"SUPABASE_SERVICE_ROLE_KEY": KEY},
    ) as process:
        assert process.stdout is not None
        try:
            yield msgspec.json.decode(process.stdout.readline(), type=ChildReady).url
        finally:
            process.terminate()


def table(ports: int, taken: Sequence[Latency]) -> str:
    """A line for each of the two latencies."""
    of = f", {ports} port{'s' if ports > 1 else ' '}"
    return "\n".join(
        f"{what + of:28}" + "".join(f"{quantile(values, each / 100):9.3f}" for each in PERCENTS)
        for what, values in (
            ("symbol", [each.read_ms for each in taken]),
            ("decision", [each.decided_ms for each in taken]),
        )
    )


if __name__ == "__main__":
    main()
