"""A piece of hardware that could be a gate's reader, as the system describes it."""

from typing import Literal

import msgspec

HidProtocol = Literal["wedge", "pos"]


class UsbIdentity(msgspec.Struct, frozen=True):
    """What a USB device says of itself. `serial_number` is None where it has none, as many do.

    The product id changes with the mode that a scanner is set to; vendor and serial number stay.
    """

    vendor_id: int
    product_id: int
    vendor: str | None = None
    product: str | None = None
    serial_number: str | None = None

    @property
    def ids(self) -> str:
        """Vendor and product as everybody writes them: `0c2e:0b6a`."""
        return f"{self.vendor_id:04x}:{self.product_id:04x}"


class FoundSerialPort(msgspec.Struct, frozen=True):
    """A serial port. `stable_path` survives replugging, where the system offers such a name.

    `location` is the socket that it is plugged into, as the system names it; `usb` is None for a
    port that is not on USB.
    """

    path: str
    stable_path: str | None = None
    location: str | None = None
    usb: UsbIdentity | None = None


class FoundHid(msgspec.Struct, frozen=True):
    """A scanner that types like a keyboard (`protocol` wedge) or speaks HID-POS (`protocol` pos).

    `path` is what is opened: an event device (`/dev/input/event3`) or a raw one (`/dev/hidraw0`).
    `is_scanner` is False for what looks like a person's keyboard: no known scanner's vendor, and no
    name that says so. Cheap scanners look like that, too.
    """

    path: str
    protocol: HidProtocol
    name: str
    is_scanner: bool = True
    stable_path: str | None = None
    location: str | None = None
    usb: UsbIdentity | None = None


class FoundCamera(msgspec.Struct, frozen=True):
    """A camera. `formats` are what it can deliver, as `MJPG 1280x720@30`, best known first."""

    path: str
    name: str
    stable_path: str | None = None
    location: str | None = None
    usb: UsbIdentity | None = None
    formats: tuple[str, ...] = ()


FoundDevice = FoundSerialPort | FoundHid | FoundCamera
