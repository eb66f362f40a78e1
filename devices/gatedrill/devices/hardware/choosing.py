"""Choosing a device by what a person writes: its serial number, its ids, its path, or `auto`.

Nothing is guessed: what fits several devices is refused, and all of them are named.
"""

import os
import re
from collections.abc import Sequence
from typing import TypeVar

from gatedrill.contract.errors import UsageError
from gatedrill.devices.hardware.found import FoundHid, FoundSerialPort
from gatedrill.devices.hardware.known_vendors import SCANNER_VENDORS
from gatedrill.devices.hardware.usage import best_name

AUTO = "auto"

_IDS = re.compile(r"[0-9a-fA-F]{4}:[0-9a-fA-F]{4}")
_WINDOWS_PORT = re.compile(r"COM\d+", re.IGNORECASE)

Found = TypeVar("Found", FoundSerialPort, FoundHid)


def choose_serial(wanted: str, ports: Sequence[FoundSerialPort]) -> FoundSerialPort:
    """The port that `wanted` means: `auto`, a path, `VID:PID`, or a serial number.

    `auto` is the only port of a known scanner's vendor, or else the only one on USB; a port that is
    not on USB has to be named, as it is there whether or not a scanner is connected. A path that
    exists and is not among the ports, a pseudo-terminal for instance, is taken as it is. Raises
    UsageError where nothing fits, or several do.
    """
    if wanted == AUTO:
        on_usb = [port for port in ports if port.usb is not None]
        known = [port for port in on_usb if port.usb and port.usb.vendor_id in SCANNER_VENDORS]
        return _only_one(known or on_usb, ports, "--serial", "no serial port on USB is found")
    listed = _at_path(wanted, ports)
    if listed is not None:
        return listed
    if _is_path(wanted):
        if os.path.exists(wanted):  # noqa: PTH110 - a device, not a file to work with
            return FoundSerialPort(path=wanted)
        raise UsageError(f"there is no serial port {wanted}; {_here(ports)}")
    return _by_identity(wanted, ports, "--serial", "serial port")


def choose_hid(wanted: str, found: Sequence[FoundHid]) -> FoundHid:
    """The scanner that `wanted` means: `auto`, a path, `VID:PID`, or a serial number.

    `auto` is the only one that is taken for a scanner. A keyboard that is not can be named by any
    of the others: a cheap scanner looks like one. Raises UsageError where nothing fits, or several
    do.
    """
    if wanted == AUTO:
        scanners = [device for device in found if device.is_scanner]
        return _only_one(scanners, found, "--hid", "no HID scanner is found")
    listed = _at_path(wanted, found)
    if listed is not None:
        return listed
    if _is_path(wanted):
        raise UsageError(f"{wanted} is no HID device that could be a scanner; {_here(found)}")
    return _by_identity(wanted, found, "--hid", "HID device")


def _at_path(wanted: str, found: Sequence[Found]) -> Found | None:
    """The device that this path leads to, by whichever of its names."""
    for device in found:
        if wanted in (device.path, device.stable_path):
            return device
        if _WINDOWS_PORT.fullmatch(wanted) and device.path.upper() == wanted.upper():
            return device
    leads_to = os.path.realpath(wanted)
    return next((device for device in found if device.path == leads_to), None)


def _is_path(wanted: str) -> bool:
    return "/" in wanted or "\\" in wanted or _WINDOWS_PORT.fullmatch(wanted) is not None


def _by_identity(wanted: str, found: Sequence[Found], option: str, what: str) -> Found:
    fitting = [device for device in found if device.usb and device.usb.serial_number == wanted]
    if not fitting and _IDS.fullmatch(wanted):
        ids = wanted.lower()
        fitting = [device for device in found if device.usb and device.usb.ids == ids]
        none = f"no {what} has the ids {ids}"
    else:
        none = f"no {what} has the serial number {wanted!r}"
    return _only_one(fitting, found, option, none)


def _only_one(fitting: Sequence[Found], found: Sequence[Found], option: str, none: str) -> Found:
    """The one that fits; UsageError names those that do, or all that are here."""
    if len(fitting) == 1:
        return fitting[0]
    if not fitting:
        raise UsageError(f"{none}; {_here(found)}")
    choices = " or ".join(f"{option} {best_name(device, found)}" for device in fitting)
    raise UsageError(f"{len(fitting)} devices fit, {_names(fitting)}: choose one with {choices}")


def _here(found: Sequence[Found]) -> str:
    return f"this machine has {_names(found)}" if found else "this machine has none"


def _names(found: Sequence[Found]) -> str:
    return ", ".join(f"{device.path} ({_words(device)})" for device in found)


def _words(device: FoundSerialPort | FoundHid) -> str:
    if isinstance(device, FoundHid) and not device.is_scanner:
        return f"{device.name}, a keyboard by its looks"
    if device.usb is None:
        return "not on USB"
    name = device.usb.product or device.usb.vendor or "unnamed"
    number = device.usb.serial_number
    return f"{name}, {device.usb.ids}" + (f", serial number {number}" if number else "")
