"""Fleets at the venue that speak another version of the protocol: they cannot take part."""

from gatedrill.broker.bus import Received
from gatedrill.broker.claim import STALE_AFTER_S
from gatedrill.contract.clock import Clock
from gatedrill.contract.messages import PROTOCOL_VERSION
from gatedrill.contract.other_versions import CURE, AnyPresence, other_version


class Strangers:
    """Keeps the presences of other versions, as far as they can be understood.

    One that was not repeated for `STALE_AFTER_S` was left behind by somebody who has gone.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._words: dict[tuple[str, str, str], str] = {}
        self._seen_ns: dict[tuple[str, str, str], int] = {}

    def hear(self, received: Received[AnyPresence]) -> None:
        """Take note of a presence, of whatever version."""
        levels, presence = received.levels, received.message
        key = (levels["version"], levels["fleet"], levels["boot"])
        told = None if presence is None else presence.protocol
        version = other_version(levels["version"], told)
        if presence is None or version is None:
            self._words.pop(key, None)
            return
        host = presence.host or "an unknown host"
        self._words[key] = f"{levels['fleet']} on {host} speaks protocol version {version}"
        self._seen_ns[key] = self._clock.now_ns()

    def in_words(self, us: str) -> str:
        """Who is here, what `us` speaks, and how to cure it; empty when nobody is."""
        horizon_ns = self._clock.now_ns() - round(STALE_AFTER_S * 1e9)
        here = {words for key, words in self._words.items() if self._seen_ns[key] >= horizon_ns}
        if not here:
            return ""
        return f"{', '.join(sorted(here))}, {us} speaks {PROTOCOL_VERSION}: {CURE}"
