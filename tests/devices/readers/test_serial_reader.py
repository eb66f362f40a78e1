import asyncio
import contextlib
import errno
import fcntl
import os
import resource
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import serial

from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.devices.emulation.serial_port import EmulatedScanner, ScannerStyle
from gatedrill.devices.readers import exclusive
from gatedrill.devices.readers.serial_port import SerialReader
from gatedrill.devices.readers.serial_settings import FlowControl, Parity, SerialSettings

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
    port: str, *, clock: Clock | None = None, idle_flush_s: float = NEVER_S, **settings: Any
) -> AsyncIterator[SerialReader]:
    wanted = SerialSettings(idle_flush_s=idle_flush_s, **settings)
    reader = SerialReader(port, clock or ThreadNamingClock(), wanted)
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


async def test_what_the_port_cannot_be_set_to_is_a_usage_error(
    scanner: EmulatedScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ValueError("Invalid baud rate: 12345")

    monkeypatch.setattr(serial.Serial, "_set_special_baudrate", refuse)
    reader = SerialReader(scanner.port, ThreadNamingClock(), SerialSettings(baud=12345))
    with pytest.raises(UsageError, match=r"at 12345-8N1: it cannot be opened .*Invalid baud"):
        await reader.open()


def test_the_port_is_set_as_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def remember(port: str, baud: int, **options: Any) -> None:
        asked.update(options, port=port, baud=baud)
        raise serial.SerialException(errno.EIO, "far enough")

    monkeypatch.setattr(serial, "Serial", remember)
    settings = SerialSettings(
        baud=115200,
        data_bits=7,
        parity=Parity.EVEN,
        stop_bits=2,
        flow_control=FlowControl.XON_XOFF,
    )
    with pytest.raises(UsageError, match="at 115200-7E2"):
        asyncio.run(SerialReader("/dev/ttyS9", ThreadNamingClock(), settings).open())
    assert asked == {
        "port": "/dev/ttyS9",
        "baud": 115200,
        "bytesize": serial.SEVENBITS,
        "parity": serial.PARITY_EVEN,
        "stopbits": serial.STOPBITS_TWO,
        "rtscts": False,
        "xonxoff": True,
        "exclusive": True,
    }


@pytest.mark.parametrize("line", ["115200-7E1", "1200-8N2", "9600-7O1"])
@pytest.mark.parametrize("flow_control", list(FlowControl))
async def test_a_pseudo_terminal_bears_with_every_setting(
    scanner: EmulatedScanner, line: str, flow_control: FlowControl
) -> None:
    settings = msgspec.structs.replace(SerialSettings.parse(line), flow_control=flow_control)
    reader = SerialReader(scanner.port, ThreadNamingClock(), settings)
    await reader.open()
    scanner.present((b"A1\r",))
    assert (await reader.read()).text == "A1"
    await reader.close()


@pytest.mark.parametrize(
    ("sent", "text", "symbology"),
    [
        (b"<A1>", "A1", ""),
        (b"<]Q1A1>", "A1", "]Q1"),
        (b"]Q1<A1>", "A1", "]Q1"),
        (b"A1", "A1", ""),
        (b"<A1", "A1", ""),
        (b"<<A1>>", "<A1>", ""),
        (b"]C1<01\x1d02>", "01\x1d02", "]C1"),
    ],
)
async def test_what_the_owner_adds_is_taken_off_where_it_is(
    scanner: EmulatedScanner, sent: bytes, text: str, symbology: str
) -> None:
    async with reading(scanner.port, prefix="<", suffix=">") as reader:
        # Nothing but framing is no code.
        scanner.present((b"<>\r]Q1\r<]Q1>\r" + sent + b"\r",))
        symbol = await reader.read()
    assert (symbol.text, symbol.symbology) == (text, symbology)


async def test_an_aim_identifier_may_stay_in_the_text(scanner: EmulatedScanner) -> None:
    async with reading(scanner.port, keep_aim=True, prefix="<") as reader:
        scanner.present((b"<]Q1A1\rB2\r",))
        read = [await reader.read(), await reader.read()]
    assert [(symbol.text, symbol.symbology) for symbol in read] == [("]Q1A1", "]Q1"), ("B2", "")]


def test_a_reader_has_the_repeat_window_of_its_settings() -> None:
    settings = SerialSettings(repeat_window_s=2.5)
    assert SerialReader("/dev/ttyACM0", ThreadNamingClock(), settings).repeat_window_s == 2.5
    assert SerialReader("/dev/ttyACM0", ThreadNamingClock()).repeat_window_s == 0.5


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
    with pytest.raises(UsageError, match=f"/dev/ttyACM0 at 9600-8N1: .*{cure}"):
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


async def test_what_is_sent_reaches_the_scanner_and_nothing_else_does(
    scanner: EmulatedScanner,
) -> None:
    async with reading(scanner.port) as reader:
        scanner.present((b"A1\r",))
        await reader.read()
        with pytest.raises(BlockingIOError):
            os.read(scanner._far_end, 100)
        reader.send(b"\x1b7,")
        assert os.read(scanner._far_end, 100) == b"\x1b7,"


async def test_a_scanner_that_takes_nothing_is_an_error_and_no_wait(
    scanner: EmulatedScanner,
) -> None:
    async with reading(scanner.port) as reader:
        with pytest.raises(PeerError, match=f"{scanner.port}: the scanner takes no more bytes"):
            reader.send(b"x" * 1_000_000)
        with pytest.raises(PeerError, match="takes no more bytes"):
            reader.send(b"x" * 1_000_000)


async def test_sending_to_a_scanner_that_has_gone_or_was_never_opened_is_an_error(
    scanner: EmulatedScanner,
) -> None:
    reader = SerialReader(scanner.port, ThreadNamingClock())
    with pytest.raises(PeerError, match="cannot send, the port is not open"):
        reader.send(b"x")
    async with reading(scanner.port) as opened:
        scanner.close()
        with pytest.raises(PeerError, match=f"{scanner.port}: cannot send"):
            opened.send(b"x")


async def test_a_second_program_on_the_port_is_told_from_an_unplugged_scanner(
    scanner: EmulatedScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_read = os.read

    def read_after_another(descriptor: int, most: int) -> bytes:
        real_read(descriptor, most)  # what any other program does, a moment before us
        return real_read(descriptor, most)

    async with reading(scanner.port) as reader:
        monkeypatch.setattr(os, "read", read_after_another)
        scanner.present((b"A1\r",))
        with pytest.raises(PeerError, match=f"{scanner.port}: another program reads it too"):
            await reader.read()


async def test_a_port_is_kept_from_programs_that_know_of_no_lock(
    scanner: EmulatedScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with reading(scanner.port) as reader:
        assert not is_exclusive(reader), "a pseudo-terminal would stay so for good"
    monkeypatch.setattr(exclusive, "_PSEUDO_TERMINALS", range(0))
    async with reading(scanner.port) as reader:
        assert is_exclusive(reader)


def is_exclusive(reader: SerialReader) -> bool:
    get_exclusive = 0x80045440  # TIOCGEXCL, which Python has no name for
    return fcntl.ioctl(reader._descriptor, get_exclusive, b"\0" * 4) != b"\0" * 4


async def test_closing_ends_a_read_that_is_under_way(scanner: EmulatedScanner) -> None:
    async with reading(scanner.port) as reader:
        waiting = asyncio.create_task(reader.read())
        await asyncio.sleep(0)
    with pytest.raises(PeerError, match="it was closed"):
        await waiting


async def test_opening_that_is_given_up_leaves_the_port_to_others(
    scanner: EmulatedScanner, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_opened, may_go_on = threading.Event(), threading.Event()
    real_serial = serial.Serial

    def open_slowly(*arguments: Any, **options: Any) -> serial.Serial:
        port = real_serial(*arguments, **options)
        is_opened.set()
        may_go_on.wait()
        return port

    monkeypatch.setattr(serial, "Serial", open_slowly)
    opening = asyncio.create_task(SerialReader(scanner.port, ThreadNamingClock()).open())
    await asyncio.to_thread(is_opened.wait)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    monkeypatch.setattr(serial, "Serial", real_serial)
    closed = asyncio.Event()
    real_close = real_serial.close

    def close(port: serial.Serial) -> None:
        real_close(port)
        closed.set()

    monkeypatch.setattr(real_serial, "close", close)
    may_go_on.set()
    await closed.wait()
    async with reading(scanner.port) as reader:
        scanner.present((b"A1\r",))
        assert (await reader.read()).text == "A1"
