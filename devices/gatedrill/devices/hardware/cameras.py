"""Cameras on Linux, by what the kernel says of their video nodes.

No other system tells more than their number without libraries of its own: there a camera is opened
by that.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from gatedrill.devices.hardware.found import FoundCamera
from gatedrill.devices.hardware.machine import Machine, read_line, read_name
from gatedrill.devices.hardware.stable_paths import names_one_unit, stable_path
from gatedrill.devices.hardware.usb_tree import usb_device_of
from gatedrill.devices.hardware.v4l2 import CameraAnswer, ask_camera

AskCamera = Callable[[str], CameraAnswer | None]


def ask_nothing(_: str) -> CameraAnswer | None:
    """For whoever only wants to know which cameras are there, and opens none of them."""
    return None


def list_cameras(machine: Machine | None = None, ask: AskCamera = ask_camera) -> list[FoundCamera]:
    """The cameras of this machine; nothing but on Linux.

    A webcam has a second node, with index 1, for what belongs to its pictures; that is no camera,
    and neither is what says that it delivers no pictures, such as a video encoder.
    """
    machine = machine or Machine()
    if not machine.is_linux:
        return []
    cameras = [
        camera
        for node in machine.entries("/sys/class/video4linux", "video*")
        if (read_line(node / "index") or "0") == "0"
        if (camera := _camera(node, ask)) is not None
    ]
    return [_with_stable_path(machine, camera, cameras) for camera in cameras]


def _camera(node: Path, ask: AskCamera) -> FoundCamera | None:
    path = f"/dev/{node.name}"
    answer = ask(path)
    if answer is not None and not answer.captures:
        return None
    usb, location = usb_device_of(node / "device") or (None, None)
    return FoundCamera(
        path=path,
        name=read_name(node / "name") or "unnamed camera",
        location=location,
        usb=usb,
        formats=answer.formats if answer is not None else (),
    )


def _with_stable_path(
    machine: Machine, camera: FoundCamera, cameras: list[FoundCamera]
) -> FoundCamera:
    # A laptop's two cameras, one for the dark, are one unit and share its name.
    alone = sum(other.location == camera.location for other in cameras) == 1
    by_id = alone and names_one_unit(camera, cameras)
    path = stable_path(machine, "v4l", camera.path, by_id=by_id, ending="-video-index0")
    return msgspec.structs.replace(camera, stable_path=path)
