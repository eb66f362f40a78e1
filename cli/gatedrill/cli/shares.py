"""Spreading a venue's emulated devices over several fleets, each a process of its own."""

import os
import re
from collections.abc import Sequence

import msgspec

from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import DeviceInfo

WHOLE = "1/1"
"""The share that is everything."""

DEVICES_A_FLEET = 50
"""From twice as many on, a second process costs less than it gains in simultaneity."""
ORDINARY_DEVICES_A_FLEET = 100
"""The same without real-time priority: processes then take the processor from each other."""


class Share(msgspec.Struct, frozen=True):
    """The share `number`, from 1 on, of `count` shares of about one size."""

    number: int
    count: int

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @classmethod
    def parse(cls, text: str) -> "Share":
        """Read `2/4`; UsageError if it is not of that form, or if there is no such share."""
        found = re.fullmatch(r"([0-9]{1,4})/([0-9]{1,4})", text)
        share = cls(int(found[1]), int(found[2])) if found else cls(0, 0)
        if not 1 <= share.number <= share.count:
            raise UsageError(f"--share {text}: use a number and a count, from 1/1 on, like 2/4")
        return share

    def fleet(self, prefix: str) -> str:
        """The name of the fleet with this share: the bare prefix if it has all."""
        return prefix if self.count == 1 else f"{prefix}-{self.number}of{self.count}"

    def of(self, devices: Sequence[DeviceInfo]) -> tuple[DeviceInfo, ...]:
        """These of the devices; UsageError if there are too few for so many shares.

        They are dealt out in pairs, as every other gate is a camera, and cameras cost most.
        """
        mine = tuple(
            device
            for place, device in enumerate(devices)
            if place // 2 % self.count == self.number - 1
        )
        if not mine:
            raise UsageError(f"--share {self}: {len(devices)} devices are too few for that")
        return mine


class Hosting(msgspec.Struct, frozen=True):
    """Which of a venue's devices a fleet hosts: the `only` one, or a share of those left."""

    share: Share
    only: str | None = None
    without: frozenset[str] = frozenset()

    def fleet(self, prefix: str) -> str:
        """The name of the fleet: its device's, where it has one alone."""
        return self.only or self.share.fleet(prefix)

    def of(self, devices: Sequence[DeviceInfo]) -> tuple[DeviceInfo, ...]:
        """These of the devices; UsageError for a name that none of them has."""
        names = {device.name for device in devices}
        for name in sorted(self.without | ({self.only} if self.only else set())):
            if name not in names:
                raise UsageError(f"--only or --without {name}: there is no such device here")
        if self.only is not None:
            return tuple(device for device in devices if device.name == self.only)
        return self.share.of([device for device in devices if device.name not in self.without])


def shares(devices: int) -> list[Share]:
    """The shares in which so many devices are most simultaneous on this machine."""
    count = fleets_for(devices, cores=_cores(), real_time=_is_real_time_permitted())
    return [Share(number, count) for number in range(1, count + 1)]


def fleets_for(devices: int, *, cores: int, real_time: bool) -> int:
    """How many fleets serve best: at most one a core, and none with few devices."""
    devices_a_fleet = DEVICES_A_FLEET if real_time else ORDINARY_DEVICES_A_FLEET
    return max(1, min(cores, devices // devices_a_fleet))


def _cores() -> int:
    """The cores that this process may use, as far as the system tells."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not Linux
        return os.cpu_count() or 1


def _is_real_time_permitted() -> bool:
    """Whether a fleet will be let go with real-time priority; nothing is left changed."""
    try:
        before = os.sched_getscheduler(0), os.sched_getparam(0)
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        os.sched_setscheduler(0, *before)
    except (AttributeError, OSError):  # not Linux, or not permitted
        return False
    return True
