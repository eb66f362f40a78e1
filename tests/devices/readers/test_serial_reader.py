import asyncio
import contextlib
import errno
import os
import resource
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import serial

from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.devices.emulation.serial_port import EmulatedScanner, ScannerStyle
from gatedrill.devices.readers.serial_port import SerialReader

# So long that no code of these tests can have ended by silence.
NEVER_S = 60.0


class ThreadNamingClock:
    """Tells the time, and remembers which threads asked."""

    def __init__(self) -> None:
        self.askers: set[str] = set()

    def now_ns(self) -> int:
        self.askers.add(threading.current_thread().name)
        return time.monotonic_ns()


@pytest.fixture
def scanner() -> Iterator[EmulatedScanner]:
    with contextlib.closing(EmulatedScanner(ScannerStyle(b"", b"\r"))) as plugged_in:
        yield plugged_in


@contextlib.asynccontextmanager
async def reading(
    port: str, *, idle_flush_s: float = NEVER_S, clock: Clock | None = None
) -> AsyncIterator[SerialReader]:
    reader = SerialReader(port, clock or ThreadNamingClock(), idle_flush_s=idle_flush_s)
    await reader.open()
    try:
        yield reader
    finally:
        await reader.close()


@pytest.mark.parametrize("suffix", [b"\r", b"\n", b"\r\n", b"\t", b"\x03"])
@pytest.mark.parametrize(
    ("prefix", "symbology"), [(b"", ""), (b"]Q1", "]Q1"), (b"\x02", ""), (b"\x02]C0", "]C0")]
)
async def test_codes_of_every_style_come_through_pyserial(
    prefix: bytes, symbology: str, suffix: bytes
) -> None:
    texts = ["TICKET-1", "Zürich 漢字", "01\x1d02", "x" * 300]
    with contextlib.closing(EmulatedScanner(ScannerStyle(prefix, suffix))) as scanner:
        async with reading(scanner.port) as reader:
            for text in texts:
                scanner.present(scanner.prepare(text, seed=1))
            read = [await reader.read() for _ in texts]
    assert [symbol.text for symbol in read] == texts
    assert {symbol.symbology for symbol in read} == {symbology}


async def test_a_scanner_without_suffix_is_read_after_a_silence() -> None:
    with contextlib.closing(EmulatedScanner(ScannerStyle(b"", b""))) as scanner:
        async with reading(scanner.port, idle_flush_s=0.01) as reader:
            for text in ("TICKET-1", "TICKET-2"):
                scanner.present(scanner.prepare(text, seed=1))
                assert (await reader.read()).text == text


async def test_a_code_that_arrives_byte_by_byte_is_one_code(scanner: EmulatedScanner) -> None:
    async with reading(scanner.port) as reader:
        for byte in b"TICKET-1\r":
            scanner.present((bytes([byte]),))
            await asyncio.sleep(0)
        assert (await reader.read()).text == "TICKET-1"


async def test_many_codes_in_one_write_stay_apart(scanner: EmulatedScanner) -> None:
    async with reading(scanner.port) as reader:
        scanner.present((b"A1\rB2\rC3\r",))
        assert [(await reader.read()).text for _ in range(3)] == ["A1", "B2", "C3"]


async def test_a_code_is_stamped_when_it_is_read(scanner: EmulatedScanner) -> None:
    async with reading(scanner.port) as reader:
        presented_ns = time.monotonic_ns()
        scanner.present(scanner.prepare("TICKET-1", seed=1))
        symbol = await reader.read()
        assert presented_ns <= symbol.decoded_ns <= time.monotonic_ns()


async def test_reading_takes_no_thread_of_its_own(scanner: EmulatedScanner) -> None:
    clock = ThreadNamingClock()
    async with reading(scanner.port, clock=clock) as reader:
        scanner.present(scanner.prepare("TICKET-1", seed=1))
        await reader.read()
    assert clock.askers == {threading.current_thread().name}


async def test_a_read_that_is_given_up_loses_no_code(scanner: EmulatedScanner) -> None:
    async with reading(scanner.port) as reader:
        given_up = asyncio.create_task(reader.read())
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        scanner.present(scanner.prepare("TICKET-1", seed=1))
        assert (await reader.read()).text == "TICKET-1"


@pytest.mark.parametrize("begun", [b"", b"half a code"])
async def test_unplugging_while_reading_is_a_peer_error_for_good(
    scanner: EmulatedScanner, begun: bytes
) -> None:
    async with reading(scanner.port) as reader:
        waiting = asyncio.create_task(reader.read())
        scanner.present((begun,))
        await asyncio.sleep(0)
        scanner.close()
        with pytest.raises(PeerError, match=rf"{scanner.port}: the scanner has gone .*plug it in"):
            await waiting
        with pytest.raises(PeerError):
            await reader.read()


