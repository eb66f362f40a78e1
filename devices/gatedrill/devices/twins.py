"""No two devices of one name at a venue: each would do half of what it is told.

Whoever comes second leaves, with a word to the fleet that was there first. That does not hear all
others by itself: each of many fleets would be sent all heartbeats of all. So of two that look
around at the same time each finds the other, and neither knows who came first: the one that is
later by name leaves at once, and the other one waits for that before it leaves as well.
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
        with suppress(TimeoutError):
            async with asyncio.timeout(_ECHO_S):
                await look.heard_ourselves.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(STALE_AFTER_S):
                await look.until_decided()
    finally:
        subscription.end()
    if look.alive:
        twin = min(look.alive.values(), key=_rank)
        name = look.suspects[twin.boot]
        word = Twin(own.fleet, own.host, name)
        with suppress(PeerError):
            await bus.publish(topics.TWIN, word, fleet=own.fleet, boot=twin.boot)
        raise PeerError(
            f"{name} is here already, in fleet {twin.fleet} on {twin.host} "
            f"(boot {twin.boot}): choose another name"
        )


def _rank(presence: Presence) -> tuple[str, str]:
    """By which of two that look around at the same time the later one leaves."""
    return presence.fleet, presence.boot


class _Look:
    def __init__(self, own: Presence) -> None:
        self._own = own
        self._names = {device.name for device in own.devices}
        self.suspects: dict[str, str] = {}
        self.alive: dict[str, Presence] = {}
        self.heard_ourselves = asyncio.Event()
        self._changed = asyncio.Event()

    async def until_decided(self) -> None:
        """Wait until no suspect is left, or one is alive that will not leave for us."""
        while self.suspects and all(_rank(each) > _rank(self._own) for each in self.alive.values()):
            self._changed.clear()
            await self._changed.wait()

    def hear(self, received: Received[Presence]) -> None:
        presence = received.message
        boot = received.levels["boot"]
        if presence is None:
            self.suspects.pop(boot, None)
            self.alive.pop(boot, None)
            self._changed.set()
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
        if is_alive:
            self.alive[boot] = presence
            self._changed.set()
