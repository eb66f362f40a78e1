"""A fleet speaks for itself alone: what it says for another one is dropped.

An account at the broker holds a fleet to the topics of its name, but not to what it writes there.
"""

import logging

logger = logging.getLogger(__name__)


class Speakers:
    """Remembers whose each boot is, and which fleets have spoken for others."""

    def __init__(self) -> None:
        self._fleets: dict[str, str] = {}
        self.disputed: dict[str, tuple[str, str]] = {}
        """The boots that a second fleet has called its own: the first one's name and the second's.

        Nothing tells which of the two copies the other: a broker hands out what it has kept of
        them in any order.
        """
        self._dropped: set[str] = set()

    def introduce(self, fleet: str, boot: str) -> bool:
        """A boot makes itself known on its fleet's topic; False if it is another fleet's."""
        owner = self._fleets.setdefault(boot, fleet)
        if owner != fleet:
            self.disputed[boot] = (owner, fleet)
        return self.is_own(fleet, boot)

    def is_own(self, fleet: str, boot: str) -> bool:
        """Whether a word of this boot, heard on this fleet's topic, counts."""
        owner = self._fleets.get(boot)
        if owner is not None and owner != fleet:
            self.drop(fleet)
        return owner == fleet

    def drop(self, fleet: str) -> None:
        """Something of this fleet's was dropped; that is logged once."""
        if fleet not in self._dropped:
            self._dropped.add(fleet)
            logger.warning("fleet %s speaks for others: what it says for them is dropped", fleet)
