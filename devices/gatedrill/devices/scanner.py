"""The scanner's rules, without clock, wire or wait.

A sighting of a symbol starts a scan unless

- a scan of the same symbol is under way on this device, or
- the symbol has not been out of view for the reader's repeat window since it was last seen.

Every sighting, also one that starts nothing, refreshes "last seen": a ticket that lies in front of
a camera all evening is one scan (absence-based de-duplication, as hardware scanners do it).

An answer ends the scan, except one that says "nothing decided, ask again" (`Certainty.RETRYABLE`):

    state    event                              next state
    IDLE     sighting that starts a scan        ASKING
    ASKING   definite answer                    IDLE, the outcome stands
    ASKING   indefinite answer, or none         IDLE, unknown: never asked again
    ASKING   retryable answer, within a second  WAITING, 10 to 50 ms
    ASKING   retryable answer, later            IDLE, refused (busy)
    WAITING  pause over                         ASKING
"""

import random

from gatedrill.contract.outcome import Certainty, Outcome

RETRY_WITHIN_S = 1.0
RETRY_PAUSE_S = (0.010, 0.050)


class Scanner:
    """Remembers what one device has seen and what it is asking about."""

    def __init__(self, repeat_window_s: float) -> None:
        self._repeat_window_ns = round(repeat_window_s * 1e9)
        self._last_seen_ns: dict[str, int] = {}
        self._under_way: set[str] = set()

    def see(self, symbol: str, at_ns: int) -> bool:
        """Whether this sighting starts a scan."""
        last_ns = self._last_seen_ns.pop(symbol, None)
        self._last_seen_ns[symbol] = at_ns
        self._forget_before(at_ns - self._repeat_window_ns)
        in_view = last_ns is not None and at_ns - last_ns < self._repeat_window_ns
        if in_view or symbol in self._under_way:
            return False
        self._under_way.add(symbol)
        return True

    def settle(self, symbol: str) -> None:
        """The scan of `symbol` has ended."""
        self._under_way.discard(symbol)

    def _forget_before(self, horizon_ns: int) -> None:
        # Insertion order is order of last sighting, so the oldest stand first.
        for symbol, seen_ns in list(self._last_seen_ns.items()):
            if seen_ns >= horizon_ns:
                return
            del self._last_seen_ns[symbol]


def retry_pause_s(answer: Outcome, asking_for_s: float, rng: random.Random) -> float | None:
    """How long to rest before asking again, or None if the answer stands.

    `asking_for_s` is the time since the first question about this symbol.
    """
    if answer.reason is None or answer.reason.certainty is not Certainty.RETRYABLE:
        return None
    pause_s = rng.uniform(*RETRY_PAUSE_S)
    return pause_s if asking_for_s + pause_s < RETRY_WITHIN_S else None
