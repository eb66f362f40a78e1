"""Did the race happen? How many requests were under way at one and the same instant.

Only requests that may change something at the service count, and of each attempt the first one: a
repeated one (after "busy") comes later by design.

A request was under way from when the service had it to when the service answered, by the service's
own stamps. Where it gives none, the devices' stamps must do, made shorter at both ends by what
their clocks may be wrong: so a claimed overlap is a real one.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from gatedrill.contract.attempt import AttemptRecord

OverlapSource = Literal["service", "devices"]


class Overlap(NamedTuple):
    """The largest number under way at once, and whose stamps say so."""

    in_flight: int
    source: OverlapSource


def measure_overlap(
    attempts: Sequence[tuple[str, AttemptRecord]], clock_bounds_ns: Mapping[str, int]
) -> Overlap:
    """Overlap of these attempts, each given with its fleet; bounds are by fleet."""
    asked = [(fleet, record.acting_asks[0]) for fleet, record in attempts if record.acting_asks]
    stamped = [
        (ask.arrived_ns, ask.departed_ns)
        for _, ask in asked
        if ask.arrived_ns is not None and ask.departed_ns is not None
    ]
    if asked and len(stamped) == len(asked):
        return Overlap(most_at_once(stamped), "service")
    certain = [
        (
            ask.sent_ns + clock_bounds_ns.get(fleet, 0),
            ask.answered_ns - clock_bounds_ns.get(fleet, 0),
        )
        for fleet, ask in asked
    ]
    return Overlap(most_at_once(certain), "devices")


def most_at_once(intervals: Iterable[tuple[int, int]]) -> int:
    """The largest number of intervals that share an instant; empty ones share none."""
    edges: list[tuple[int, int]] = []
    for begin, end in intervals:
        if begin < end:
            edges += [(begin, 1), (end, -1)]
    most = now = 0
    for _, change in sorted(edges):  # at equal instants an end (-1) comes before a beginning
        now += change
        most = max(most, now)
    return most
