"""Emulated venues: gates, every other one a camera and the rest serial scanners, and kiosks.

It says what there is and imports nothing that such devices are made of: whoever only wants to name
them should not wait for OpenCV.
"""

from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import KIOSK, DeviceInfo
from gatedrill.contract.numbering import numbered
from gatedrill.contract.topics import check_name
from gatedrill.devices.readers.repeat_windows import CAMERA_S, SCANNER_S


def emulated_devices(prefix: str, count: int, kiosks: int = 0) -> tuple[DeviceInfo, ...]:
    """The devices that a fleet of `count` gates and so many kiosks hosts.

    `gate-01` is a camera, `gate-02` serial, and so on, then come `gate-kiosk-01` and its like.
    Raises UsageError when the prefix may not stand in a name, or when there is no device at all.
    """
    check_name(prefix, "name prefix")
    if not count and not kiosks:
        raise UsageError("a fleet needs at least one device: a gate or a kiosk")
    gates = (
        DeviceInfo(name, "serial", SCANNER_S)
        if number % 2
        else DeviceInfo(name, "camera", CAMERA_S)
        for number, name in enumerate(numbered(prefix, count))
    )
    return (*gates, *map(kiosk_info, numbered(f"{prefix}-kiosk", kiosks)))


def kiosk_info(name: str) -> DeviceInfo:
    """What the roster says of a kiosk: without a reader, nothing is ever in its view."""
    return DeviceInfo(name, KIOSK, repeat_window_s=0.0)
