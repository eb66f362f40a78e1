"""The adapter to raw HID devices, by way of hidapi."""

import errno
import importlib
import os
import sys
from types import ModuleType
from typing import Any, Final, Protocol, Self

from gatedrill.contract.errors import UsageError

_MOST_BYTES: Final = 1024


class Reports(Protocol):
    """A raw HID device, opened. All but the opening happens in one thread."""

    def descriptor(self) -> bytes:
        """The device's report descriptor; OSError if the system does not give it."""
        ...

    def read(self, timeout_ms: int) -> bytes:
        """The next input report, empty if none comes in time; OSError when the device is gone."""
        ...

    def close(self) -> None:
        """Let go of the device."""
        ...


class HidapiReports:
    """A raw HID device of the system's: `Reports` of real hardware."""

    def __init__(self, device: Any) -> None:
        self._device = device

    @classmethod
    def open(cls, path: str) -> Self:
        """Open the device at `path`: on Linux `/dev/hidraw…`, elsewhere as hidapi names it.

        Raises UsageError when hidapi is not installed, and when `path` is missing, forbidden or no
        such device.
        """
        device = _hidapi().device()
        try:
            device.open_path(os.fsencode(path))
        except OSError as error:
            raise UsageError(f"HID-POS scanner {path}: {_cure(path)}") from error
        return cls(device)

    def descriptor(self) -> bytes:
        """The report descriptor; OSError if the system does not give it."""
        return bytes(self._device.get_report_descriptor())

    def read(self, timeout_ms: int) -> bytes:
        """The next report, empty if none comes in time; OSError when the device is gone."""
        return bytes(self._device.read(_MOST_BYTES, timeout_ms))

    def close(self) -> None:
        """Close the device."""
        self._device.close()


def _hidapi() -> ModuleType:
    # On Linux the package has two modules: `hid` goes past the kernel's driver by libusb and knows
    # no /dev/hidraw.
    name = "hidraw" if sys.platform == "linux" else "hid"
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise UsageError(
            f"hidapi, which reads HID-POS scanners, is not installed ({error}): "
            "pip install 'gatedrill[hid]'"
        ) from error
    if not hasattr(module, "device"):
        raise UsageError(
            f"the module {name!r} is not hidapi's but that of another package of the name: "
            "pip uninstall hid, then pip install --force-reinstall hidapi"
        )
    return module


def _cure(path: str) -> str:
    """Why it cannot be opened: hidapi does not say, so the system is asked once more."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
    except OSError as error:
        return _system_cure(error)
    return "this is no raw HID device; on Linux take one of /dev/hidraw…"


def _system_cure(error: OSError) -> str:
    match error.errno:
        case errno.ENOENT:
            return "there is no such device; plug the scanner in, or set it to HID-POS"
        case errno.EACCES | errno.EPERM:
            return (
                "no permission; on Linux a udev rule opens it: "
                'KERNEL=="hidraw*", ATTRS{idVendor}=="VENDOR", MODE="0660", GROUP="input"'
            )
        case _:
            return f"it cannot be opened ({error})"
