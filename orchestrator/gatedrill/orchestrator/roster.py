"""Who is here: the fleets that have made themselves known, and their devices."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from gatedrill.broker.bus import Received
from gatedrill.broker.claim import HEARTBEAT_S, STALE_AFTER_S
from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import PROTOCOL_VERSION, DeviceInfo, DeviceState, Presence
from gatedrill.orchestrator.needed import in_short
from gatedrill.orchestrator.speakers import Speakers

TWINS_LEAVE_WITHIN_S = STALE_AFTER_S + HEARTBEAT_S
"""Whoever comes second with a device leaves by itself, and one that was left behind is stale."""


class _Hosted(NamedTuple):
    fleet: Presence
    device: DeviceInfo


class Roster:
    """Keeps the presences of a venue's fleets and tells when one goes.

    A device that two fleets name is the first one's that came. Once the roster is settled, it is
    that fleet's for good, also while that is away.

    A fleet is gone when the broker says so (its last will), or when its heartbeat has been missing
    for `STALE_AFTER_S`. Not if `is_excused` says of its boot that its silence means nothing now; if
    the broker has cleared its presence by then, it has to make itself known again.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._fleets: dict[tuple[str, str], Presence] = {}
        self._seen_ns: dict[tuple[str, str], int] = {}
        self._cleared: set[tuple[str, str]] = set()
        self._unheard: set[tuple[str, str]] = set()
        self._told: dict[tuple[str, str], int] = {}
        self._homes: dict[str, str] = {}
        self._hosted: dict[str, _Hosted] | None = None
        self._changed = asyncio.Event()
        self.speakers = Speakers()
        self.mark = 0
        self.on_gone: Callable[[str], None] = lambda _boot: None
        self.is_excused: Callable[[str], bool] = lambda _boot: False

    def hear(self, received: Received[Presence]) -> None:
        """Take note of a presence; what the broker had kept of a known one is no sign of life."""
        key = (received.levels["fleet"], received.levels["boot"])
        if not (received.retained and key in self._fleets):
            self.on_presence(received.levels, received.message)
            if received.retained and key in self._fleets:
                self._unheard.add(key)
            else:
                self._unheard.discard(key)

    def on_presence(self, levels: dict[str, str], presence: Presence | None) -> None:
        """Take note of what a fleet says of itself; None means that it has gone.

        What it says under another fleet's name or boot is dropped.
        """
        key = (levels["fleet"], levels["boot"])
        if presence is None:
            self._clear(key)
        elif key != (presence.fleet, presence.boot):
            self.speakers.drop(key[0])
        elif presence.protocol == PROTOCOL_VERSION and self.speakers.introduce(*key):
            self._take(key, presence)
        self._changed.set()

    async def settle(self) -> None:
        """From now on each device that is here is its fleet's; nothing if that was done before.

        Raises PeerError naming any two fleets that name the same device, and of which none leaves,
        or that go by the same boot.
        """
        if self._homes:
            return
        for boot, (one, other) in self.speakers.disputed.items():
            raise PeerError(
                f"fleets {one} and {other} both say that they are boot {boot}: one of them copies "
                "the other, so take its account away, and start the other again"
            )

        def is_clear() -> bool:
            if self._twins():
                self.drop_stale()
            return not self._twins()

        if not await self._comes_true(is_clear, TWINS_LEAVE_WITHIN_S):
            (one, other), devices = next(iter(self._twins().items()))
            raise PeerError(
                f"fleets {one} and {other} both name {in_short(sorted(devices))}: "
                "stop one of them, or rename its devices"
            )
        self._homes = {name: hosted.fleet.fleet for name, hosted in self._by_device.items()}

    @property
    def unheard(self) -> dict[str, str]:
        """The fleets by boot that are known from what the broker had kept of them, and no more.

        It clears what it keeps of one that dies, but not if that one's account was taken away.
        """
        return {boot: fleet for fleet, boot in self._unheard}

    def leave_out(self, boots: Collection[str]) -> None:
        """These are not here, whatever the broker has kept of them."""
        for key in [each for each in self._fleets if each[1] in boots]:
            self._forget(key)

    def drop_stale(self) -> None:
        """Let go of the fleets whose heartbeats are missing."""
        horizon_ns = self._clock.now_ns() - round(STALE_AFTER_S * 1e9)
        stale = [key for key, seen_ns in self._seen_ns.items() if seen_ns < horizon_ns]
        for key in {*stale, *self._cleared}:
            if not self.is_excused(key[1]):
                self._forget(key)

    def _take(self, key: tuple[str, str], presence: Presence) -> None:
        self._fleets[key] = presence
        self._hosted = None
        self._seen_ns[key] = self._clock.now_ns()
        self.mark += 1
        self._told[key] = self.mark
        self._cleared.discard(key)
        # Another boot of a name whose presence was cleared: that one was not excused, it is gone.
        for other in [each for each in self._cleared if each[0] == key[0]]:
            self._forget(other)

    def _clear(self, key: tuple[str, str]) -> None:
        if key in self._fleets and self.is_excused(key[1]):
            self._cleared.add(key)
        else:
            self._forget(key)

    def _forget(self, key: tuple[str, str]) -> None:
        self._seen_ns.pop(key, None)
        self._told.pop(key, None)
        self._cleared.discard(key)
        self._unheard.discard(key)
        if self._fleets.pop(key, None) is not None:
            self._hosted = None
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
        devices = (hosted.device for hosted in self._by_device.values())
        return sorted(devices, key=lambda device: device.name)

    @property
    def states(self) -> dict[str, DeviceState]:
        """How the devices stand that may decide by themselves, as last heard of, by name."""
        return {
            name: hosted.fleet.states[name]
            for name, hosted in self._by_device.items()
            if name in hosted.fleet.states
        }

    def has_told_since(self, device: str, mark: int) -> bool:
        """Whether its fleet has made itself known since the roster's `mark` was read."""
        fleet = self.fleet_of(device)
        return fleet is not None and self._told[(fleet.fleet, fleet.boot)] > mark

    def fleet_of(self, device: str) -> Presence | None:
        """The fleet that hosts this device, if it is here."""
        hosted = self._by_device.get(device)
        return None if hosted is None else hosted.fleet

    @property
    def _by_device(self) -> dict[str, _Hosted]:
        """The devices that are here by name, in the order in which their fleets came."""
        if self._hosted is None:
            self._hosted = {}
            for fleet in self._fleets.values():
                for device in fleet.devices:
                    if self._homes.get(device.name, fleet.fleet) == fleet.fleet:
                        self._hosted.setdefault(device.name, _Hosted(fleet, device))
                    else:
                        self.speakers.drop(fleet.fleet)
        return self._hosted

    async def next_change(self, timeout_s: float) -> None:
        """Wait until somebody has come, gone or said anything, but not longer than this."""
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._changed.wait()

    async def wait_for_return(self, gone: Mapping[str, str], timeout_s: float) -> None:
        """Wait until each of these devices is here again, in another boot than this one.

        Raises PeerError naming those that did not come back.
        """
        if not await self._comes_true(lambda: not self._not_back(gone), timeout_s):
            missing = ", ".join(self._not_back(gone))
            raise PeerError(f"waited {timeout_s:g} s: did not come back: {missing}")

    async def wait_to_hear(self, devices: Collection[str], mark: int, timeout_s: float) -> None:
        """Wait until the fleets of these, as far as they are here, tell of themselves again."""

        def all_heard() -> bool:
            here = [name for name in devices if self.fleet_of(name) is not None]
            return all(self.has_told_since(name, mark) for name in here)

        await self._comes_true(all_heard, timeout_s)

    async def _comes_true(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for it through all changes; False if it does not come true in time."""
        try:
            async with asyncio.timeout(timeout_s):
                while not condition():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return condition()
        return True

    def _twins(self) -> dict[tuple[str, str], set[str]]:
        """Devices that two fleets name, by the names of these two."""
        first: dict[str, str] = {}
        twins: dict[tuple[str, str], set[str]] = {}
        for fleet in self.fleets:
            for device in fleet.devices:
                other = first.setdefault(device.name, fleet.fleet)
                if other != fleet.fleet:
                    twins.setdefault((other, fleet.fleet), set()).add(device.name)
        return twins

    def _not_back(self, gone: Mapping[str, str]) -> list[str]:
        here = {device: self.fleet_of(device) for device in gone}
        return [name for name, fleet in here.items() if fleet is None or fleet.boot == gone[name]]
