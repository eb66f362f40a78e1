"""Everything on this machine that could be a gate's reader."""

from collections.abc import Callable

import msgspec

from gatedrill.devices.hardware.cameras import AskCamera, ask_nothing, list_cameras
from gatedrill.devices.hardware.found import FoundCamera, FoundDevice, FoundHid, FoundSerialPort
from gatedrill.devices.hardware.hid_devices import list_hid_devices
from gatedrill.devices.hardware.machine import Machine
from gatedrill.devices.hardware.serial_ports import Comports, list_serial_ports


class Catalogue(msgspec.Struct, frozen=True):
    """What was found. Keyboards that are not taken for scanners are apart from `hid`."""

    serial: tuple[FoundSerialPort, ...] = ()
    hid: tuple[FoundHid, ...] = ()
    cameras: tuple[FoundCamera, ...] = ()
    keyboards: tuple[FoundHid, ...] = ()

    @property
    def devices(self) -> tuple[FoundDevice, ...]:
        """All that may be readers, in the order in which they are listed."""
        return (*self.serial, *self.hid, *self.cameras)


FindDevices = Callable[[], Catalogue]


def find_devices(
    machine: Machine | None = None,
    comports: Comports | None = None,
    ask: AskCamera = ask_nothing,
) -> Catalogue:
    """Look through the machine once. Nothing is opened but cameras, and those if `ask` does."""
    machine = machine or Machine()
    hid = list_hid_devices(machine)
    return Catalogue(
        serial=tuple(list_serial_ports(machine, comports)),
        hid=tuple(device for device in hid if device.is_scanner),
        cameras=tuple(list_cameras(machine, ask)),
        keyboards=tuple(device for device in hid if not device.is_scanner),
    )
