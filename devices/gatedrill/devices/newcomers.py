"""What a fleet says when another one wants its name, or that of one of its devices.

The newcomer is refused and told so. Whoever looks at the older one should know, too: it may be that
somebody has begun to set a gate up a second time.
"""

import logging

from gatedrill.broker.bus import Bus, Received
from gatedrill.contract import topics
from gatedrill.contract.messages import Presence, Twin

logger = logging.getLogger(__name__)


class Newcomers:
    """Warns of those who were refused, once for each machine that they try it from."""

    def __init__(self, fleet: str) -> None:
        self._fleet = fleet
        self._warned: set[tuple[str, str]] = set()

    async def listen(self, bus: Bus, boot: str) -> None:
        """Hear of twins of our devices from now on."""
        await bus.listen(topics.TWIN, self._hear_of_twin, boot=boot)

    def same_name(self, other: Presence) -> None:
        """Another boot has claimed the fleet's name."""
        self._warn(other.host, self._fleet, f"another fleet {self._fleet} (boot {other.boot})")

    def _hear_of_twin(self, received: Received[Twin]) -> None:
        twin = received.message
        if twin is not None:
            fleet = received.levels["fleet"]  # which the broker vouches for, not what it says
            self._warn(twin.host, twin.device, f"fleet {fleet} with another {twin.device}")

    def _warn(self, host: str, name: str, who: str) -> None:
        if (host, name) not in self._warned:
            self._warned.add((host, name))
            logger.warning("%s came on %s and was refused: that name is here already", who, host)
