"""Devices that this user may not open, and how that is changed."""

import os
import stat
from pathlib import Path

from gatedrill.devices.hardware.found import FoundDevice
from gatedrill.devices.hardware.obstacle import Obstacle, udev_rule
from gatedrill.devices.hardware.surroundings import Surroundings

_GROUP_MAY = stat.S_IRGRP | stat.S_IWGRP
_ROOT = 0


def forbidden(device: FoundDevice, around: Surroundings) -> Obstacle | None:
    """Whether the file system keeps us from opening it."""
    node = around.machine.at(device.path)
    if not around.machine.is_linux or not node.exists() or around.may_open(node):
        return None
    return Obstacle(
        kind="permission", blocks=True, what="you may not open it", cure=_cure(device, node)
    )


def _cure(device: FoundDevice, node: Path) -> str:
    status = node.stat()
    through_group = status.st_mode & _GROUP_MAY == _GROUP_MAY and status.st_gid != _ROOT
    if through_group:
        return _join(status.st_gid)
    if device.usb is None:
        return f"ask who runs this machine for leave to read and write {device.path}"
    # uaccess is for whoever sits at the machine; its rule has to come before number 73.
    return udev_rule("70-gatedrill.rules", device.usb, 'MODE="0660", TAG+="uaccess"')


def _join(gid: int) -> str:
    group, members = _group(gid)
    if _user() in members:
        return f"log out and in again: you have joined the group {group} since you logged in"
    return f"run this, then log out and in again: sudo usermod -aG {group} $USER"


def _group(gid: int) -> tuple[str, list[str]]:
    import grp  # noqa: PLC0415 - Windows has none

    try:
        entry = grp.getgrgid(gid)
    except KeyError:
        return str(gid), []
    return entry.gr_name, entry.gr_mem


def _user() -> str:
    import pwd  # noqa: PLC0415 - Windows has none

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        return ""
