"""What all gates of a fleet fall back on: one download of the tickets serves them all."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import NoReturn

from gatedrill.contract.errors import GatedrillError
from gatedrill.contract.messages import DeviceState, QueueEntry
from gatedrill.devices.offline.cached_ticket import ManifestRows
from gatedrill.devices.standby import Standby

ENTRIES_A_MESSAGE = 200
LOOK_EVERY_S = 1.0
REFRESH_EVERY_S = 300.0
"""How old a copy may become while the service is there."""

logger = logging.getLogger(__name__)


class Standbys:
    """The standbys of a fleet, by device.

    `download` brings the service's tickets, or what has changed since an instant of its own time of
    day; it raises PeerError where that fails.
    """

    def __init__(
        self,
        by_device: Mapping[str, Standby],
        download: Callable[[int | None], Awaitable[ManifestRows]],
    ) -> None:
        self._by_device = by_device
        self._download = download

    async def hold(self, edition: str, devices: Iterable[str]) -> dict[str, str]:
        """Have these devices hold copies of this edition; returns those that do not, and why."""
        lacking = [
            standby
            for name in devices
            if (standby := self._by_device.get(name)) and standby.edition != edition
        ]
        if not lacking:
            return {}
        try:
            rows = await self._download(None)
            await asyncio.gather(*(standby.take_copy(edition, rows) for standby in lacking))
        except GatedrillError as error:
            logger.warning("no copy of the tickets: %s", error)
            return {standby.device: f"has no copy of the tickets: {error}" for standby in lacking}
        return {}

    def states(self) -> dict[str, DeviceState]:
        """How each stood a moment ago."""
        return {name: standby.state for name, standby in self._by_device.items()}

    async def keep_looking(self, changed: Callable[[], None]) -> NoReturn:
        """Look how each stands, over and over; `changed` when somebody should know at once."""
        told: object = None
        while True:
            for failure in await asyncio.gather(
                *(each.look() for each in self._by_device.values()), return_exceptions=True
            ):
                if failure is not None:
                    logger.warning("cannot count a queue: %s", failure)
            seen = {name: (each.authority, not each.queued) for name, each in self.states().items()}
            if seen != told:
                told = seen
                changed()
            await asyncio.sleep(LOOK_EVERY_S)

    async def keep_fresh(self) -> NoReturn:
        """Take what the service changes into the copies that are held, every few minutes."""
        while True:
            await asyncio.sleep(REFRESH_EVERY_S)
            held = [standby for standby in self._by_device.values() if standby.edition]
            try:
                if held:
                    changes = await self._download(await _oldest_ns(held))
                    await asyncio.gather(*(standby.freshen(changes) for standby in held))
            except GatedrillError as error:
                logger.warning("the copies of the tickets stay as they are: %s", error)

    def set_clock(self, device: str, skew_s: float) -> None:
        """From now on the time of day of this device is wrong by so much, if it is one of ours."""
        if device in self._by_device:
            self._by_device[device].time_of_day.set_skew(skew_s)

    async def entries(self, edition: str) -> Iterator[tuple[QueueEntry, ...]]:
        """What the journals hold of this edition, as many entries at a time as fit a message."""
        held = await asyncio.gather(
            *(standby.entries(edition) for standby in self._by_device.values())
        )
        entries = [entry for each in held for entry in each]
        return (
            tuple(entries[start : start + ENTRIES_A_MESSAGE])
            for start in range(0, len(entries), ENTRIES_A_MESSAGE)
        )


async def _oldest_ns(held: Iterable[Standby]) -> int | None:
    """Up to when all of these copies are complete; None if that is unknown of any."""
    until_ns = [await standby.copied_until_ns() for standby in held]
    known_ns = [each for each in until_ns if each is not None]
    return min(known_ns) if len(known_ns) == len(until_ns) else None
