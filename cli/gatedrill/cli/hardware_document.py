"""What `gatedrill hardware --json` says; docs/hardware.md promises it."""

import time
from collections.abc import Sequence

import msgspec

from gatedrill.devices.hardware.found import FoundCamera, FoundDevice, FoundHid
from gatedrill.devices.hardware.obstacle import Obstacle
from gatedrill.devices.hardware.survey import Listing, Survey
from gatedrill.devices.hardware.watch import HotPlug


class DeviceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One device. `ids` are vendor and product, as in `05e0:1701`; None where it is not on USB."""

    kind: str
    path: str
    name: str | None
    stable_path: str | None
    location: str | None
    ids: str | None
    vendor: str | None
    product: str | None
    serial_number: str | None
    formats: tuple[str, ...]


class ListedRow(DeviceRow, frozen=True, kw_only=True):
    """A device with the command that uses it, and what is in its way."""

    use: str
    obstacles: tuple[Obstacle, ...]


class EventRow(msgspec.Struct, frozen=True):
    """What has become of a device, and when that was seen (UTC)."""

    time: str
    change: str
    device: DeviceRow


class HardwareDocument(msgspec.Struct, frozen=True):
    """Everything that was found, by what reads it."""

    serial: tuple[ListedRow, ...]
    hid: tuple[ListedRow, ...]
    cameras: tuple[ListedRow, ...]
    keyboards: tuple[ListedRow, ...]
    obstacles: tuple[Obstacle, ...]
    notes: tuple[str, ...]


def document(found: Survey) -> HardwareDocument:
    """A survey as the command writes it."""
    return HardwareDocument(
        serial=_rows(found.serial),
        hid=_rows(found.hid),
        cameras=_rows(found.cameras),
        keyboards=_rows(found.keyboards),
        obstacles=found.obstacles,
        notes=found.notes,
    )


def event_line(event: HotPlug, at: float) -> str:
    """One change as a JSON object, seen `at` seconds of Unix time."""
    seen = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))
    return msgspec.json.encode(EventRow(seen, event.change, _row(event.device))).decode()


def kind_of(device: FoundDevice) -> str:
    """`serial`, `hid-wedge`, `hid-pos`, `camera` or `keyboard`."""
    match device:
        case FoundHid():
            return f"hid-{device.protocol}" if device.is_scanner else "keyboard"
        case FoundCamera():
            return "camera"
        case _:
            return "serial"


def _rows(listings: Sequence[Listing]) -> tuple[ListedRow, ...]:
    return tuple(
        ListedRow(
            **msgspec.structs.asdict(_row(each.device)), use=each.use, obstacles=each.obstacles
        )
        for each in listings
    )


def _row(device: FoundDevice) -> DeviceRow:
    usb = device.usb
    return DeviceRow(
        kind=kind_of(device),
        path=device.path,
        name=None if not isinstance(device, FoundHid | FoundCamera) else device.name,
        stable_path=device.stable_path,
        location=device.location,
        ids=usb.ids if usb else None,
        vendor=usb.vendor if usb else None,
        product=usb.product if usb else None,
        serial_number=usb.serial_number if usb else None,
        formats=device.formats if isinstance(device, FoundCamera) else (),
    )
