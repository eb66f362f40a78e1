"""Services of a Linux desktop that take serial ports for what they are not."""

from gatedrill.devices.hardware.found import FoundDevice, FoundSerialPort
from gatedrill.devices.hardware.known_vendors import ADAPTER_VENDORS
from gatedrill.devices.hardware.machine import Machine, read_line
from gatedrill.devices.hardware.obstacle import Obstacle, udev_rule
from gatedrill.devices.hardware.surroundings import Surroundings
from gatedrill.devices.hardware.usb_tree import read_identity

_MODEM_MANAGER = "ModemManager"
_BRLTTY = "brltty"
_LEFT_ALONE = ("E:ID_MM_DEVICE_IGNORE=1", "E:ID_MM_PORT_IGNORE=1")
_LET_BRLTTY_GO = (
    "if nobody here reads Braille, run this, then plug it in again: "
    "sudo systemctl mask --now brltty.path brltty-udev.service brltty.service"
)


def probed_as_modem(device: FoundDevice, around: Surroundings) -> Obstacle | None:
    """ModemManager opens what may be a modem, sends AT commands, and holds it for seconds.

    `ttyACM` is what both modems and scanners are. Which of them it asks depends on its policy and
    its version; it leaves alone what a udev rule marks
    (freedesktop.org, ModemManager reference manual, "Modem filter").
    """
    if not isinstance(device, FoundSerialPort) or device.usb is None:
        return None
    name = device.path.rpartition("/")[2]
    if not name.startswith("ttyACM") or not around.runs(_MODEM_MANAGER):
        return None
    if is_told_to_leave_alone(around.machine, name):
        return None
    return Obstacle(
        kind="modem-manager",
        blocks=False,
        what="ModemManager is running and may take it for a modem for some seconds",
        cure=udev_rule("78-gatedrill.rules", device.usb, 'ENV{ID_MM_DEVICE_IGNORE}="1"'),
    )


def is_told_to_leave_alone(machine: Machine, name: str) -> bool:
    """Whether udev's records mark the terminal `name`; they are kept by the device's number."""
    number = read_line(machine.at(f"/sys/class/tty/{name}/dev"))
    records = read_line(machine.at(f"/run/udev/data/c{number}")) or ""
    return any(line in _LEFT_ALONE for line in records.splitlines())


def taken_for_braille(device: FoundDevice, around: Surroundings) -> Obstacle | None:
    """brltty may take the chips of cheap scanners for a Braille display, and the port away."""
    if not isinstance(device, FoundSerialPort) or device.usb is None:
        return None
    if device.usb.vendor_id not in ADAPTER_VENDORS or not around.runs(_BRLTTY):
        return None
    what = "brltty may take it for a Braille display, and the port away"
    return Obstacle(kind="brltty", blocks=False, what=what, cure=_LET_BRLTTY_GO)


def vanished_ports(around: Surroundings) -> list[Obstacle]:
    """Adapters that are plugged in and have no serial port while brltty runs.

    This is how it mostly shows: the port appears and is gone a second later.
    """
    if not around.runs(_BRLTTY):
        return []
    found = []
    for folder in around.machine.entries("/sys/bus/usb/devices"):
        usb = read_identity(folder)
        if usb is None or usb.vendor_id not in ADAPTER_VENDORS:
            continue
        if not any(folder.glob("*:*/tty*")):
            what = (
                f"the adapter {usb.ids} in socket {folder.name} has no serial port: brltty has it"
            )
            found.append(Obstacle(kind="brltty", blocks=True, what=what, cure=_LET_BRLTTY_GO))
    return found
