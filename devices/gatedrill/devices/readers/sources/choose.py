"""From what the user calls a camera to what it is."""

import stat
from functools import partial
from pathlib import Path

from gatedrill.contract.errors import UsageError
from gatedrill.devices.readers.camera import FrameSource
from gatedrill.devices.readers.sources.live import STALL_S, LiveSource
from gatedrill.devices.readers.sources.picture_folder import (
    PICTURE_SUFFIXES,
    PictureFolder,
    pictures_in,
)
from gatedrill.devices.readers.sources.recorded import RecordedSource
from gatedrill.devices.readers.sources.stream import checked, open_stream, shown
from gatedrill.devices.readers.sources.video_file import VIDEO_SUFFIXES, VideoFile
from gatedrill.devices.readers.sources.webcam import open_webcam


def open_source(camera: str) -> FrameSource:
    """The source of frames that `camera` names; it is not started yet.

    A number or a device's path is a webcam, a URL a network camera, a file a video, a folder its
    pictures. Raises UsageError for what can be none of them. Whether the camera is there and
    answers shows when it is started. No message repeats what a URL says beyond its host.
    """
    if camera.isascii() and camera.isdigit():
        return _webcam(f"/dev/video{camera}")
    if "://" in camera:
        opening = partial(open_stream, checked(camera), read_timeout_s=STALL_S)
        return LiveSource(shown(camera), opening, stall_s=STALL_S)
    path = Path(camera)
    if camera and path.is_dir():
        pictures_in(path)
        return RecordedSource(camera, partial(PictureFolder, path))
    # A webcam may come later: it is plugged in, a file is not.
    if camera.startswith("/dev/") or _is_device(path):
        return _webcam(camera)
    _check_video(camera, path)
    return RecordedSource(camera, partial(VideoFile, path))


def _webcam(path: str) -> LiveSource:
    return LiveSource(path, partial(open_webcam, path))


def _is_device(path: Path) -> bool:
    try:
        return stat.S_ISCHR(path.stat().st_mode)
    except (OSError, ValueError):  # the latter for a name that no file can have
        return False


def _check_video(camera: str, path: Path) -> None:
    suffix = path.suffix.lower()
    if not camera or not path.is_file():
        # A URL whose scheme was forgotten may have a password as well.
        named = "..." if "@" in camera else repr(camera)
        raise UsageError(
            f"camera {named}: there is no such file; give a webcam's number (0) or path "
            "(/dev/video0), a URL (rtsp://, http://), a video or a folder of pictures"
        )
    if suffix in PICTURE_SUFFIXES:
        raise UsageError(f"camera {camera}: a single picture is no video; give its folder")
    if suffix not in VIDEO_SUFFIXES:
        known = ", ".join(VIDEO_SUFFIXES)
        raise UsageError(f"camera {camera}: this is no video; known are {known}")
