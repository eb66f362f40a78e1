"""A venue that is conducted in another version of the protocol: nothing that we say is heard there.

So whoever comes to it is told so, and leaves. Whoever was there before such a conductor came stays,
for a conductor of its own version, and says so once.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from gatedrill.broker.bus import Bus, Received
from gatedrill.broker.claim import STALE_AFTER_S
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import PROTOCOL_VERSION
from gatedrill.contract.other_versions import (
    CONDUCTOR_OF_ANY_VERSION,
    CURE,
    AnyConductor,
    other_version,
)

logger = logging.getLogger(__name__)


class OtherConductors:
    """The conductors of other versions that are at this venue. `who` we are, for people."""

    def __init__(self, who: str) -> None:
        self._who = who
        self._suspects: set[str] = set()
        self._alive: str | None = None
        self._decided = asyncio.Event()
        self._stays = False
        self._told: set[int] = set()

    def hear(self, received: Received[AnyConductor]) -> None:
        """Take note of a claim, of whatever version; what the broker had kept may be left over."""
        version = other_version(received.levels["version"])
        if version is None:
            return
        conductor = received.levels["conductor"]
        if received.message is None:
            self._suspects.discard(conductor)
            self._decided.set()
        elif received.retained:
            self._suspects.add(conductor)
        else:
            self._meet(conductor, received.message, version)

    async def refuse(self) -> None:
        """PeerError if one of those heard of so far is alive, which it shows by its heartbeat.

        Call it when all has come that the broker had kept. From then on newcomers are warned of.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(STALE_AFTER_S):
                while self._suspects and self._alive is None:
                    self._decided.clear()
                    await self._decided.wait()
        if self._alive is not None:
            raise PeerError(self._alive)
        self._stays = True

    def _meet(self, conductor: str, claim: AnyConductor, version: int) -> None:
        words = (
            f"run {conductor} on {claim.host or 'an unknown host'} conducts this venue in protocol "
            f"version {version}, {self._who} speaks {PROTOCOL_VERSION}: {CURE}"
        )
        if not self._stays:
            self._alive = words
            self._decided.set()
        elif version not in self._told:
            self._told.add(version)
            logger.warning("%s", words)


@asynccontextmanager
async def listening_to_others(bus: Bus, who: str) -> AsyncIterator[OtherConductors]:
    """Hear of conductors of other versions while the body runs."""
    others = OtherConductors(who)
    subscription = await bus.listen(CONDUCTOR_OF_ANY_VERSION, others.hear)
    try:
        yield others
    finally:
        subscription.end()
