"""No two devices of one name at a venue: each would do half of what it is told.

Whoever comes second leaves, with a word to the fleet that was there first. That does not hear all
others by itself: each of many fleets would be sent all heartbeats of all.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from gatedrill.broker.bus import Bus, Received
from gatedrill.broker.claim import STALE_AFTER_S
from gatedrill.contract import topics
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import Presence, Twin

_ECHO_S = 10.0


async def refuse_twins(bus: Bus, own: Presence, say_again: Callable[[], None]) -> None:
    """Look around once, our own presence being claimed.

    `say_again` has it published: when it comes back, whatever the broker had kept of others has
    come, too. Raises PeerError if another fleet that is alive hosts a device of a name of ours, and
    tells that fleet; one that is silent for as long as it takes to be called stale has gone.
    """
    look = _Look(own)
    subscription = await bus.listen(topics.PRESENCE, look.hear)
    try:
        say_again()
        await _in_time(look.heard_ourselves, _ECHO_S)
        if look.suspects:
            await _in_time(look.met, STALE_AFTER_S)
    finally:
        await subscription.end()
    if look.twin is not None:
        word = Twin(own.fleet, own.host, look.twins_name)
        with suppress(PeerError):
            await bus.publish(topics.TWIN, word, fleet=own.fleet, boot=look.twin.boot)
        raise PeerError(
            f"{look.twins_name} is here already, in fleet {look.twin.fleet} on {look.twin.host} "
            f"(boot {look.twin.boot}): choose another name"
        )


class _Look:
    def __init__(self, own: Presence) -> None:
        self._own = own
        self._names = {device.name for device in own.devices}
        self.suspects: dict[str, str] = {}
        self.twin: Presence | None = None
        self.twins_name = ""
        self.heard_ourselves = asyncio.Event()
        self.met = asyncio.Event()

    def hear(self, received: Received[Presence]) -> None:
        presence = received.message
        boot = received.levels["boot"]
        if presence is None:
            self.suspects.pop(boot, None)
        elif boot == self._own.boot:
            if not received.retained:
                self.heard_ourselves.set()
        elif received.levels["fleet"] != self._own.fleet:
            self._compare(boot, presence, is_alive=not received.retained)

    def _compare(self, boot: str, presence: Presence, *, is_alive: bool) -> None:
        shared = next((each.name for each in presence.devices if each.name in self._names), None)
        if shared is None:
            return
        self.suspects[boot] = shared
        if is_alive and self.twin is None:
            self.twin, self.twins_name = presence, shared
            self.met.set()


async def _in_time(event: asyncio.Event, timeout_s: float) -> None:
    try:
        async with asyncio.timeout(timeout_s):
            await event.wait()
    except TimeoutError:
        return
