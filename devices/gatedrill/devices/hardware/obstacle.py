"""Something that stands in the way of a device, and what to do about it."""

from typing import Literal

import msgspec

from gatedrill.devices.hardware.found import UsbIdentity

ObstacleKind = Literal["permission", "held", "modem-manager", "brltty", "keyboard-mode", "package"]


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """What is in the way, and the one line that cures it.

    One that `blocks` keeps the device from being read; any other may spoil it, or is worth knowing.
    """

    kind: ObstacleKind
    blocks: bool
    what: str
    cure: str


def udev_rule(file: str, usb: UsbIdentity, then: str) -> str:
    """The commands, in one line, that have udev treat every device of this vendor so."""
    rule = f'ATTRS{{idVendor}}=="{usb.vendor_id:04x}", {then}'
    return (
        f"run this, then plug it in again: echo '{rule}' | "
        f"sudo tee -a /etc/udev/rules.d/{file} && sudo udevadm control --reload"
    )
