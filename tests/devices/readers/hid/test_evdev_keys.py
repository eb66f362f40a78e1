"""The adapter to evdev, as far as it goes without a keyboard: evdev's own reader on a pipe."""

import builtins
import errno
import fcntl
import os
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import evdev
import pytest
from recorded_keys import code_of, recorded

from gatedrill.contract.errors import UsageError
from gatedrill.devices.emulation.keyboard import input_events
from gatedrill.devices.readers.hid.evdev_keys import EvdevKeys
from gatedrill.devices.readers.hid.key_events import KeyEvent, KeysLost


def input_event(kind: int, code: int, value: int, seconds: int = 1, microseconds: int = 0) -> bytes:
    """`struct input_event` as linux/input.h has it on this machine, written once more by hand."""
    return struct.pack("llHHi", seconds, microseconds, kind, code, value)


class PipedDevice(evdev.InputDevice[str]):
    """evdev's device, but what it reads comes out of a pipe, and it has not asked the kernel."""

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        self.fd = descriptor
        self.path = "/dev/input/event7"
        self.name = "Barcode Scanner"
        self._rawcapabilities = {1: list(range(1, 120)), 4: [4]}


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """Of a pipe: the device's, which closes it, and ours."""
    near, far = os.pipe()
    yield near, far
    os.close(far)


@pytest.fixture
def far_end(ends: tuple[int, int]) -> int:
    return ends[1]


@pytest.fixture
def device(ends: tuple[int, int]) -> Iterator[PipedDevice]:
    piped = PipedDevice(ends[0])
    yield piped
    piped.close()


def test_bytes_of_the_kernel_become_key_events(device: PipedDevice, far_end: int) -> None:
    keys = EvdevKeys(device)
    scan_code = input_event(4, 4, 0x70004)
    report = input_event(0, 0, 0)
    pressed = input_event(1, 30, 1, 12, 345_678)
    released = input_event(1, 30, 0, 12, 350_000)
    os.write(far_end, scan_code + pressed + report + scan_code + released + report)
    assert keys.events() == [KeyEvent(30, 1, 12.345678), KeyEvent(30, 0, 12.35)]
    with pytest.raises(BlockingIOError):
        keys.events()


def test_the_emulated_scanner_writes_what_evdev_reads(device: PipedDevice, far_end: int) -> None:
    events = recorded("LEFTSHIFT+T 102ND ENTER", start_s=1000.0)
    os.write(far_end, input_events(events))
    read = EvdevKeys(device).events()
    assert [(each.code, each.value) for each in read if isinstance(each, KeyEvent)] == [
        (each.code, each.value) for each in events
    ]


def test_after_a_loss_events_count_from_the_next_report_on(
    device: PipedDevice, far_end: int
) -> None:
    keys = EvdevKeys(device)
    os.write(far_end, input_event(1, 30, 1) + input_event(0, 3, 0) + input_event(1, 31, 1))
    assert keys.events() == [KeyEvent(30, 1, 1.0), KeysLost()]
    os.write(far_end, input_event(1, 32, 1) + input_event(0, 0, 0) + input_event(1, 33, 1))
    assert keys.events() == [KeyEvent(33, 1, 1.0)]


def test_it_watches_and_closes_the_device(device: PipedDevice) -> None:
    keys = EvdevKeys(device)
    descriptor = device.fd
    assert keys.fileno() == descriptor
    keys.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


def test_a_grab_that_fails_is_an_os_error(device: PipedDevice) -> None:
    with pytest.raises(OSError, match="Inappropriate ioctl"):
        EvdevKeys(device).grab()


def as_device(monkeypatch: pytest.MonkeyPatch, device: PipedDevice) -> list[tuple[int, bytes]]:
    """evdev opens `device`; return where what is asked of the kernel is written down."""
    asked: list[tuple[int, bytes]] = []
    monkeypatch.setattr(evdev, "InputDevice", lambda path, readonly: device)
    monkeypatch.setattr(fcntl, "ioctl", lambda fd, request, value: asked.append((request, value)))
    return asked


def test_events_are_asked_for_with_a_clock_that_never_steps(
    monkeypatch: pytest.MonkeyPatch, device: PipedDevice
) -> None:
    asked = as_device(monkeypatch, device)
    EvdevKeys.open("/dev/input/event7")
    write, size = 1 << 30, struct.calcsize("i") << 16
    eviocsclockid = write | size | ord("E") << 8 | 0xA0  # _IOW('E', 0xa0, int) of linux/input.h
    assert asked == [(eviocsclockid, struct.pack("i", time.CLOCK_MONOTONIC))]


def test_a_mouse_is_refused(monkeypatch: pytest.MonkeyPatch, device: PipedDevice) -> None:
    as_device(monkeypatch, device)
    device._rawcapabilities = {1: [272, 273], 2: [0, 1]}
    with pytest.raises(UsageError, match=r"event7: 'Barcode Scanner' has no keys that type"):
        EvdevKeys.open("/dev/input/event7")
    assert device.fd == -1


def test_a_missing_device_is_named() -> None:
    with pytest.raises(UsageError, match="/dev/input/event999: there is no such device; plug"):
        EvdevKeys.open("/dev/input/event999")


def test_what_is_no_input_device_is_refused(tmp_path: Path) -> None:
    for path in (os.devnull, str(tmp_path)):
        with pytest.raises(UsageError, match=f"{path}: this is no input device; take one of"):
            EvdevKeys.open(path)


@pytest.mark.parametrize(
    ("number", "cure"),
    [
        (errno.EACCES, "join the group `input`"),
        (errno.ENODEV, "plug it in again"),
        (errno.EMFILE, "ulimit -n"),
        (errno.EIO, "cannot be opened"),
    ],
)
def test_each_failure_to_open_has_its_cure(
    monkeypatch: pytest.MonkeyPatch, number: int, cure: str
) -> None:
    def refuse(path: str, readonly: bool) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(evdev, "InputDevice", refuse)
    with pytest.raises(UsageError, match=f"keyboard scanner /dev/input/event7: .*{cure}"):
        EvdevKeys.open("/dev/input/event7")


def test_without_evdev_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    really_import = builtins.__import__

    def without_evdev(name: str, *args: Any, **options: Any) -> Any:
        if name == "evdev":
            raise ModuleNotFoundError("No module named 'evdev'")
        return really_import(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without_evdev)
    with pytest.raises(UsageError, match=r"pip install 'gatedrill\[hid\]'"):
        EvdevKeys.open("/dev/input/event7")


def test_elsewhere_than_on_linux_the_other_ways_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    with pytest.raises(UsageError, match=r"on Linux only; .* a serial port .*HID-POS"):
        EvdevKeys.open("/dev/input/event7")


def test_our_key_codes_are_the_kernels() -> None:
    from gatedrill.devices.readers.hid import key_codes

    named = {name: code for name, code in vars(key_codes).items() if name.startswith("KEY_")}
    assert named == {name: code_of(name.removeprefix("KEY_")) for name in named}
    top_to_bottom = (
        "GRAVE 1 2 3 4 5 6 7 8 9 0 MINUS EQUAL",
        "Q W E R T Y U I O P LEFTBRACE RIGHTBRACE",
        "A S D F G H J K L SEMICOLON APOSTROPHE BACKSLASH",
        "102ND Z X C V B N M COMMA DOT SLASH",
    )
    assert (
        tuple(tuple(code_of(name) for name in row.split()) for row in top_to_bottom)
        == key_codes.ROWS
    )
    assert {code_of(f"KP{digit}"): str(digit) for digit in range(10)} == key_codes.KEYPAD_DIGITS
