"""Webcams on Linux (Video4Linux2).

The order of the settings matters: MJPG first, because most webcams offer their higher sizes and
rates in that format alone, then size and rate, and last the shortest queue.
"""

import errno
import fcntl
import os
import struct
from pathlib import Path

import cv2

from gatedrill.contract.errors import UsageError
from gatedrill.devices.readers.sources.capture import Capture, set_up

WIDTH, HEIGHT, FRAMES_PER_S = 1280, 720, 30
"""What is asked for; the driver takes the nearest that the camera can do."""
READ_TIMEOUT_S = 3

# From linux/videodev2.h: struct v4l2_capability has 104 bytes, the last two words but three say
# what the hardware as a whole and what this very node can do.
_VIDIOC_QUERYCAP = 0x80685600
_CAPABILITIES = struct.Struct("84x II 12x")
_CAN_CAPTURE = 0x1 | 0x1000  # V4L2_CAP_VIDEO_CAPTURE, .._MPLANE
_HAS_NODE_CAPABILITIES = 0x80000000


def open_webcam(path: str) -> Capture:
    """Open the camera at `path`, such as `/dev/video0` or a name below `/dev/v4l/by-id`.

    Raises UsageError when there is none, it is forbidden, busy or no camera. Waits for the driver.
    """
    set_up()
    # OpenCV bounds a read by this alone, 10 s unless told: it lies in the environment.
    os.environ.setdefault("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", str(READ_TIMEOUT_S))
    _check(path)
    capture = cv2.VideoCapture(path, cv2.CAP_V4L2)
    if not capture.isOpened():
        capture.release()
        raise UsageError(
            f"camera {path}: it is busy, or delivers no pictures that can be read; close whatever "
            "else uses it"
        )
    for setting, value in (
        (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG")),
        (cv2.CAP_PROP_FRAME_WIDTH, WIDTH),
        (cv2.CAP_PROP_FRAME_HEIGHT, HEIGHT),
        (cv2.CAP_PROP_FPS, FRAMES_PER_S),
        (cv2.CAP_PROP_BUFFERSIZE, 1),
    ):
        capture.set(setting, value)
    return capture


def _check(path: str) -> None:
    """Find out what OpenCV would not tell: it only says that a camera cannot be opened."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise UsageError(f"camera {path}: {_cure(error)}") from error
    try:
        if not _can_capture(descriptor):
            raise UsageError(
                f"camera {path}: that is no camera, or its node for data beside the pictures; "
                f"this machine has {_known_cameras()}"
            )
    finally:
        os.close(descriptor)


def _can_capture(descriptor: int) -> bool:
    answer = bytearray(_CAPABILITIES.size)
    try:
        fcntl.ioctl(descriptor, _VIDIOC_QUERYCAP, answer)
    except OSError:  # not even a video device
        return False
    whole, node = _CAPABILITIES.unpack(answer)
    return bool((node if whole & _HAS_NODE_CAPABILITIES else whole) & _CAN_CAPTURE)


def _cure(error: OSError) -> str:
    match error.errno:
        case errno.ENOENT | errno.ENODEV | errno.ENXIO:
            return f"there is no such camera; this machine has {_known_cameras()}"
        case errno.EACCES | errno.EPERM:
            return "no permission; join the camera's group (mostly `video`) and log in again"
        case errno.EBUSY:
            return "it is busy; close whatever else uses it"
        case _:
            return f"it cannot be opened ({error.strerror})"


def _known_cameras() -> str:
    return ", ".join(sorted(map(str, Path("/dev").glob("video[0-9]*")))) or "none"
