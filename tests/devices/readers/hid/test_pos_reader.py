import asyncio
import contextlib
import errno
import importlib
import os
import queue
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from pos_scanners import AIM_FIRST, DATA_FIRST, MOUSE, aim_first, data_first

from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.devices.readers.hid.hidapi_reports import HidapiReports
from gatedrill.devices.readers.hid.pos import PosReader

if TYPE_CHECKING:
    from gatedrill.devices.readers.reader import Reader


class MonotonicClock:
    def now_ns(self) -> int:
        return time.monotonic_ns()


class RecordedReports:
    """A scanner that sends what a test says."""

    def __init__(self, descriptor: bytes | OSError = AIM_FIRST) -> None:
        self._descriptor = descriptor
        self._sent: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
        self.closed_by = ""

    def send(self, *reports: bytes | Exception) -> None:
        for report in reports:
            self._sent.put(report)

    def descriptor(self) -> bytes:
        if isinstance(self._descriptor, OSError):
            raise self._descriptor
        return self._descriptor

    def read(self, timeout_ms: int) -> bytes:
        assert not self.closed_by, "hidapi crashes when a closed device is read"
        try:
            report = self._sent.get(timeout=timeout_ms / 1000)
        except queue.Empty:
            return b""
        if isinstance(report, Exception):
            raise report
        return report

    def close(self) -> None:
        self.closed_by = threading.current_thread().name


@contextlib.asynccontextmanager
async def reading(scanner: RecordedReports) -> AsyncIterator[PosReader]:
    reader = PosReader("/dev/hidraw0", MonotonicClock(), open_reports=lambda path: scanner)
    await reader.open()
    try:
        yield reader
    finally:
        await reader.close()


async def test_codes_come_with_their_symbology_and_their_instant() -> None:
    scanner = RecordedReports()
    async with reading(scanner) as pos:
        reader: Reader = pos
        assert (reader.kind, reader.repeat_window_s) == ("hid", 0.5)
        sent_ns = time.monotonic_ns()
        scanner.send(aim_first("Zürich 漢字".encode()), aim_first(b"Z\xfcrich", symbology=b"]C0"))
        first, second = await reader.read(), await reader.read()
        assert (first.text, first.symbology) == ("Zürich 漢字", "]Q1")
        assert (second.text, second.symbology) == ("Zürich", "]C0")
        assert sent_ns <= first.decoded_ns <= second.decoded_ns <= time.monotonic_ns()


async def test_a_long_code_comes_whole_and_text_first_scanners_are_read() -> None:
    scanner = RecordedReports(DATA_FIRST)
    async with reading(scanner) as reader:
        scanner.send(data_first(b"a" * 56, is_continued=True), data_first(b"b"))
        assert (await reader.read()).text == "a" * 56 + "b"


async def test_a_read_that_is_given_up_loses_no_code() -> None:
    scanner = RecordedReports()
    async with reading(scanner) as reader:
        given_up = asyncio.create_task(reader.read())
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        scanner.send(aim_first(b"a"))
        assert (await reader.read()).text == "a"


@pytest.mark.parametrize("error", [OSError("read error"), ValueError("not open")])
async def test_unplugging_is_a_peer_error_for_good(error: Exception) -> None:
    scanner = RecordedReports()
    async with reading(scanner) as reader:
        scanner.send(aim_first(b"a"), error)
        assert (await reader.read()).text == "a"
        with pytest.raises(PeerError, match=rf"/dev/hidraw0: the scanner has gone \({error}\)"):
            await reader.read()
        with pytest.raises(PeerError):
            await reader.read()


async def test_closing_ends_the_thread_that_alone_touches_the_device() -> None:
    scanner = RecordedReports()
    async with reading(scanner):
        assert "hid-pos /dev/hidraw0" in {thread.name for thread in threading.enumerate()}
    assert scanner.closed_by == "hid-pos /dev/hidraw0"
    assert "hid-pos /dev/hidraw0" not in {thread.name for thread in threading.enumerate()}


async def test_closing_is_harmless_at_any_time() -> None:
    reader = PosReader("x", MonotonicClock(), open_reports=lambda path: RecordedReports())
    await reader.close()
    await reader.open()
    await reader.close()
    await reader.close()


async def test_what_is_no_hid_pos_scanner_is_refused() -> None:
    scanner = RecordedReports(MOUSE)
    reader = PosReader("/dev/hidraw0", MonotonicClock(), open_reports=lambda path: scanner)
    with pytest.raises(UsageError, match=r"hidraw0: it sends no decoded data .*set it to HID-POS"):
        await reader.open()
    assert scanner.closed_by


async def test_a_descriptor_that_cannot_be_read_is_told() -> None:
    scanner = RecordedReports(OSError("no descriptor"))
    reader = PosReader("/dev/hidraw0", MonotonicClock(), open_reports=lambda path: scanner)
    with pytest.raises(UsageError, match=r"descriptor cannot be read \(no descriptor\)"):
        await reader.open()
    assert scanner.closed_by


async def test_a_missing_device_is_named_by_hidapi_itself() -> None:
    reader = PosReader("/dev/no-such-scanner", MonotonicClock())
    with pytest.raises(UsageError, match="/dev/no-such-scanner: there is no such device; plug"):
        await reader.open()


def test_what_is_no_hid_device_is_refused_by_hidapi_itself(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    for no_device in (os.devnull, str(path)):
        with pytest.raises(UsageError, match=f"{no_device}: this is no raw HID device"):
            HidapiReports.open(no_device)


@pytest.mark.parametrize(
    ("number", "cure"), [(errno.EACCES, "a udev rule opens it"), (errno.EIO, "cannot be opened")]
)
def test_each_failure_to_open_has_its_cure(
    monkeypatch: pytest.MonkeyPatch, number: int, cure: str
) -> None:
    def refuse(path: str, flags: int) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(UsageError, match=f"HID-POS scanner /dev/no-such-scanner: .*{cure}"):
        HidapiReports.open("/dev/no-such-scanner")


def test_without_hidapi_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(UsageError, match=r"pip install 'gatedrill\[hid\]'"):
        HidapiReports.open("/dev/hidraw0")


def test_another_package_of_the_name_is_told_from_hidapi(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib, "import_module", lambda name: SimpleNamespace())
    with pytest.raises(UsageError, match="not hidapi's but that of another package"):
        HidapiReports.open("/dev/hidraw0")


def test_reports_are_handed_on_as_bytes() -> None:
    class Device:
        def get_report_descriptor(self) -> list[int]:
            return list(AIM_FIRST)

        def read(self, most: int, timeout_ms: int) -> list[int]:
            assert most >= 64
            return [2, 1] if timeout_ms == 100 else []

        def close(self) -> None:
            pass

    reports = HidapiReports(Device())
    assert reports.descriptor() == AIM_FIRST
    assert (reports.read(100), reports.read(1)) == (b"\x02\x01", b"")
    reports.close()
