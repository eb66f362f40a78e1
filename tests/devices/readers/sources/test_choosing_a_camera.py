"""What `--camera` may be given, and what is said of the rest."""

import errno
import fcntl
import os
from pathlib import Path

import cv2
import pytest

from gatedrill.contract.errors import UsageError
from gatedrill.devices.readers.sources import webcam
from gatedrill.devices.readers.sources.choose import open_source
from gatedrill.devices.readers.sources.live import LiveSource
from gatedrill.devices.readers.sources.recorded import RecordedSource


@pytest.mark.parametrize(
    "camera",
    ["0", "12", "/dev/video0", "/dev/v4l/by-id/usb-Camera-index0", "http://cam", "https://cam/x",
     "rtsp://user:password@cam:554/x", "RTSP://cam/x"],
)  # fmt: skip
def test_webcams_and_network_cameras_are_live(camera: str) -> None:
    assert isinstance(open_source(camera), LiveSource)


def test_videos_and_folders_are_recorded(tmp_path: Path) -> None:
    (tmp_path / "gate.MP4").touch()
    (tmp_path / "look.png").touch()
    assert isinstance(open_source(str(tmp_path / "gate.MP4")), RecordedSource)
    assert isinstance(open_source(str(tmp_path)), RecordedSource)


@pytest.mark.parametrize("camera", ["", "nothing.avi", "no\0name", "-1", "²"])
def test_a_file_that_is_not_there_is_named_with_what_there_could_be(camera: str) -> None:
    with pytest.raises(UsageError, match="there is no such file; give a webcam's number") as caught:
        open_source(camera)
    assert repr(camera) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("look.png", "a single picture is no video; give its folder"),
        ("notes.txt", "this is no video; known are .avi, .mp4"),
        ("folder", "there is no PNG or JPEG picture in this folder"),
    ],
)
def test_what_is_neither_video_nor_pictures_is_refused(name: str, why: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.touch() if path.suffix else path.mkdir()
    with pytest.raises(UsageError, match=why):
        open_source(str(path))


@pytest.mark.parametrize(
    ("camera", "why"),
    [
        ("ftp://user:SECRET@cam/x", "camera ftp://cam/...: unknown scheme: .* http, https, rtsp"),
        ("rtp://user:SECRET@cam", "camera rtp://cam: unknown scheme"),
        ("SECRET:x://cam", "unknown scheme"),
        ("http://", "the URL needs a host"),
        ("rtsp://cam:SECRET@", "the URL needs a host"),
        ("rtsp://user:SE/CRET@cam/x", "the URL needs a host"),
        ("rtsp://user:SECRET@cam:99999/x", "a port of 1 to 65535"),
        ("rtsp://user:SECRET@[cam/x", "the URL needs a host"),
        ("admin:SECRET@cam/x", r"camera \.\.\.: there is no such file"),
    ],
)
def test_a_url_that_can_be_no_camera_is_refused_without_what_may_be_secret(
    camera: str, why: str
) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        open_source(camera)
    assert "SE" not in str(caught.value)
    assert "CRET" not in str(caught.value)


async def start_error(camera: str) -> str:
    source = open_source(camera)
    with pytest.raises(UsageError) as caught:
        await source.start()
    await source.stop()
    return str(caught.value)


async def test_a_missing_webcam_is_named_with_those_there_are(
    capfd: pytest.CaptureFixture[str],
) -> None:
    told = await start_error("987")
    assert told.startswith("camera /dev/video987: there is no such camera; this machine has ")
    assert capfd.readouterr() == ("", "")


async def test_a_device_that_is_no_camera_is_refused() -> None:
    assert "camera /dev/null: that is no camera" in await start_error("/dev/null")


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (errno.EACCES, "no permission; join the camera's group (mostly `video`)"),
        (errno.EBUSY, "it is busy; close whatever else uses it"),
        (errno.EIO, "it cannot be opened (Input/output error)"),
    ],
)
async def test_why_a_webcam_cannot_be_opened_is_told(
    number: int, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, flags: int) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "open", refuse)
    assert told in await start_error("0")


@pytest.mark.parametrize(
    ("whole", "node", "can"),
    [
        (0x84A00001, 0x04200001, True),  # a webcam, as uvcvideo describes its first node
        (0x84A00001, 0x04A00000, False),  # and its second, which is for data about the pictures
        (0x00000001, 0x00000000, True),  # an old driver, which does not tell nodes apart
        (0x84201000, 0x04201000, True),  # a capture card with several planes
    ],
)
def test_a_camera_is_told_from_its_other_nodes(
    whole: int, node: int, can: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def describe(descriptor: int, request: int, answer: bytearray) -> int:
        answer[84:92] = whole.to_bytes(4, "little") + node.to_bytes(4, "little")
        return 0

    monkeypatch.setattr(fcntl, "ioctl", describe)
    assert webcam._can_capture(0) is can


async def test_a_webcam_is_asked_for_its_best_format_before_size_and_rate_and_a_short_queue(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[int, float]] = []

    class Obliging:
        def __init__(self, path: str, backend: int) -> None:
            assert (path, backend) == ("/dev/null", cv2.CAP_V4L2)

        def isOpened(self) -> bool:  # noqa: N802 - OpenCV's name
            return True

        def set(self, setting: int, value: float) -> bool:
            asked.append((setting, value))
            return True

    monkeypatch.setattr(webcam, "_can_capture", lambda descriptor: True)
    monkeypatch.setattr(cv2, "VideoCapture", Obliging)
    webcam.open_webcam("/dev/null")
    assert asked == [
        (cv2.CAP_PROP_FOURCC, int.from_bytes(b"MJPG", "little")),
        (cv2.CAP_PROP_FRAME_WIDTH, 1280),
        (cv2.CAP_PROP_FRAME_HEIGHT, 720),
        (cv2.CAP_PROP_FPS, 30),
        (cv2.CAP_PROP_BUFFERSIZE, 1),
    ]


async def test_a_camera_that_opencv_cannot_open_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webcam, "_can_capture", lambda descriptor: True)
    assert "camera /dev/null: it is busy, or delivers no pictures" in await start_error("/dev/null")
