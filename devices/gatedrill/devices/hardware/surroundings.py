"""What else is on a machine that may stand in the way of its devices, looked up once."""

import importlib.util
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from gatedrill.devices.hardware.machine import Machine
from gatedrill.devices.hardware.processes import Process, find_holders, list_processes


class Surroundings(msgspec.Struct, frozen=True):
    """The machine, its processes, and who has which device open.

    `may_open` says whether we may read and write a file, `has_package` whether Python finds a
    package.
    """

    machine: Machine
    processes: tuple[Process, ...]
    holders: Mapping[str, tuple[Process, ...]]
    may_open: Callable[[Path], bool]
    has_package: Callable[[str], bool]

    def runs(self, name: str) -> bool:
        """Whether a process of this name is running."""
        return any(process.name == name for process in self.processes)


def may_open(file: Path) -> bool:
    """Whether this process may read and write it, access lists included."""
    effective = os.access in os.supports_effective_ids
    return os.access(file, os.R_OK | os.W_OK, effective_ids=effective)


def has_package(name: str) -> bool:
    """Whether Python finds this package; it is not imported."""
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:  # whoever hides a package may say so like this
        return False


def look_around(
    machine: Machine,
    *,
    may_open: Callable[[Path], bool] = may_open,
    has_package: Callable[[str], bool] = has_package,
) -> Surroundings:
    """Look once at everything that obstacles are judged by."""
    processes = list_processes(machine)
    return Surroundings(
        machine=machine,
        processes=processes,
        holders=find_holders(machine, processes),
        may_open=may_open,
        has_package=has_package,
    )
