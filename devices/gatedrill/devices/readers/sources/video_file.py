"""Video files."""

from pathlib import Path

import cv2

from gatedrill.contract.errors import UsageError
from gatedrill.devices.readers.camera import Frame
from gatedrill.devices.readers.sources.capture import set_up

VIDEO_SUFFIXES = (".avi", ".mp4", ".m4v", ".mkv", ".mov", ".webm")
"""What is taken for a video. FFmpeg would also play a text file, as a picture of its letters."""

_USUAL_FRAMES_PER_S = 25.0
_MOST_FRAMES_PER_S = 1000.0


class VideoFile:
    """A `Recording` that is a video file. A broken end counts as the end."""

    def __init__(self, path: Path) -> None:
        """Open it; UsageError if it is no video."""
        set_up()
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            self._capture.release()
            raise UsageError(f"camera {path}: this is no video that can be read, or it is damaged")
        frames_per_s = self._capture.get(cv2.CAP_PROP_FPS)
        is_sane = 0 < frames_per_s <= _MOST_FRAMES_PER_S  # some files do not know, or lie
        self._interval_s = 1 / (frames_per_s if is_sane else _USUAL_FRAMES_PER_S)

    @property
    def interval_s(self) -> float:
        """The time from one frame to the next, by the file's own frame rate."""
        return self._interval_s

    def next_frame(self) -> Frame | None:
        """The next frame; None after the last."""
        is_there, frame = self._capture.read()
        return frame if is_there else None

    def close(self) -> None:
        """Close the file."""
        self._capture.release()
