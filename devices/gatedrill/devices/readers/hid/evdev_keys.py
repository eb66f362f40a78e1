"""The adapter to Linux' event devices, by way of python-evdev."""

import contextlib
import errno
import fcntl
import struct
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Self

from gatedrill.contract.errors import UsageError
from gatedrill.devices.readers.hid.key_codes import KEY_2
from gatedrill.devices.readers.hid.key_events import EV_KEY, Happening, KeyFilter

if TYPE_CHECKING:
    from evdev import InputDevice

# _IOW('E', 0xa0, int) of linux/input.h, which python-evdev does not offer.
_EVIOCSCLOCKID: Final = 0x400445A0


class EvdevKeys:
    """An event device that is a keyboard: `KeyEvents` of real hardware."""

    def __init__(self, device: "InputDevice[str]") -> None:
        self._device = device
        self._filter = KeyFilter()

    @classmethod
    def open(cls, path: str) -> Self:
        """Open the keyboard at `path`, mostly `/dev/input/event…`.

        Raises UsageError when evdev is not installed or the system has none, and when `path` is
        missing, forbidden or no keyboard.
        """
        try:
            device = _input_device(path)
        except OSError as error:
            raise UsageError(f"keyboard scanner {path}: {_cure(error)}") from error
        if KEY_2 not in device.capabilities().get(EV_KEY, []):
            device.close()
            raise UsageError(
                f"keyboard scanner {path}: {device.name!r} has no keys that type, so it is no "
                "keyboard; a scanner often has several event devices, take the other one"
            )
        # Where it is refused, events are stamped with the time of day, which seldom steps.
        with contextlib.suppress(OSError):
            fcntl.ioctl(device.fd, _EVIOCSCLOCKID, struct.pack("i", time.CLOCK_MONOTONIC))
        return cls(device)

    def fileno(self) -> int:
        """The device's descriptor."""
        return self._device.fd

    def grab(self) -> None:
        """Keep every other program, and the desktop, from seeing the keys; OSError if taken."""
        self._device.grab()

    def events(self) -> Sequence[Happening]:
        """What has happened since; BlockingIOError if nothing, OSError when it was unplugged."""
        picked = [
            self._filter.pick(event.type, event.code, event.value, event.timestamp())
            for event in self._device.read()
        ]
        return [happening for happening in picked if happening is not None]

    def close(self) -> None:
        """Close the device, which ends the grab."""
        self._device.close()


def _input_device(path: str) -> "InputDevice[str]":
    if sys.platform != "linux":
        raise UsageError(
            f"keyboard scanner {path}: scanners that type are read on Linux only; set the scanner "
            "to a serial port (USB COM, virtual serial) or to HID-POS by the codes in its manual"
        )
    try:
        from evdev import InputDevice  # noqa: PLC0415 - an extra, and there is none but for Linux
    except ImportError as error:
        raise UsageError(
            f"evdev, which reads scanners that type, is not installed ({error}): "
            "pip install 'gatedrill[hid]'"
        ) from error
    # For reading alone: opened for writing, some scanners' lights are set anew.
    return InputDevice(path, readonly=True)


def _cure(error: OSError) -> str:
    match error.errno:
        case errno.ENOENT:
            return "there is no such device; plug the scanner in, or look for it in /dev/input"
        case errno.EACCES | errno.EPERM:
            return "no permission; join the group `input` (usermod -aG input NAME), log in again"
        case errno.ENOTTY | errno.EINVAL | errno.EISDIR:
            return "this is no input device; take one of /dev/input/event… or /dev/input/by-id/…"
        case errno.ENODEV | errno.ENXIO:
            return "the scanner is not plugged in any more; plug it in again"
        case errno.EMFILE:
            return "too many files are open in this process; raise `ulimit -n`"
        case _:
            return f"it cannot be opened ({error})"
