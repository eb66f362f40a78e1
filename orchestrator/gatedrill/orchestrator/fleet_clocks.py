"""Every fleet's clock against the conductor's: read before it takes part, and once more after."""

import contextlib
from collections.abc import Callable, Iterable

from gatedrill.broker.bus import Bus
from gatedrill.broker.clock import measure_offset
from gatedrill.contract.clock import Clock, ClockEstimate
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import Presence
from gatedrill.orchestrator.history import ClockRead, Event

PONG_TIMEOUT_S = 5.0


class FleetClocks:
    """Remembers the first reading of each boot: a fleet that has started anew counts anew."""

    def __init__(self, bus: Bus, clock: Clock, record: Callable[[list[Event]], None]) -> None:
        self._bus = bus
        self._clock = clock
        self._record = record
        self._first: dict[str, ClockEstimate] = {}
        self._deaf: set[str] = set()

    def knows(self, fleet: Presence) -> bool:
        """Whether this boot's clock was read."""
        return fleet.boot in self._first

    def offset_ns(self, boot: str) -> int:
        """The boot's clock minus the conductor's."""
        return self._first[boot].offset_ns

    async def read(self, fleets: Iterable[Presence]) -> None:
        """Read the clocks of these, once each boot. PeerError for one that does not answer."""
        for fleet in {fleet.boot: fleet for fleet in fleets if not self.knows(fleet)}.values():
            self._first[fleet.boot] = await self._read(fleet)

    async def read_newcomers(self, fleets: Iterable[Presence]) -> None:
        """The same amid a run: who does not answer takes no part, and is not asked again."""
        for fleet in fleets:
            if fleet.boot in self._deaf:
                continue
            try:
                await self.read([fleet])
            except PeerError:
                self._deaf.add(fleet.boot)

    async def read_again(self, fleets: Iterable[Presence]) -> None:
        """Read the clocks that were read before: they may have drifted meanwhile."""
        for fleet in fleets:
            if self.knows(fleet) and self._bus.is_connected:  # else each is waited for in vain
                with contextlib.suppress(PeerError):  # who has gone by now has done its part
                    await self._read(fleet)

    async def _read(self, fleet: Presence) -> ClockEstimate:
        estimate = await measure_offset(
            self._bus, self._clock, fleet.fleet, boot=fleet.boot, timeout_s=PONG_TIMEOUT_S
        )
        reading = ClockRead(fleet.fleet, estimate.offset_ns, estimate.bound_ns, fleet.boot)
        self._record([reading])
        return estimate
