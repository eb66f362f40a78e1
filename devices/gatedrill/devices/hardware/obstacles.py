"""What stands in the way of a device that was found."""

from gatedrill.devices.hardware.found import FoundCamera, FoundDevice, FoundHid, FoundSerialPort
from gatedrill.devices.hardware.grabbers import probed_as_modem, taken_for_braille
from gatedrill.devices.hardware.obstacle import Obstacle
from gatedrill.devices.hardware.permissions import forbidden
from gatedrill.devices.hardware.surroundings import Surroundings


def obstacles_of(device: FoundDevice, around: Surroundings) -> tuple[Obstacle, ...]:
    """Everything that is in its way; what keeps it from being read comes first."""
    rules = (
        missing_package,
        forbidden,
        held,
        probed_as_modem,
        taken_for_braille,
        in_keyboard_mode,
    )
    found = [obstacle for rule in rules if (obstacle := rule(device, around)) is not None]
    return tuple(sorted(found, key=lambda obstacle: not obstacle.blocks))


def held(device: FoundDevice, around: Surroundings) -> Obstacle | None:
    """Whether another process has it open: two readers of one device get half of the codes each.

    Not so for what types: every desktop has all keyboards open, and lets go when they are grabbed.
    """
    if isinstance(device, FoundHid) and device.protocol == "wedge":
        return None
    # ModemManager opens ports by itself, again and again: its own cure is another one.
    holders = [who for who in around.holders.get(device.path, ()) if who.name != "ModemManager"]
    if not holders:
        return None
    names = ", ".join(map(str, holders))
    return Obstacle(
        kind="held",
        blocks=True,
        what=f"{names} has it open",
        cure=f"close that program, or end it with kill {holders[0].pid}",
    )


def in_keyboard_mode(device: FoundDevice, around: Surroundings) -> Obstacle | None:
    """A scanner that types does so into whatever window is in front, until it is grabbed."""
    del around  # one rule is like the other
    if not isinstance(device, FoundHid) or device.protocol != "wedge" or not device.is_scanner:
        return None
    return Obstacle(
        kind="keyboard-mode",
        blocks=False,
        what="it types like a keyboard, and by that keyboard's layout",
        cure='scan the code "USB virtual serial" or "USB COM" of its manual, '
        "or read it as it is, with --hid",
    )


def missing_package(device: FoundDevice, around: Surroundings) -> Obstacle | None:
    """Whether what reads this sort of device is not installed."""
    package, extra = _needed(device)
    if around.has_package(package):
        return None
    return Obstacle(
        kind="package",
        blocks=True,
        what=f"the package that reads it is missing ({package})",
        cure=f"pip install 'gatedrill[{extra}]'",
    )


def _needed(device: FoundDevice) -> tuple[str, str]:
    """The package, as it is imported, and the extra that has it."""
    match device:
        case FoundSerialPort():
            return "serial", "devices"
        case FoundCamera():
            return "cv2", "devices"
        case FoundHid(protocol="pos"):
            return "hid", "hid"
        case _:
            return "evdev", "hid"
