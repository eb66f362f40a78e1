"""Scanners on Linux that are no serial port: those that type, and those that speak HID-POS.

A factory-new USB scanner types like a keyboard. It cannot be told from one by what it can type,
only by who made it or by its name; so a keyboard of neither is found, too, but not taken for a
scanner.
"""

import re
from pathlib import Path

import msgspec

from gatedrill.devices.hardware.found import FoundHid, UsbIdentity
from gatedrill.devices.hardware.known_vendors import SCANNER_VENDORS, sounds_like_scanner
from gatedrill.devices.hardware.machine import Machine, printable, read_line, read_name
from gatedrill.devices.hardware.report_descriptor import has_usage_page
from gatedrill.devices.hardware.stable_paths import names_one_unit, stable_path
from gatedrill.devices.hardware.usb_tree import usb_device_of

KEY_1, KEY_0, KEY_ENTER = 2, 11, 28
"""linux/input-event-codes.h; the digits stand in a row."""
BAR_CODE_SCANNER_PAGE = 0x8C
"""HID Point of Sale Usage Tables 1.02, section 4."""


def list_hid_devices(machine: Machine | None = None) -> list[FoundHid]:
    """HID-POS scanners, then scanners that type, then other keyboards; nothing but on Linux."""
    machine = machine or Machine()
    if not machine.is_linux:
        return []
    found = [*_point_of_sale(machine), *_typing(machine)]
    found = [_with_stable_path(machine, device, found) for device in found]
    return sorted(found, key=lambda device: not device.is_scanner)


def _typing(machine: Machine) -> list[FoundHid]:
    devices = []
    for event in machine.entries("/sys/class/input", "event*"):
        folder = event / "device"
        if not can_type_codes(read_line(folder / "capabilities" / "key") or ""):
            continue
        usb, location = usb_device_of(folder) or (None, None)
        name = read_name(folder / "name") or "unnamed keyboard"
        devices.append(
            FoundHid(
                path=f"/dev/input/{event.name}",
                protocol="wedge",
                name=name,
                is_scanner=_is_scanner(name, usb),
                location=location,
                usb=usb,
            )
        )
    return devices


def _is_scanner(name: str, usb: UsbIdentity | None) -> bool:
    known = usb is not None and usb.vendor_id in SCANNER_VENDORS
    return known or sounds_like_scanner(name)


def can_type_codes(bitmap: str) -> bool:
    """Whether a key bitmap of `/sys`, words in hexadecimal, holds all digits and Enter.

    That leaves out mice, power buttons, and the volume keys of a headset.
    """
    words = bitmap.split()
    # The last word has the lowest keys. The others are as wide as the kernel's long, which does not
    # matter here: what is wanted is in the lowest 32 bits.
    try:
        lowest = int(words[-1], 16) if words else 0
    except ValueError:
        return False
    wanted = [*range(KEY_1, KEY_0 + 1), KEY_ENTER]
    return all(lowest >> key & 1 for key in wanted)


def _point_of_sale(machine: Machine) -> list[FoundHid]:
    return [
        _raw(node)
        for node in machine.entries("/sys/class/hidraw", "hidraw*")
        if has_usage_page(_bytes(node / "device" / "report_descriptor"), BAR_CODE_SCANNER_PAGE)
    ]


def _raw(node: Path) -> FoundHid:
    usb, location = usb_device_of(node / "device") or (None, None)
    named = re.search(r"(?m)^HID_NAME=(.+)$", read_line(node / "device" / "uevent") or "")
    name = printable(named[1] if named else None) or "unnamed scanner"
    return FoundHid(f"/dev/{node.name}", "pos", name, location=location, usb=usb)


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""


def _with_stable_path(machine: Machine, device: FoundHid, found: list[FoundHid]) -> FoundHid:
    if device.protocol == "pos":  # udev makes no links to raw devices
        return device
    path = stable_path(
        machine,
        "input",
        device.path,
        by_id=names_one_unit(device, found),
        ending="-event-kbd",
    )
    return msgspec.structs.replace(device, stable_path=path)
