"""Names of devices that survive replugging: the links that udev keeps below `/dev`."""

from collections.abc import Iterable

from gatedrill.devices.hardware.found import FoundDevice
from gatedrill.devices.hardware.machine import Machine
from gatedrill.devices.hardware.usb_tree import socket_of


def stable_path(
    machine: Machine, family: str, path: str, *, by_id: bool, ending: str = ""
) -> str | None:
    """The link in `/dev/{family}/by-id`, else in `by-path`, that leads to `path`; None without one.

    `by_id` says whether the former may be used: it names a unit only where that has a serial number
    of its own. Two scanners without one share a name there, and the link leads to one of them.
    """
    target = machine.at(path).resolve()
    for naming in ("by-id", "by-path") if by_id else ("by-path",):
        for link in machine.entries(f"/dev/{family}/{naming}", f"*{ending}"):
            if link.resolve() == target:
                return f"/dev/{family}/{naming}/{link.name}"
    return None


def names_one_unit(device: FoundDevice, found: Iterable[FoundDevice]) -> bool:
    """Whether its serial number is its own: of all that were found, no other unit shows it.

    Cheap scanners all have the same one, or none. Several ports in one socket are one unit.
    """
    if device.usb is None or device.usb.serial_number is None:
        return False
    same = {
        socket_of(other.location)
        for other in found
        if other.usb is not None
        and other.usb.vendor_id == device.usb.vendor_id
        and other.usb.serial_number == device.usb.serial_number
    }
    return len(same) == 1 and (None not in same or _is_alone(device, found))


def _is_alone(device: FoundDevice, found: Iterable[FoundDevice]) -> bool:
    """Where the system names no sockets, two with one serial number may be two units."""
    return sum(other.usb == device.usb for other in found) == 1
