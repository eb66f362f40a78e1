"""Whose silence means nothing at the moment. Pure: the time is told to it.

Who cannot be heard because the broker is down or its process stands still has not gone. It gets as
long to make itself known again as a connection may need to come back, and then a heartbeat's grace.
"""

from collections.abc import Callable, Collection

from gatedrill.broker.bus import LONGEST_PAUSE_S
from gatedrill.broker.claim import STALE_AFTER_S

GRACE_S = STALE_AFTER_S + LONGEST_PAUSE_S
"""For so long after the reason has ended: a client may wait before it even tries to connect."""


class Excuses:
    """Keeps the reasons for which fleets, known by their boots, may be silent."""

    def __init__(self, now_ns: Callable[[], int]) -> None:
        self._now_ns = now_ns
        self._reasons: dict[str, frozenset[str] | None] = {}
        self._until_ns: dict[str | None, int] = {}

    def begin(self, reason: str, boots: Collection[str] | None) -> None:
        """From now on these cannot be heard; None stands for everybody."""
        self._reasons[reason] = None if boots is None else frozenset(boots)

    def end(self, reason: str) -> None:
        """They can be again, and will be after a while; nothing if there was no such reason."""
        if reason not in self._reasons:
            return
        boots = self._reasons.pop(reason)
        until_ns = self._now_ns() + round(GRACE_S * 1e9)
        whom: Collection[str | None] = (None,) if boots is None else boots
        self._until_ns |= dict.fromkeys(whom, until_ns)

    def pardon(self) -> None:
        """We ourselves were cut off, and have heard nobody meanwhile."""
        self.begin("cut off", None)
        self.end("cut off")

    def cover(self, boot: str) -> bool:
        """Whether this boot's silence means nothing."""
        if any(boots is None or boot in boots for boots in self._reasons.values()):
            return True
        until_ns = max(self._until_ns.get(None, 0), self._until_ns.get(boot, 0))
        return self._now_ns() < until_ns
