import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.devices.emulation.camera import EmulatedCamera
from gatedrill.devices.emulation.serial_port import EmulatedScanner, ScannerStyle

if TYPE_CHECKING:
    from gatedrill.devices.emulation.presenter import Presenter

PLAIN = ScannerStyle(b"", b"\r")


@pytest.fixture
def scanner() -> Iterator[EmulatedScanner]:
    with contextlib.closing(EmulatedScanner(PLAIN)) as plugged_in:
        yield plugged_in


@contextlib.contextmanager
def opened(port: str) -> Iterator[int]:
    descriptor = os.open(port, os.O_RDWR | os.O_NOCTTY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def test_the_style_stands_around_the_code() -> None:
    with contextlib.closing(EmulatedScanner(ScannerStyle(b"]Q1", b"\r\n"))) as scanner:
        assert b"".join(scanner.prepare("Zürich", seed=1)) == b"]Q1Z\xc3\xbcrich\r\n"


def test_a_seed_decides_the_style_and_seeds_make_all_of_them() -> None:
    styles = {ScannerStyle.seeded(seed) for seed in range(100)}
    assert ScannerStyle.seeded(3) == ScannerStyle.seeded(3)
    assert {style.suffix for style in styles} == {b"\r", b"\n", b"\r\n", b"\t"}
    assert {style.prefix for style in styles} == {b"", b"]Q1"}


def test_no_byte_is_changed_on_the_way_nor_echoed_back(scanner: EmulatedScanner) -> None:
    every_byte = bytes(range(256))
    with opened(scanner.port) as port:
        scanner.present((every_byte,))
        received = b""
        while len(received) < len(every_byte):
            received += os.read(port, 1000)
        assert received == every_byte
        with pytest.raises(BlockingIOError):
            os.read(scanner._far_end, 1000)


def test_sending_where_nobody_reads_ends_in_an_error_not_in_a_hang(
    scanner: EmulatedScanner,
) -> None:
    more_than_any_buffer = (b"x" * 100,) * 100_000
    with pytest.raises(PeerError, match=scanner.port):
        scanner.present(more_than_any_buffer)


def test_an_unplugged_scanner_cannot_send(scanner: EmulatedScanner) -> None:
    scanner.close()
    with pytest.raises(PeerError, match=f"{scanner.port}: cannot send"):
        scanner.present((b"A1\r",))


def test_unplugging_frees_both_ends_once(scanner: EmulatedScanner) -> None:
    ends = (scanner._far_end, scanner._near_end)
    scanner.close()
    for end in ends:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(end)
    scanner.close()


def test_a_machine_without_pseudo_terminals_left_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def exhausted() -> tuple[int, int]:
        raise OSError("out of pty devices")

    monkeypatch.setattr(os, "openpty", exhausted)
    with pytest.raises(UsageError, match=r"no pseudo-terminal .*out of pty devices"):
        EmulatedScanner(PLAIN)


@pytest.mark.parametrize("kind", ["camera", "serial"])
async def test_every_sort_of_device_is_shown_tickets_alike(
    scanner: EmulatedScanner, kind: str
) -> None:
    devices: dict[str, Presenter] = {"camera": EmulatedCamera(), "serial": scanner}
    presenter = devices[kind]
    material = presenter.prepare("TICKET-1", 1)
    presenter.withdraw()
    presenter.present(material)
    presenter.withdraw()
    presenter.close()
    presenter.close()
