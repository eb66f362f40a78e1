"""Whether a device's word is taken for when it let somebody in. Pure; instants as in `instants`."""

from typing import Final, Literal

import msgspec

from gatedrill.backend.instants import later_by

TOLERANCE_S: Final = 60
"""How far ahead of ours the clock of a device may be."""

Flag = Literal["before_event", "in_future"]


class ClaimedTime(msgspec.Struct, frozen=True):
    """When a scan was, by the device (`claimed_at`), and from when it counts.

    The two differ when the device cannot be right; `flag` then tells why.
    """

    claimed_at: str
    counts_from: str
    flag: Flag | None = None


def weigh_time(claimed_at: str, received_at: str, event_starts_at: str | None) -> ClaimedTime:
    """Believe the device, unless nobody can have been scanned then.

    A scan that is dated before the event, or later than it was heard of, counts from when it was
    heard of: a clock that is wrong by days must not win against one that is right.
    """
    if event_starts_at is not None and claimed_at < event_starts_at:
        return ClaimedTime(claimed_at, received_at, "before_event")
    if claimed_at > later_by(received_at, TOLERANCE_S):
        return ClaimedTime(claimed_at, received_at, "in_future")
    return ClaimedTime(claimed_at, claimed_at)
