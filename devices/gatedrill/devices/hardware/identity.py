"""The same device again: what it is known by when it comes back under another name.

`/dev/ttyACM0` becomes `ttyACM1` when a cable is pulled and put back. The rules, of which the first
that applies decides alone:

1. A scanner with a serial number of its own is the one with the same vendor id and that number. Its
   product id may change, as it does with the mode that it is set to, and it may be plugged in
   anywhere.
2. A device on USB without one is what is plugged into the same socket with the same vendor and
   product id. Two identical scanners that swap their sockets swap their gates: nothing about them
   tells one from the other.
3. Anything else is what has the same path that stays, or else the same path. What is no port that a
   system lists, such as a pseudo-terminal, is here as long as its path is.

If several fit, the one in the same socket is taken, then the one at the same interface of it, then
the one at the same path that stays; if that leaves more than one, none is.
Taking the wrong scanner would put one gate's scans on another's account; a gate that waits is
noticed.
"""

import os
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec

from gatedrill.contract.errors import PeerError
from gatedrill.devices.hardware.found import FoundHid, FoundSerialPort
from gatedrill.devices.hardware.stable_paths import names_one_unit
from gatedrill.devices.hardware.usb_tree import socket_of

Found = TypeVar("Found", FoundSerialPort, FoundHid)


class DeviceIdentity(msgspec.Struct, frozen=True):
    """What a device is known by; None where it does not have that, or shares it."""

    path: str
    stable_path: str | None = None
    location: str | None = None
    vendor_id: int | None = None
    product_id: int | None = None
    serial_number: str | None = None

    def __str__(self) -> str:
        if self.serial_number is not None:
            return f"the scanner {self.serial_number} of vendor {self.vendor_id:04x}"
        if self.location is not None and self.vendor_id is not None:
            return f"{self.vendor_id:04x}:{self.product_id:04x} in socket {self.location}"
        return self.stable_path or self.path


SerialIdentity = DeviceIdentity
"""That of a serial port."""


def identity_of(device: Found, among: Sequence[Found] = ()) -> DeviceIdentity:
    """What `device` will be known by.

    `among` are all of its sort that are here now: a serial number that two units show, as cheap
    ones do, is nobody's.
    """
    usb = device.usb
    own = names_one_unit(device, among or [device])
    return DeviceIdentity(
        path=device.path,
        stable_path=device.stable_path,
        location=device.location,
        vendor_id=usb.vendor_id if usb else None,
        product_id=usb.product_id if usb else None,
        serial_number=usb.serial_number if usb and own else None,
    )


def find_again(
    identity: DeviceIdentity,
    ports: Sequence[FoundSerialPort],
    exists: Callable[[str], bool] = os.path.exists,
) -> FoundSerialPort | None:
    """The port that it is now, None while it is not here; PeerError if several could be it."""
    found = _find(identity, ports)
    if found is None and identity.vendor_id is None and exists(identity.path):
        return FoundSerialPort(identity.path)
    return found


def find_hid_again(identity: DeviceIdentity, found: Sequence[FoundHid]) -> FoundHid | None:
    """The HID device that it is now; otherwise as `find_again`."""
    return _find(identity, found)


def _find(identity: DeviceIdentity, found: Sequence[Found]) -> Found | None:
    if identity.serial_number is not None:
        return _only([device for device in found if _has_number(device, identity)], identity)
    if identity.vendor_id is not None and identity.location is not None:
        return _only([device for device in found if _is_in_place(device, identity)], identity)
    return _only(_by_path(identity, found), identity)


def _has_number(device: FoundSerialPort | FoundHid, identity: DeviceIdentity) -> bool:
    usb = device.usb
    return usb is not None and (usb.vendor_id, usb.serial_number) == (
        identity.vendor_id,
        identity.serial_number,
    )


def _is_in_place(device: FoundSerialPort | FoundHid, identity: DeviceIdentity) -> bool:
    here, there = socket_of(device.location), socket_of(identity.location)
    return here == there and _ids(device) == (identity.vendor_id, identity.product_id)


def _by_path(identity: DeviceIdentity, found: Sequence[Found]) -> list[Found]:
    """By the path that stays if it has one, and never another vendor's device."""
    ids = identity.vendor_id, identity.product_id
    same_kind = [device for device in found if _ids(device) == ids]
    if identity.stable_path is not None:
        return [device for device in same_kind if device.stable_path == identity.stable_path]
    return [device for device in same_kind if device.path == identity.path]


def _ids(device: FoundSerialPort | FoundHid) -> tuple[int | None, int | None]:
    return (device.usb.vendor_id, device.usb.product_id) if device.usb else (None, None)


def _only(fitting: list[Found], identity: DeviceIdentity) -> Found | None:
    """The one that fits, else that of those in its socket, at its interface, at its path."""
    socket = socket_of(identity.location)
    in_socket = [device for device in fitting if socket_of(device.location) == socket]
    at_interface = [device for device in in_socket if device.location == identity.location]
    at_path = [device for device in at_interface if device.stable_path == identity.stable_path]
    for left in (fitting, in_socket, at_interface, at_path):
        if len(left) == 1:
            return left[0]
    if not fitting:
        return None
    names = ", ".join(device.path for device in fitting)
    raise PeerError(f"{names} could each be {identity}: leave only one of them plugged in")