async def test_closing_frees_the_port(scanner: EmulatedScanner) -> None:
    for text in ("first", "second"):
        async with reading(scanner.port) as reader:
            scanner.present(scanner.prepare(text, seed=1))
            assert (await reader.read()).text == text


async def test_closing_what_is_not_open_is_harmless(scanner: EmulatedScanner) -> None:
    reader = SerialReader(scanner.port, ThreadNamingClock())
    await reader.close()
    await reader.open()
    await reader.close()
    await reader.close()


async def test_a_second_reader_is_refused_and_the_first_reads_on(scanner: EmulatedScanner) -> None:
    async with reading(scanner.port) as first:
        second = SerialReader(scanner.port, ThreadNamingClock())
        with pytest.raises(UsageError, match=f"{scanner.port}.*another reader holds it"):
            await second.open()
        scanner.present(scanner.prepare("TICKET-1", seed=1))
        assert (await first.read()).text == "TICKET-1"


async def test_a_code_sent_before_the_port_was_opened_spoils_none_after(
    scanner: EmulatedScanner,
) -> None:
    scanner.present(scanner.prepare("early", seed=1))
    async with reading(scanner.port) as reader:
        scanner.present(scanner.prepare("in time", seed=1))
        read = await reader.read()
        # The flush at opening takes it, unless the kernel has not delivered it by then.
        if read.text == "early":
            read = await reader.read()
        assert read.text == "in time"


async def test_a_missing_port_is_named_with_those_there_are() -> None:
    reader = SerialReader("/dev/no-such-scanner", ThreadNamingClock())
    with pytest.raises(UsageError, match=r"/dev/no-such-scanner .*no such port; this machine has"):
        await reader.open()


async def test_what_is_no_serial_port_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    reader = SerialReader(str(path), ThreadNamingClock())
    with pytest.raises(UsageError, match="cannot be opened as a serial port"):
        await reader.open()


async def test_an_impossible_speed_is_a_usage_error(scanner: EmulatedScanner) -> None:
    reader = SerialReader(scanner.port, ThreadNamingClock(), baud=-1)
    with pytest.raises(UsageError, match="at -1 baud"):
        await reader.open()


@pytest.mark.parametrize(
    ("number", "cure"),
    [
        (errno.EACCES, "dialout"),
        (errno.EBUSY, "another reader holds it"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EIO, "cannot be opened"),
    ],
)
async def test_each_failure_to_open_names_port_and_cure(
    monkeypatch: pytest.MonkeyPatch, number: int, cure: str
) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise serial.SerialException(number, "could not open port")

    monkeypatch.setattr(serial, "Serial", refuse)
    reader = SerialReader("/dev/ttyACM0", ThreadNamingClock())
    with pytest.raises(UsageError, match=f"/dev/ttyACM0 at 9600 baud: .*{cure}"):
        await reader.open()


@contextlib.contextmanager
def descriptors_taken(count: int) -> Iterator[None]:
    """As many descriptors in use; skips where so many are not permitted."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = count + 200
    if before[1] != resource.RLIM_INFINITY and before[1] < needed:
        pytest.skip(f"only {before[1]} open files are permitted here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(before[0], needed), before[1]))
    with contextlib.ExitStack() as taken:
        taken.callback(resource.setrlimit, resource.RLIMIT_NOFILE, before)
        for _ in range(count):
            taken.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        yield


async def test_a_port_whose_descriptor_is_beyond_what_select_can_watch_is_read() -> None:
    with (
        descriptors_taken(1024),
        contextlib.closing(EmulatedScanner(ScannerStyle(b"", b"\r"))) as scanner,
    ):
        with contextlib.closing(serial.Serial(scanner.port)) as port:
            assert port.fileno() >= 1024
        async with reading(scanner.port) as reader:
            scanner.present(scanner.prepare("TICKET-1", seed=1))
            assert (await reader.read()).text == "TICKET-1"


async def test_an_over_long_line_is_dropped_and_the_next_code_read(
    scanner: EmulatedScanner,
) -> None:
    async with reading(scanner.port) as reader:
        for piece in (*(b"x" * 1000 for _ in range(5)), b"x\rTICKET-1\r"):
            scanner.present((piece,))
            await asyncio.sleep(0)
        assert (await reader.read()).text == "TICKET-1"


async def test_closing_amid_a_code_leaves_no_silence_to_be_heard(
    scanner: EmulatedScanner,
) -> None:
    async with reading(scanner.port) as reader:
        scanner.present((b"TICKET-1\rhalf a code",))
        await reader.read()
        idle = reader._idle
    assert idle is not None
    assert idle.cancelled()
