"""Which processes run, and which of them has a device open, by Linux's `/proc`.

Of a process nothing is told but its number and its short name: arguments may hold secrets. Of the
processes of other users an ordinary user does not see what they have open.
"""

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import msgspec

from gatedrill.devices.hardware.machine import Machine, read_name


class Process(msgspec.Struct, frozen=True, order=True):
    """A running process: its number, and the kernel's name for it, of at most 15 characters."""

    pid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (process {self.pid})"


def list_processes(machine: Machine) -> tuple[Process, ...]:
    """Every process, whosever it is; none where there is no `/proc`."""
    return tuple(
        Process(int(folder.name), name)
        for folder in machine.entries("/proc", "[0-9]*")
        if folder.name.isdecimal() and (name := read_name(folder / "comm")) is not None
    )


def find_holders(
    machine: Machine, processes: tuple[Process, ...]
) -> Mapping[str, tuple[Process, ...]]:
    """Who has which device open: processes by the device's path, such as `/dev/ttyACM0`."""
    holders: defaultdict[str, set[Process]] = defaultdict(set)
    for process in processes:
        for path in _open_files(machine.at(f"/proc/{process.pid}/fd")):
            if path.startswith("/dev/"):
                holders[path].add(process)
    return {path: tuple(sorted(who)) for path, who in holders.items()}


def _open_files(folder: Path) -> list[str]:
    paths = []
    try:
        for descriptor in folder.iterdir():
            try:
                paths.append(str(descriptor.readlink()))
            except OSError:  # closed meanwhile
                continue
    except OSError:  # another user's, or ended meanwhile
        return []
    return paths
