"""What a person writes, and which device that is."""

import os
import pty
from pathlib import Path

import pytest

from gatedrill.contract.errors import UsageError
from gatedrill.devices.hardware.choosing import choose_hid, choose_serial
from gatedrill.devices.hardware.found import FoundHid, FoundSerialPort, UsbIdentity

ZEBRA = FoundSerialPort(
    "/dev/ttyACM0",
    "/dev/serial/by-id/usb-Symbol_S123",
    "1-2:1.0",
    UsbIdentity(0x05E0, 0x1701, "Symbol", "DS2208", "S123"),
)
OTHER_ZEBRA = FoundSerialPort(
    "/dev/ttyACM1", None, "1-7:1.0", UsbIdentity(0x05E0, 0x1701, "Symbol", "DS2208", "S124")
)
LEFT = FoundSerialPort(
    "/dev/ttyUSB0", "/dev/serial/by-path/left", "1-3", UsbIdentity(0x1A86, 0x7523)
)
RIGHT = FoundSerialPort(
    "/dev/ttyUSB1", "/dev/serial/by-path/right", "1-4", UsbIdentity(0x1A86, 0x7523)
)
BOARD = FoundSerialPort("/dev/ttyS0")
ALL = (ZEBRA, LEFT, RIGHT, BOARD)

WEDGE = FoundHid("/dev/input/event5", "wedge", "Honeywell", usb=UsbIdentity(0x0C2E, 0x0B61))
POS = FoundHid("/dev/hidraw0", "pos", "Symbol", usb=UsbIdentity(0x05E0, 0x1300, serial_number="S9"))
KEYBOARD = FoundHid(
    "/dev/input/event2", "wedge", "CHERRY", is_scanner=False, usb=UsbIdentity(0x046A, 0x23)
)


@pytest.mark.parametrize(
    ("wanted", "ports", "chosen"),
    [
        ("auto", ALL, ZEBRA),
        ("auto", (LEFT, BOARD), LEFT),
        ("S123", ALL, ZEBRA),
        ("05e0:1701", ALL, ZEBRA),
        ("05E0:1701", ALL, ZEBRA),
        ("/dev/ttyUSB1", ALL, RIGHT),
        ("/dev/serial/by-path/left", ALL, LEFT),
        ("/dev/ttyS0", ALL, BOARD),
        ("S124", (ZEBRA, OTHER_ZEBRA), OTHER_ZEBRA),
    ],
)
def test_what_fits_one_port_is_that_port(
    wanted: str, ports: tuple[FoundSerialPort, ...], chosen: FoundSerialPort
) -> None:
    assert choose_serial(wanted, ports) == chosen


@pytest.mark.parametrize(
    ("wanted", "ports", "names"),
    [
        ("auto", (LEFT, RIGHT), ["--serial /dev/serial/by-path/left", "by-path/right"]),
        ("auto", (ZEBRA, OTHER_ZEBRA, LEFT), ["--serial S123 or --serial S124", "ttyACM1"]),
        ("1a86:7523", ALL, ["/dev/ttyUSB0", "/dev/ttyUSB1", "by-path/right"]),
    ],
)
def test_what_fits_several_is_refused_and_names_them_all_and_how_to_choose(
    wanted: str, ports: tuple[FoundSerialPort, ...], names: list[str]
) -> None:
    with pytest.raises(UsageError, match="devices fit") as refused:
        choose_serial(wanted, ports)
    assert all(name in str(refused.value) for name in names)


@pytest.mark.parametrize(
    ("wanted", "ports", "message"),
    [
        ("auto", (), "no serial port on USB is found; this machine has none"),
        ("auto", (BOARD,), "no serial port on USB is found; .*ttyS0"),
        ("S999", ALL, "no serial port has the serial number 'S999'; .*S123"),
        ("0c2e:0b6a", ALL, "no serial port has the ids 0c2e:0b6a"),
        ("/dev/ttyACM9", ALL, "there is no serial port /dev/ttyACM9; .*ttyACM0"),
        ("COM9", (), "there is no serial port COM9"),
        ("socket://127.0.0.1:4000", ALL, "there is no serial port socket"),
    ],
)
def test_what_fits_nothing_says_what_is_here(
    wanted: str, ports: tuple[FoundSerialPort, ...], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        choose_serial(wanted, ports)


def test_two_scanners_with_one_serial_number_are_refused_by_it() -> None:
    twins = [
        FoundSerialPort(f"/dev/ttyACM{n}", f"/dev/by-path/{n}", f"1-{n}", UsbIdentity(1, 2, None,
        None, "0001"))
        for n in (0, 1)
    ]  # fmt: skip
    with pytest.raises(UsageError, match="--serial /dev/by-path/0 or --serial /dev/by-path/1"):
        choose_serial("0001", twins)


def test_a_pseudo_terminal_is_taken_as_it_is() -> None:
    ours, theirs = pty.openpty()
    try:
        path = os.ttyname(theirs)
        assert choose_serial(path, ALL) == FoundSerialPort(path)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_link_of_ones_own_is_the_port_that_it_leads_to(tmp_path: Path) -> None:
    link = tmp_path / "gate-north"
    link.symlink_to("/dev/ttyACM0")
    assert choose_serial(str(link), ALL) == ZEBRA


def test_a_windows_port_may_be_written_in_small_letters() -> None:
    port = FoundSerialPort("COM3")
    assert choose_serial("com3", [port]) == port


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        ("auto", WEDGE),
        ("0c2e:0b61", WEDGE),
        ("/dev/input/event5", WEDGE),
        ("046a:0023", KEYBOARD),
        ("/dev/input/event2", KEYBOARD),
    ],
)
def test_a_keyboard_is_chosen_only_by_name(wanted: str, chosen: FoundHid) -> None:
    assert choose_hid(wanted, [KEYBOARD, WEDGE]) == chosen


def test_hid_scanners_are_chosen_by_serial_number_too() -> None:
    assert choose_hid("S9", [WEDGE, POS]) == POS


@pytest.mark.parametrize(
    ("wanted", "found", "message"),
    [
        ("auto", [WEDGE, POS], "2 devices fit.*--hid /dev/input/event5 or --hid S9"),
        ("auto", [KEYBOARD], "no HID scanner is found; .*CHERRY, a keyboard by its looks"),
        ("auto", [], "no HID scanner is found; this machine has none"),
        ("/dev/input/event0", [WEDGE], "event0 is no HID device that could be a scanner"),
        ("S1", [POS], "no HID device has the serial number 'S1'"),
    ],
)
def test_a_hid_scanner_that_cannot_be_told_is_refused(
    wanted: str, found: list[FoundHid], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        choose_hid(wanted, found)
