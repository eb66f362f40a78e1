"""What a camera on Linux says that it can deliver, asked by Video4Linux's own calls.

The structures and numbers are those of linux/videodev2.h. OpenCV could not say: it has no call that
lists formats.
"""

import os
import struct
from collections.abc import Callable, Iterator
from typing import Final

import msgspec

Ioctl = Callable[[int, bytearray], None]
"""Asks the camera with this number, and has the answer written into the buffer; or OSError."""


def _number(direction: int, number: int, size: int) -> int:
    """The number of a call as asm-generic/ioctl.h makes it."""
    return direction << 30 | size << 16 | ord("V") << 8 | number


_READ, _READ_WRITE = 2, 3
_CAPABILITY: Final = struct.Struct("=16s32s32s6I")
_FORMAT: Final = struct.Struct("=3I32s4sI3I")
_SIZE: Final = struct.Struct("=I4sI6I2I")
_INTERVAL: Final = struct.Struct("=I4s3I6I2I")
QUERY_CAPABILITY: Final = _number(_READ, 0, _CAPABILITY.size)
ENUM_FORMATS: Final = _number(_READ_WRITE, 2, _FORMAT.size)
ENUM_SIZES: Final = _number(_READ_WRITE, 74, _SIZE.size)
ENUM_INTERVALS: Final = _number(_READ_WRITE, 75, _INTERVAL.size)

_CAPTURE, _CAPTURE_PLANES, _DEVICE_CAPS = 0x1, 0x1000, 0x80000000
_DISCRETE = 1
_MOST = 100
"""No camera has more of anything: it ends the asking of one that never says no."""


class CameraAnswer(msgspec.Struct, frozen=True):
    """Whether a node delivers pictures at all, and in which formats, best first."""

    captures: bool
    formats: tuple[str, ...] = ()


def ask_camera(path: str) -> CameraAnswer | None:
    """Ask the camera at `path`; None if it cannot be asked, which is no fault of the camera.

    It is opened for that, but not started.
    """
    try:
        from fcntl import ioctl  # noqa: PLC0415 - Windows has none

        node = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except (ImportError, OSError):
        return None
    try:
        return answer_of(lambda number, buffer: _discard(ioctl(node, number, buffer)))
    finally:
        os.close(node)


def _discard(_: int) -> None:
    """What an ioctl returns says nothing here."""


def answer_of(ioctl: Ioctl) -> CameraAnswer | None:
    """The same by any means of asking; None if not even the first question is answered."""
    buffer = bytearray(_CAPABILITY.size)
    try:
        ioctl(QUERY_CAPABILITY, buffer)
    except OSError:
        return None
    *_, whole, node, _, _, _ = _CAPABILITY.unpack(buffer)
    able = node if whole & _DEVICE_CAPS else whole
    if not able & (_CAPTURE | _CAPTURE_PLANES):
        return CameraAnswer(captures=False)
    kind = 1 if able & _CAPTURE else 9  # V4L2_BUF_TYPE_VIDEO_CAPTURE, or that of several planes
    return CameraAnswer(captures=True, formats=_formats(ioctl, kind))


def _formats(ioctl: Ioctl, kind: int) -> tuple[str, ...]:
    """Compressed pictures first, as USB carries those at full rate, and large ones before small."""
    found = [
        (code == b"MJPG", width * height, rate, width, height, code)
        for code in _codes(ioctl, kind)
        for width, height in _sizes(ioctl, code)
        for rate in [_best_rate(ioctl, code, width, height)]
    ]
    return tuple(
        f"{code.decode('ascii', 'replace').strip()} {width}x{height}" + (f"@{rate}" if rate else "")
        for _, _, rate, width, height, code in sorted(found, reverse=True)
    )


def _answers(ioctl: Ioctl, number: int, layout: struct.Struct, *asked: object) -> Iterator[bytes]:
    """Each answer to a question that is asked again with the next index until it is refused."""
    for index in range(_MOST):
        buffer = bytearray(layout.size)
        struct.pack_into(_asking(asked), buffer, 0, index, *asked)
        try:
            ioctl(number, buffer)
        except OSError:
            return
        yield bytes(buffer)


def _asking(asked: tuple[object, ...]) -> str:
    return "=I" + "".join("4s" if isinstance(each, bytes) else "I" for each in asked)


def _codes(ioctl: Ioctl, kind: int) -> list[bytes]:
    return [_FORMAT.unpack(answer)[4] for answer in _answers(ioctl, ENUM_FORMATS, _FORMAT, kind)]


def _sizes(ioctl: Ioctl, code: bytes) -> list[tuple[int, int]]:
    """The sizes of a format; of a range of sizes the largest one."""
    sizes = []
    for answer in _answers(ioctl, ENUM_SIZES, _SIZE, code):
        _, _, kind, *numbers = _SIZE.unpack(answer)
        if kind != _DISCRETE:  # min_width, max_width, step_width, min_height, max_height, …
            return [(numbers[1], numbers[4])]
        sizes.append((numbers[0], numbers[1]))
    return sizes


def _best_rate(ioctl: Ioctl, code: bytes, width: int, height: int) -> int:
    """Pictures a second at most, rounded; 0 if it does not tell.

    An interval is a fraction of a second; of a range, the shortest comes first.
    """
    answers = _answers(ioctl, ENUM_INTERVALS, _INTERVAL, code, width, height)
    rates = [0]
    for answer in answers:
        numerator, denominator = _INTERVAL.unpack(answer)[5:7]
        rates.append(round(denominator / numerator) if numerator else 0)
    return max(rates)
