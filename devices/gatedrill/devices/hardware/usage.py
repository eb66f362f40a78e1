"""How a device that was found is named on the command line, so that it is still meant tomorrow."""

import re
import shlex
from collections.abc import Sequence

from gatedrill.devices.hardware.found import FoundCamera, FoundDevice, FoundHid, FoundSerialPort

_OPTIONS = {FoundSerialPort: "--serial", FoundHid: "--hid", FoundCamera: "--camera"}
_PLAIN = re.compile(r"[\w.-]+")


def usage_of(device: FoundDevice, peers: Sequence[FoundDevice]) -> str:
    """The command that starts a gate with this device; `peers` are all of its sort."""
    return f"gatedrill device {_OPTIONS[type(device)]} {shlex.quote(best_name(device, peers))}"


def best_name(device: FoundDevice, peers: Sequence[FoundDevice]) -> str:
    """Its serial number where that is its alone, else a path that stays, else its path.

    A camera has no choice by serial number: cameras are opened by path.
    """
    number = device.usb.serial_number if device.usb else None
    if number and not isinstance(device, FoundCamera) and _PLAIN.fullmatch(number):
        same = [peer for peer in peers if peer.usb and peer.usb.serial_number == number]
        if len(same) == 1:
            return number
    return device.stable_path or device.path
