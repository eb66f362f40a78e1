"""Scanners that type or speak HID-POS, and keyboards that are none."""

from pathlib import Path

import pytest
from fake_machine import (
    FULL_KEYBOARD,
    FULL_KEYBOARD_32,
    KEYBOARD_DESCRIPTOR,
    MOUSE,
    POS_DESCRIPTOR,
    POWER_BUTTON,
    FakeMachine,
)

from gatedrill.devices.hardware.hid_devices import can_type_codes, list_hid_devices
from gatedrill.devices.hardware.machine import Machine
from gatedrill.devices.hardware.report_descriptor import has_usage_page


def test_a_known_vendors_keyboard_is_a_scanner_and_a_persons_is_not(fake: FakeMachine) -> None:
    keyboard = fake.keyboard("event2", "CHERRY Tastatur DE", "1-1", "046a:0023")
    scanner = fake.keyboard(
        *("event10", "Honeywell 1950", "1-2", "0c2e:0b61"),
        serial="H7",
        by_id="usb-Honeywell_1950_H7-event-kbd",
    )

    found = list_hid_devices(fake.machine)

    assert [(each.path, each.is_scanner) for each in found] == [(scanner, True), (keyboard, False)]
    assert found[0].usb is not None
    assert (found[0].usb.ids, found[0].usb.serial_number) == ("0c2e:0b61", "H7")
    assert found[0].location == "1-2"
    assert found[0].stable_path == "/dev/input/by-id/usb-Honeywell_1950_H7-event-kbd"


@pytest.mark.parametrize(
    ("name", "is_scanner"),
    [
        ("WPM BarCode Reader", True),
        ("USB Bar Code", True),
        ("Generic 2D SCANNER", True),
        ("Tastatur mit Symbolen", True),  # overcautious is right: it is named, and nothing is read
        ("Logitech K120", False),
    ],
)
def test_an_unknown_vendors_keyboard_is_a_scanner_if_its_name_says_so(
    fake: FakeMachine, name: str, is_scanner: bool
) -> None:
    fake.keyboard("event1", name, "1-1", "1234:5678")
    assert [each.is_scanner for each in list_hid_devices(fake.machine)] == [is_scanner]


def test_a_known_vendors_keyboard_needs_no_telling_name(fake: FakeMachine) -> None:
    fake.keyboard("event1", "USB Keyboard", "1-1", "0536:02d2")
    assert [each.is_scanner for each in list_hid_devices(fake.machine)] == [True]


def test_what_cannot_type_a_code_is_not_even_a_keyboard(fake: FakeMachine) -> None:
    fake.keyboard("event0", "Power Button", None, keys=POWER_BUTTON)
    fake.keyboard("event1", "Zebra Scanner Mouse", "1-1", "05e0:1200", keys=MOUSE)
    assert list_hid_devices(fake.machine) == []


def test_a_keyboard_that_is_not_on_usb_has_no_ids(fake: FakeMachine) -> None:
    fake.keyboard("event0", "AT Translated Set 2 keyboard", None)
    (keyboard,) = list_hid_devices(fake.machine)
    assert (keyboard.usb, keyboard.location, keyboard.is_scanner) == (None, None, False)


@pytest.mark.parametrize(
    ("bitmap", "can"),
    [
        (FULL_KEYBOARD, True),
        (FULL_KEYBOARD_32, True),
        ("10000ffc", True),
        ("ffc", False),  # digits without Enter
        ("10000bfc", False),  # one digit is missing
        ("", False),
        ("no hex", False),
    ],
)
def test_a_key_bitmap_holds_digits_and_enter_or_does_not(bitmap: str, can: bool) -> None:
    assert can_type_codes(bitmap) is can


def test_a_scanner_that_speaks_hid_pos_is_told_by_its_report_descriptor(fake: FakeMachine) -> None:
    pos = fake.hidraw("hidraw1", "1-3", "05e0:1300", "Symbol HID-POS", POS_DESCRIPTOR)
    fake.hidraw("hidraw0", "1-1", "046a:0023", "CHERRY", KEYBOARD_DESCRIPTOR)

    (found,) = list_hid_devices(fake.machine)

    assert (found.path, found.protocol, found.name) == (pos, "pos", "Symbol HID-POS")
    assert found.usb is not None
    assert found.usb.ids == "05e0:1300"


@pytest.mark.parametrize(
    ("descriptor", "has"),
    [
        (POS_DESCRIPTOR, True),
        (KEYBOARD_DESCRIPTOR, False),
        (bytes.fromhex("068c00"), True),  # the page in two bytes
        (bytes.fromhex("26058c"), False),  # a logical maximum that looks like it
        (bytes.fromhex("fe0200058c058c"), True),  # a long item with the same bytes, then the page
        (bytes.fromhex("fe0200058c"), False),
        (bytes.fromhex("fe0100058c00"), False),  # its data ends in the middle of what looks like it
        (bytes.fromhex("05"), False),
        (b"", False),
    ],
)
def test_a_usage_page_is_an_item_and_no_bytes_that_look_like_one(
    descriptor: bytes, has: bool
) -> None:
    assert has_usage_page(descriptor, 0x8C) is has


def test_other_systems_list_nothing(tmp_path: Path) -> None:
    assert list_hid_devices(Machine(tmp_path, "darwin")) == []
