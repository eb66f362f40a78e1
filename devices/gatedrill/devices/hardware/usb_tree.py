"""Which USB device something is part of, by Linux's tree of devices."""

from pathlib import Path

from gatedrill.devices.hardware.found import UsbIdentity
from gatedrill.devices.hardware.machine import read_line, read_name


def usb_device_of(device: Path) -> tuple[UsbIdentity, str] | None:
    """The USB device that `device`, a link in `/sys/class`, leads to, and its socket (`1-1.4`).

    None for what is not on USB. Above each part of a device stands the device itself, the first
    folder that has an `idVendor`.
    """
    try:
        part = device.resolve(strict=True)
    except (OSError, RuntimeError):  # it went while we looked; a link that leads to itself
        return None
    for folder in (part, *part.parents):
        if identity := read_identity(folder):
            return identity, folder.name
    return None


def read_identity(folder: Path) -> UsbIdentity | None:
    """What the USB device in this folder of `/sys` says of itself; None if none is there."""
    vendor_id, product_id = _hex(folder / "idVendor"), _hex(folder / "idProduct")
    if vendor_id is None or product_id is None:
        return None
    return UsbIdentity(
        vendor_id=vendor_id,
        product_id=product_id,
        vendor=read_name(folder / "manufacturer"),
        product=read_name(folder / "product"),
        serial_number=read_name(folder / "serial"),
    )


def _hex(file: Path) -> int | None:
    try:
        return int(read_line(file) or "", 16)
    except ValueError:
        return None


def socket_of(location: str | None) -> str | None:
    """The socket alone: `1-1.4` of `1-1.4:1.0`, which also names one of several interfaces."""
    return location.partition(":")[0] if location else None
