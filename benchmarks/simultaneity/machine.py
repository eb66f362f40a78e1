"""What was measured on, named so that a reader can judge a figure."""

import os
import platform
import re
import resource
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import msgspec
from benchmarks.simultaneity import peers
from benchmarks.simultaneity.priority import is_real_time_permitted
from benchmarks.simultaneity.roster import cores

BUSY = 0.25
"""Of a core's time, taken by others: figures suffer from then on."""


class Machine(msgspec.Struct, frozen=True):
    """The machine and its software; `load` is the load average when the run began."""

    system: str
    processor: str
    cores: int
    real_time_permitted: bool
    load: float
    versions: dict[str, str]
    peers: dict[str, str]

    def lines(self) -> list[str]:
        """For people, as a list."""
        permitted = "permitted" if self.real_time_permitted else "not permitted"
        busy = "; it was busy with other things" if self.load > self.cores * BUSY else ""
        return [
            f"- {self.system}, {self.processor}, {self.cores} cores",
            f"- real-time priority is {permitted}",
            f"- {listed(self.versions)}; beside it: {listed(self.peers)}",
            f"- load average of the machine at the beginning: {self.load:.2f}{busy}",
        ]


def this_machine() -> Machine:
    """The one that this runs on."""
    return Machine(
        system=platform.platform(),
        processor=processor(),
        cores=cores(),
        real_time_permitted=is_real_time_permitted(),
        load=os.getloadavg()[0],
        versions=own_versions(),
        peers=peer_versions(),
    )


def own_versions() -> dict[str, str]:
    """Of gatedrill and what it sends requests with."""
    installed = {name: version(name) for name in ("gatedrill", "httpx", "httpcore")}
    return {"Python": platform.python_version(), **installed}


def peer_versions() -> dict[str, str]:
    """Of the peers that are installed."""
    found = {name: peers.version_of(name) for name in ("aiohttp", "httpx", "k6", "locust")}
    return {name: number for name, number in found.items() if number}


def listed(versions: Mapping[str, str]) -> str:
    """As in `k6 1.1.0, locust 2.47.0`."""
    return ", ".join(f"{name} {number}" for name, number in versions.items()) or "nothing"


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        told = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        told = None
    return told[1] if told else platform.machine()


def raise_file_limit(needed: int) -> None:
    """As far as it goes; ends the program where that is not far enough for `needed` files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < needed:
        sys.exit(f"only {hard} open files are permitted here: raise `ulimit -Hn` to {needed}")
