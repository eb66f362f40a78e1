"""What `gatedrill hardware` shows a person.

A device is a few short lines, so that 80 columns are enough; a command that cures something is
never broken by us, as it is there to be copied.
"""

import time
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.text import Text

from gatedrill.devices.hardware.found import FoundCamera, FoundDevice, FoundHid
from gatedrill.devices.hardware.known_vendors import ADAPTER_VENDORS, SCANNER_VENDORS
from gatedrill.devices.hardware.obstacle import Obstacle
from gatedrill.devices.hardware.survey import Listing, Survey
from gatedrill.devices.hardware.watch import HotPlug

_MOST_FORMATS = 3
_NOTHING = (
    "no scanner and no camera is connected",
    "  plug in a webcam, or a scanner, best one that is set to a virtual serial port",
    '  (scan the code "USB virtual serial" or "USB COM" of its manual)',
    "  to try without hardware: gatedrill emulate serial gives an emulated scanner",
)


def show(found: Survey, console: Console) -> None:
    """Print what was found, or what to plug in."""
    for heading, listings in _sections(found):
        _line(console, heading, "bold")
        for each in listings:
            _show_device(each, console)
    for obstacle in found.obstacles:
        _show_obstacle(obstacle, console, indent="")
    if not any(is_connected(each.device) for each in found.readers):
        for line in _NOTHING:
            _line(console, line)
    for note in found.notes:
        _line(console, note, "dim")


def is_connected(device: FoundDevice) -> bool:
    """Whether somebody plugged it in; a serial port of the board is there in any case."""
    return device.usb is not None or isinstance(device, FoundHid | FoundCamera)


def words_of_event(event: HotPlug, at: float) -> str:
    """One change in a line, seen `at` seconds of Unix time."""
    clock = time.strftime("%H:%M:%S", time.localtime(at))
    device = event.device
    return (
        f"{clock}  {event.change:<8}  {device.path}  {_title(device)}  {_identity(device)}".strip()
    )


def _sections(found: Survey) -> Iterable[tuple[str, Sequence[Listing]]]:
    # Somebody who looks for a scanner in vain may have one that passes for a keyboard.
    keyboards = () if found.hid else found.keyboards
    sections = (
        ("serial ports", found.serial),
        ("HID scanners", found.hid),
        ("cameras", found.cameras),
        ("keyboards, not taken for scanners", keyboards),
    )
    return [(heading, listings) for heading, listings in sections if listings]


def _show_device(each: Listing, console: Console) -> None:
    device = each.device
    _line(console, f"  {device.path}  {_title(device)}")
    for detail in (_identity(device), device.stable_path or "", _formats(device)):
        if detail:
            _line(console, f"    {detail}", "dim")
    for obstacle in each.obstacles:
        _show_obstacle(obstacle, console, indent="    ")
    _line(console, f"    use: {each.use}")


def _show_obstacle(obstacle: Obstacle, console: Console, indent: str) -> None:
    word, style = ("blocked", "red") if obstacle.blocks else ("note", "yellow")
    _line(console, f"{indent}{word}: {obstacle.what}", style)
    _line(console, f"{indent}  cure: {obstacle.cure}")


def _title(device: FoundDevice) -> str:
    if isinstance(device, FoundHid | FoundCamera):
        return device.name
    if device.usb is None:
        return "a port that is not on USB"
    known = SCANNER_VENDORS | ADAPTER_VENDORS
    named = (device.usb.vendor or known.get(device.usb.vendor_id), device.usb.product)
    return " ".join(name for name in named if name) or "unnamed device"


def _identity(device: FoundDevice) -> str:
    if device.usb is None:
        return ""
    told = [
        device.usb.ids,
        f"serial number {device.usb.serial_number}"
        if device.usb.serial_number
        else "no serial number",
    ]
    if device.location:
        told.append(f"socket {device.location}")
    return ", ".join(told)


def _formats(device: FoundDevice) -> str:
    if not isinstance(device, FoundCamera) or not device.formats:
        return ""
    more = len(device.formats) - _MOST_FORMATS
    shown = ", ".join(device.formats[:_MOST_FORMATS])
    return shown + (f", and {more} more" if more > 0 else "")


def _line(console: Console, line: str, style: str = "") -> None:
    console.print(Text(line, style), soft_wrap=True)
