"""What a run costs, seen from outside: its processes in /proc, and all that is said on its broker.

Linux alone tells all of this.
"""

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from gatedrill.broker.address import BrokerAddress
from gatedrill.broker.clock import MonotonicClock
from gatedrill.broker.link import LinkLostError, open_link
from gatedrill.contract import topics

LOOK_EVERY_S = 0.1
ROLES = ("fleet", "backend", "broker")
CONDUCTOR = "conductor"
_TICKS = os.sysconf("SC_CLK_TCK")


class Use(NamedTuple):
    """What one process has used: processor time in seconds, and memory (RSS) in MiB."""

    cpu_s: float
    memory_mib: float


class ProcessWatch:
    """Looks at a command and its children; the most and the last that was seen is kept."""

    def __init__(self) -> None:
        self._roles: dict[int, str] = {}
        self._cpu_s: dict[int, float] = {}
        self._memory_mib: dict[int, float] = {}

    async def look(self, command: int) -> None:
        """Look at this process again and again, until cancelled."""
        self._roles[command] = CONDUCTOR
        while True:
            for pid in _family(command):
                self._take(pid)
            await asyncio.sleep(LOOK_EVERY_S)

    def _take(self, pid: int) -> None:
        used = _use(pid)
        if used is None:
            return
        if self._roles.get(pid, "") != CONDUCTOR:  # a child bears another name before it executes
            self._roles[pid] = _role(pid) or self._roles.get(pid, "")
        self._cpu_s[pid] = used.cpu_s
        self._memory_mib[pid] = max(used.memory_mib, self._memory_mib.get(pid, 0.0))

    def cpu_s(self) -> dict[str, float]:
        """Processor time so far, by role."""
        total: dict[str, float] = defaultdict(float)
        for pid, spent_s in self._cpu_s.items():
            total[self._roles[pid]] += spent_s
        return total

    def fleets_mib(self) -> list[float]:
        """The memory of each fleet at its most."""
        return [size for pid, size in self._memory_mib.items() if self._roles[pid] == "fleet"]


class BusWatch:
    """Hears all that is said at a venue on this machine. Its clock is good to a millisecond."""

    def __init__(self) -> None:
        self.clock = MonotonicClock()
        self.messages = 0
        self.octets = 0
        self.answered_ns = 0
        self.gathering_ns: list[int] = []
        self.arming_ns: list[int] = []
        self._armed_from_ns = 0

    async def listen(self, broker: str) -> None:
        """Listen until the broker goes, or until cancelled."""
        try:
            async with open_link(
                BrokerAddress.parse(broker), f"onlooker-{os.getpid()}", cleared_at_death=None
            ) as link:
                await link.subscribe([(f"{topics.ROOT}/#", 0)])
                async for packet in link.packets():
                    self._hear(packet.topic, packet.payload, self.clock.now_ns())
        except LinkLostError:
            return

    def _hear(self, topic: str, payload: bytes, heard_ns: int) -> None:
        self.messages += 1
        self.octets += len(payload)
        if topics.ARM.levels(topic) is not None and not self._armed_from_ns:
            self._armed_from_ns = heard_ns
        elif topics.FIRE.levels(topic) is not None:
            self.arming_ns.append(heard_ns - self._armed_from_ns)
            self._armed_from_ns = 0
        elif topics.REPORT.levels(topic) is not None and payload:
            records = topics.REPORT.decode(payload).records
            if records:
                answered_ns = max(record.decided_ns for record in records)
                self.gathering_ns.append(heard_ns - answered_ns)
                self.answered_ns = max(self.answered_ns, answered_ns)


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in _read(task).split():
            yield from _family(int(child))


def _role(pid: int) -> str | None:
    words = _read(Path(f"/proc/{pid}/cmdline")).split("\0")
    if words[0].endswith("mosquitto"):
        return "broker"
    return next((role for role in ROLES if role in words), None)


def _use(pid: int) -> Use | None:
    _, _, fields = _read(Path(f"/proc/{pid}/stat")).rpartition(") ")
    pages = _read(Path(f"/proc/{pid}/statm")).split()
    if not fields or not pages:
        return None
    in_user, in_kernel = fields.split()[11:13]
    return Use(
        (int(in_user) + int(in_kernel)) / _TICKS,
        int(pages[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20,
    )


def _read(file: Path) -> str:
    """The text; empty when the process has just gone."""
    try:
        return file.read_text()
    except OSError:
        return ""
