"""Who is here: the fleets that have made themselves known, and their devices."""

import asyncio
from collections.abc import Callable, Collection

from gatedrill.broker.claim import STALE_AFTER_S
from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import PROTOCOL_VERSION, DeviceInfo, Presence


class Roster:
    """Keeps the presences of a venue's fleets and tells when one goes.

    A fleet is gone when the broker says so (its last will), or when its heartbeat has been missing
    for `STALE_AFTER_S`.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._fleets: dict[tuple[str, str], Presence] = {}
        self._seen_ns: dict[tuple[str, str], int] = {}
        self._changed = asyncio.Event()
        self.on_gone: Callable[[str], None] = lambda _boot: None

    def on_presence(self, levels: dict[str, str], presence: Presence | None) -> None:
        """Take note of what a fleet says of itself; None means that it has gone."""
        key = (levels["fleet"], levels["boot"])
        if presence is None:
            self._forget(key)
        elif presence.protocol == PROTOCOL_VERSION:
            self._fleets[key] = presence
            self._seen_ns[key] = self._clock.now_ns()
        self._changed.set()

    def drop_stale(self) -> None:
        """Let go of the fleets whose heartbeats are missing."""
        horizon_ns = self._clock.now_ns() - round(STALE_AFTER_S * 1e9)
        for key in [key for key, seen_ns in self._seen_ns.items() if seen_ns < horizon_ns]:
            self._forget(key)

    def _forget(self, key: tuple[str, str]) -> None:
        self._seen_ns.pop(key, None)
        if self._fleets.pop(key, None) is not None:
            self.on_gone(key[1])

    @property
    def fleets(self) -> list[Presence]:
        """The fleets that are here, by name; of two boots of one, the first that was seen.

        A second boot of a live fleet announces itself too, before it learns that it is refused.
        """
        return sorted(self._fleets.values(), key=lambda fleet: fleet.fleet)

    @property
    def devices(self) -> list[DeviceInfo]:
        """All devices that are here, by name."""
        by_name: dict[str, DeviceInfo] = {}
        for fleet in self.fleets:
            for device in fleet.devices:
                by_name.setdefault(device.name, device)
        return sorted(by_name.values(), key=lambda device: device.name)

    def fleet_of(self, device: str) -> Presence | None:
        """The fleet that hosts this device, if it is here."""
        for fleet in self.fleets:
            if any(each.name == device for each in fleet.devices):
                return fleet
        return None

    async def wait_for(
        self, names: Collection[str], gates: int, kiosks: int, timeout_s: float
    ) -> None:
        """Wait until all these devices, and so many gates and kiosks in all, are here.

        Raises PeerError naming those that did not come.
        """
        try:
            async with asyncio.timeout(timeout_s):
                while self._absence(names, gates, kiosks):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            what = self._absence(names, gates, kiosks)
            raise PeerError(f"waited {timeout_s:g} s for the roster: {what}") from None

    def _absence(self, names: Collection[str], gates: int, kiosks: int) -> str:
        """Who is still missing, in words; empty when nobody is."""
        here = [device.name for device in self.devices]
        missing = [name for name in names if name not in here]
        if missing:
            return f"did not come: {', '.join(missing)}"
        kiosks_here = sum(device.is_kiosk for device in self.devices)
        gates_here = len(here) - kiosks_here
        too_few = [
            f"{needed} {what} are needed, {there} came"
            for what, needed, there in (
                ("devices", gates, gates_here),
                ("kiosks", kiosks, kiosks_here),
            )
            if there < needed
        ]
        if not too_few:
            return ""
        return (
            f"{', '.join(too_few)} (here: {', '.join(here) or 'none'}): "
            "start more with gatedrill fleet"
        )
