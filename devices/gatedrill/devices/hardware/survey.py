"""Everything that was found, what is in its way, and how it would be used."""

from collections.abc import Sequence

import msgspec

from gatedrill.devices.hardware.cameras import AskCamera
from gatedrill.devices.hardware.catalogue import find_devices
from gatedrill.devices.hardware.found import FoundDevice
from gatedrill.devices.hardware.grabbers import vanished_ports
from gatedrill.devices.hardware.machine import Machine
from gatedrill.devices.hardware.obstacle import Obstacle
from gatedrill.devices.hardware.obstacles import obstacles_of
from gatedrill.devices.hardware.serial_ports import Comports
from gatedrill.devices.hardware.surroundings import Surroundings, look_around
from gatedrill.devices.hardware.usage import usage_of
from gatedrill.devices.hardware.v4l2 import ask_camera


class Listing(msgspec.Struct, frozen=True):
    """One device, the command that uses it, and what is in its way."""

    device: FoundDevice
    use: str
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def is_blocked(self) -> bool:
        """Whether it cannot be read as things are."""
        return any(obstacle.blocks for obstacle in self.obstacles)


class Survey(msgspec.Struct, frozen=True):
    """What a machine has for gates to read with.

    `obstacles` are in the way of what is therefore not listed; `notes` say what this system does
    not tell.
    """

    serial: tuple[Listing, ...] = ()
    hid: tuple[Listing, ...] = ()
    cameras: tuple[Listing, ...] = ()
    keyboards: tuple[Listing, ...] = ()
    obstacles: tuple[Obstacle, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def readers(self) -> tuple[Listing, ...]:
        """All but the keyboards."""
        return (*self.serial, *self.hid, *self.cameras)


def survey(
    machine: Machine | None = None,
    comports: Comports | None = None,
    ask: AskCamera = ask_camera,
    around: Surroundings | None = None,
) -> Survey:
    """Look through the machine once; cameras are asked for their formats, nothing else is opened.

    `around` is looked up if it is not given.
    """
    machine = machine or Machine()
    around = around or look_around(machine)
    found = find_devices(machine, comports, ask)
    return Survey(
        serial=_listings(found.serial, found.serial, around),
        hid=_listings(found.hid, (*found.hid, *found.keyboards), around),
        cameras=_listings(found.cameras, found.cameras, around),
        keyboards=_listings(found.keyboards, (*found.hid, *found.keyboards), around),
        obstacles=tuple(vanished_ports(around)),
        notes=() if machine.is_linux else _NOT_TOLD,
    )


_NOT_TOLD = (
    "cameras cannot be listed on this system: they are opened by number, the first is 0",
    "scanners that type like a keyboard cannot be listed here: switch them to a serial port",
)


def _listings(
    devices: Sequence[FoundDevice], peers: Sequence[FoundDevice], around: Surroundings
) -> tuple[Listing, ...]:
    return tuple(
        Listing(device, usage_of(device, peers), obstacles_of(device, around)) for device in devices
    )
