"""An emulated scanner behind a link, and programs that open and close it as they like."""

import asyncio
import contextlib
import os
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from gatedrill.contract.errors import UsageError
from gatedrill.devices.emulation import linked_scanner
from gatedrill.devices.emulation.control_names import spelled
from gatedrill.devices.emulation.linked_scanner import LinkedScanner
from gatedrill.devices.emulation.serial_port import FRAMINGS, ScannerStyle

CR = ScannerStyle.of("cr")


@pytest.fixture
def link(tmp_path: Path) -> Path:
    return tmp_path / "scanner"


@contextlib.contextmanager
def opened(path: Path) -> Iterator[int]:
    """As `cat` opens it: nothing is flushed."""
    descriptor = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def leads_to(link: Path) -> str | None:
    """Where the link leads; None if there is none."""
    return str(link.readlink()) if link.is_symlink() else None


def put(path: Path, what: str) -> None:
    """Put something there that is no business of a scanner's."""
    match what:
        case "file":
            path.write_text("mine", encoding="utf-8")
        case "directory":
            path.mkdir()
        case "link":
            path.symlink_to("/dev/null")


async def received(descriptor: int, count: int) -> bytes:
    """Wait until so many bytes have come."""
    arrived = b""
    while len(arrived) < count:
        with contextlib.suppress(BlockingIOError):
            arrived += os.read(descriptor, count)
        await asyncio.sleep(0.001)
    return arrived


async def test_a_code_waits_for_a_reader_and_outlives_its_opening_flush(link: Path) -> None:
    async with LinkedScanner(link, CR) as scanner:
        sending = asyncio.create_task(scanner.send("A1"))
        await asyncio.sleep(0)
        assert not scanner.is_opened
        with contextlib.closing(serial.Serial(str(link), exclusive=True)) as port:
            assert await received(port.fileno(), 3) == b"A1\r"
            await sending
            assert scanner.is_opened


async def test_every_flush_is_awaited(link: Path) -> None:
    async with LinkedScanner(link, CR) as scanner:
        with opened(link) as descriptor:
            await scanner.until_ready()
            termios.tcflush(descriptor, termios.TCIFLUSH)
            assert not scanner._is_ready()
            await scanner.send("A1")
            assert await received(descriptor, 3) == b"A1\r"


async def test_a_program_that_flushes_nothing_is_served_as_well(
    link: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(linked_scanner, "WITHOUT_FLUSH_S", 0.05)
    async with LinkedScanner(link, CR) as scanner:
        with opened(link) as descriptor:
            await scanner.send("A1")
            assert await received(descriptor, 3) == b"A1\r"


async def test_a_reader_may_close_and_open_again(link: Path) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()
    async with LinkedScanner(link, CR, tell=told.put_nowait) as scanner:
        for text in ("A1", "B2"):
            with contextlib.closing(serial.Serial(str(link))) as port:
                await scanner.send(text)
                assert await received(port.fileno(), 3) == text.encode() + b"\r"
            assert [await told.get(), await told.get()] == ["opened", "closed"]


async def test_unplugging_takes_port_and_link_and_the_code_waits_for_the_next(link: Path) -> None:
    async with LinkedScanner(link, CR) as scanner:
        with opened(link) as descriptor:
            await scanner.until_ready()
            scanner.unplug()
            scanner.unplug()
            assert leads_to(link) is None
            assert os.read(descriptor, 1) == b""
        sending = asyncio.create_task(scanner.send("A1"))
        scanner.plug_in()
        scanner.plug_in()
        with contextlib.closing(serial.Serial(str(link))) as port:
            assert await received(port.fileno(), 3) == b"A1\r"
        await sending
    assert leads_to(link) is None


async def test_what_a_program_sends_is_heard_also_if_it_closes_at_once(link: Path) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    async with LinkedScanner(link, CR, hear=heard.put_nowait):
        with opened(link) as descriptor:
            os.write(descriptor, b"\x1b7,")
        assert await heard.get() == b"\x1b7,"


async def test_a_code_longer_than_any_buffer_is_sent_whole(link: Path) -> None:
    code = b"x" * 100_000
    async with LinkedScanner(link, CR) as scanner:
        with contextlib.closing(serial.Serial(str(link))) as port:
            sending = asyncio.create_task(scanner.send(code))
            assert await received(port.fileno(), len(code) + 1) == code + b"\r"
            await sending


async def test_a_listener_that_fails_is_not_overheard(link: Path) -> None:
    def fail(_: str) -> None:
        raise BrokenPipeError

    async def scan() -> None:
        async with LinkedScanner(link, CR, tell=fail) as scanner:
            with opened(link):
                await scanner.send("A1")

    with pytest.raises(BrokenPipeError):
        await scan()


@pytest.mark.parametrize("what", ["file", "directory", "link"])
async def test_what_stands_in_the_links_place_is_left_alone(link: Path, what: str) -> None:
    put(link, what)
    with pytest.raises(UsageError, match=f"{link} exists already .a {what}.*left alone"):
        async with LinkedScanner(link, CR):
            pass
    assert leads_to(link) == ("/dev/null" if what == "link" else None)
    with pytest.raises(FileExistsError):
        put(link, "directory")


async def test_two_scanners_cannot_share_a_link(link: Path) -> None:
    async with LinkedScanner(link, CR) as first:
        with pytest.raises(UsageError, match=f"a link to {first.port}"):
            async with LinkedScanner(link, CR):
                pass
        assert leads_to(link) == first.port


@pytest.mark.parametrize("reused", [False, True])
async def test_a_link_that_a_killed_scanner_left_is_replaced(link: Path, reused: bool) -> None:
    async with LinkedScanner(link, CR) as killed:
        left = killed.port
    link.symlink_to(left if reused else "/dev/pts/4000000")  # noqa: ASYNC240
    async with LinkedScanner(link, CR) as scanner:
        if reused and scanner.port != left:
            pytest.skip("another program has taken the port")
        assert leads_to(link) == scanner.port


async def test_a_link_in_no_folder_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot make the link .*No such file or directory"):
        async with LinkedScanner(tmp_path / "no" / "scanner", CR):
            pass


@pytest.mark.parametrize(
    ("framing", "sent"),
    [
        ("cr", b"T-]Q1A1#\r"),
        ("lf", b"T-]Q1A1#\n"),
        ("crlf", b"T-]Q1A1#\r\n"),
        ("tab", b"T-]Q1A1#\t"),
        ("etx", b"\x02T-]Q1A1#\x03"),
        ("none", b"T-]Q1A1#"),
    ],
)
def test_every_framing_stands_around_what_the_owner_adds(framing: str, sent: bytes) -> None:
    style = ScannerStyle.of(framing, aim="]Q1", prefix="T-", suffix="#")
    assert style.framed("A1") == style.framed(b"A1") == sent
    assert framing in FRAMINGS


def test_a_style_that_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown framing 'bel': choose one of cr, lf"):
        ScannerStyle.of("bel")
    with pytest.raises(UsageError, match="'Q1' is no AIM identifier"):
        ScannerStyle.of("cr", aim="Q1")


def test_bytes_are_spelled_as_manuals_do() -> None:
    assert spelled(b"\x1b7,") == "1b 37 2c (ESC 7 ,)"
    assert spelled(b"\x06 \x7f\xff\x00") == "06 20 7f ff 00 (ACK SP DEL . NUL)"
