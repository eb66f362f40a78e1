"""Cameras, and what they answer when they are asked for their formats."""

import errno
import struct
from pathlib import Path
from typing import TypeVar

from fake_machine import FakeMachine

from gatedrill.devices.hardware import v4l2
from gatedrill.devices.hardware.cameras import ask_nothing, list_cameras
from gatedrill.devices.hardware.machine import Machine
from gatedrill.devices.hardware.v4l2 import CameraAnswer, answer_of, ask_camera

T = TypeVar("T")

CAPTURE, PLANES, OUTPUT, DEVICE_CAPS = 0x1, 0x1000, 0x2, 0x80000000


class Recorded:
    """Answers of a camera, by question: what was written into the buffer, by index."""

    def __init__(self, able: int = CAPTURE, whole: int | None = None) -> None:
        self.able = able
        self.whole = DEVICE_CAPS | able if whole is None else whole
        self.formats: list[bytes] = []
        self.sizes: dict[bytes, list[tuple[int, ...]]] = {}
        self.rates: dict[tuple[bytes, int, int], list[tuple[int, int]]] = {}
        self.kinds: set[int] = set()

    def ioctl(self, number: int, buffer: bytearray) -> None:
        if number == v4l2.QUERY_CAPABILITY:
            struct.pack_into("=II", buffer, 84, self.whole, self.able)
            return
        (index,) = struct.unpack_from("=I", buffer)
        if number == v4l2.ENUM_FORMATS:
            self.kinds.add(struct.unpack_from("=I", buffer, 4)[0])
            buffer[44:48] = _at(self.formats, index)
            return
        code = bytes(buffer[4:8])
        if number == v4l2.ENUM_SIZES:
            size = _at(self.sizes[code], index)
            kind = 1 if len(size) == 2 else 3
            struct.pack_into(f"=I{len(size)}I", buffer, 8, kind, *size)
            return
        width, height = struct.unpack_from("=II", buffer, 8)
        interval = _at(self.rates.get((code, width, height), []), index)
        struct.pack_into("=III", buffer, 16, 1, *interval)


def _at(answers: list[T], index: int) -> T:
    if index >= len(answers):
        raise OSError(errno.EINVAL, "no more")
    return answers[index]


def webcam() -> Recorded:
    camera = Recorded()
    camera.formats = [b"YUYV", b"MJPG"]
    camera.sizes = {b"YUYV": [(640, 480)], b"MJPG": [(640, 480), (1280, 720)]}
    camera.rates = {
        (b"YUYV", 640, 480): [(1, 30), (1, 15)],
        (b"MJPG", 1280, 720): [(1, 10), (1001, 30000)],
    }
    return camera


def test_the_call_numbers_are_those_of_the_kernels_header() -> None:
    """Printed by a C program that includes linux/videodev2.h, on x86-64."""
    assert v4l2.QUERY_CAPABILITY == 0x80685600
    assert v4l2.ENUM_FORMATS == 0xC0405602
    assert v4l2.ENUM_SIZES == 0xC02C564A
    assert v4l2.ENUM_INTERVALS == 0xC034564B


def test_formats_come_compressed_ones_first_then_large_ones() -> None:
    assert answer_of(webcam().ioctl) == CameraAnswer(
        captures=True, formats=("MJPG 1280x720@30", "MJPG 640x480", "YUYV 640x480@30")
    )


def test_of_a_range_of_sizes_the_largest_is_told() -> None:
    camera = Recorded(able=PLANES)
    camera.formats = [b"NV12"]
    camera.sizes = {b"NV12": [(32, 4056, 2, 32, 3040, 2)]}
    assert answer_of(camera.ioctl) == CameraAnswer(captures=True, formats=("NV12 4056x3040",))
    assert camera.kinds == {9}


def test_what_delivers_no_pictures_is_no_camera_whatever_the_whole_device_can() -> None:
    metadata = Recorded(able=0x00800000, whole=DEVICE_CAPS | CAPTURE | 0x00800000)
    assert answer_of(metadata.ioctl) == CameraAnswer(captures=False)


def test_one_that_cannot_be_asked_is_no_error(tmp_path: Path) -> None:
    def refuse(_number: int, _buffer: bytearray) -> None:
        raise OSError(errno.ENOTTY, "not a camera")

    file = tmp_path / "video0"
    file.touch()
    assert answer_of(refuse) is None
    assert ask_camera(str(file)) is None
    assert ask_camera(str(tmp_path / "video1")) is None


def test_a_webcam_with_two_nodes_is_one_camera(fake: FakeMachine) -> None:
    usb = fake.usb("1-4", "046d:0825", serial="C270X")
    path = fake.camera("video0", "UVC Camera (C270)", usb, by_id="usb-046d_0825_C270X")
    fake.camera("video1", "UVC Camera (C270)", usb, index=1, by_id="usb-046d_0825_C270X")
    asked = []

    def ask(path: str) -> CameraAnswer:
        asked.append(path)
        return CameraAnswer(captures=True, formats=("MJPG 1280x720@30",))

    (camera,) = list_cameras(fake.machine, ask)

    assert (camera.path, camera.name, camera.location) == (path, "UVC Camera (C270)", "1-4")
    assert camera.stable_path == "/dev/v4l/by-id/usb-046d_0825_C270X-video-index0"
    assert camera.formats == ("MJPG 1280x720@30",)
    assert camera.usb is not None
    assert camera.usb.ids == "046d:0825"
    assert asked == ["/dev/video0"]


def test_a_camera_that_cannot_be_asked_is_listed_without_formats(fake: FakeMachine) -> None:
    fake.camera("video0", "Webcam", fake.usb("1-4", "046d:0825"))
    (camera,) = list_cameras(fake.machine, ask_nothing)
    assert camera.formats == ()


def test_a_video_encoder_is_left_out(fake: FakeMachine) -> None:
    fake.file("/sys/class/video4linux/video11/name", "bcm2835-codec-encode")
    fake.file("/sys/class/video4linux/video11/index", "0")
    assert list_cameras(fake.machine, lambda _: CameraAnswer(captures=False)) == []


def test_two_cameras_in_one_unit_are_named_by_socket_and_interface(fake: FakeMachine) -> None:
    """As in laptops, whose second one is for the dark: both have one name in by-id."""
    usb = fake.usb("1-5", "04f2:b67c", serial="0001")
    fake.camera("video0", "Integrated Camera", usb, by_id="usb-Chicony_0001")
    fake.camera("video2", "Integrated IR", usb, interface="1.2", by_id="usb-Chicony_0001")

    stable = [camera.stable_path for camera in list_cameras(fake.machine, ask_nothing)]

    assert stable == [
        f"/dev/v4l/by-path/pci-usb-1-5:{interface}-video-index0" for interface in ("1.0", "1.2")
    ]


def test_other_systems_have_no_list_of_cameras(tmp_path: Path) -> None:
    assert list_cameras(Machine(tmp_path, "win32")) == []
