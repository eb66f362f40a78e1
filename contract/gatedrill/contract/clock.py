"""Clocks of several processes, and how far they stand apart.

Every process counts nanoseconds on a clock of its own (see `Clock`). Two clocks are compared by
asking: "what time is it at yours?" and looking at how long the answer took. The answer that came
back fastest left the least room for error, so it alone is believed: the minimum-round-trip filter
of NTP (RFC 5905, section 10), measured to be two to three times better here than a mean.
"""

from collections.abc import Iterable
from typing import Protocol

import msgspec


class Clock(Protocol):
    """A clock that never steps back; its origin means nothing to another process."""

    def now_ns(self) -> int:
        """Nanoseconds since this clock's own origin."""
        ...


class PingSample(msgspec.Struct, frozen=True):
    """One question and its answer, all in nanoseconds.

    `sent_ns` and `answered_ns` are read on the asker's clock, `received_ns` and `replied_ns` on the
    peer's.
    """

    sent_ns: int
    received_ns: int
    replied_ns: int
    answered_ns: int

    @property
    def round_trip_ns(self) -> int:
        """Time on the wire: the whole wait without the peer's own thinking time."""
        return (self.answered_ns - self.sent_ns) - (self.replied_ns - self.received_ns)

    @property
    def offset_ns(self) -> int:
        """Peer's clock minus asker's clock, if both directions took equally long."""
        return ((self.received_ns - self.sent_ns) + (self.replied_ns - self.answered_ns)) // 2


class ClockEstimate(msgspec.Struct, frozen=True):
    """Peer's clock minus ours, and the most it can be wrong by, in nanoseconds.

    The bound is half the smallest round trip: even if all of it was spent in one direction, the
    true offset lies within `offset_ns ± bound_ns`.
    """

    offset_ns: int
    bound_ns: int


def estimate_offset(samples: Iterable[PingSample]) -> ClockEstimate:
    """Judge a peer's clock by the sample with the smallest round trip.

    Raises ValueError when there is no sample.
    """
    best = min(samples, key=lambda sample: sample.round_trip_ns)
    return ClockEstimate(offset_ns=best.offset_ns, bound_ns=(best.round_trip_ns + 1) // 2)
