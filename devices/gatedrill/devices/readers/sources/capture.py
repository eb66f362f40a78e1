"""What OpenCV opens, and how OpenCV is kept within bounds."""

import os
from typing import Protocol

import cv2

from gatedrill.devices.readers.decoders import Image


class Capture(Protocol):
    """The part of `cv2.VideoCapture` that is used. One thread alone may use it."""

    def read(self) -> tuple[bool, Image]:
        """Wait for a frame; False and anything when there is none."""
        ...

    def release(self) -> None:
        """Let go of the hardware, file or connection."""
        ...


def set_up() -> None:
    """Keep OpenCV to one thread, and its and FFmpeg's warnings from standard error.

    The warnings stand among ours and help nobody at a gate; whoever wants them sets
    `OPENCV_LOG_LEVEL` and `OPENCV_FFMPEG_LOGLEVEL`. FFmpeg's is looked up when the first file or
    stream is opened: call this before. Gates have threads of their own to decode in; OpenCV's wait
    busily for the next frame (turning one of 1280 x 720 gray: 1.6 ms of processor time with two
    threads, 0.7 with one).
    """
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET
    if "OPENCV_LOG_LEVEL" not in os.environ:
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)
    cv2.setNumThreads(1)
