"""From arrivals to bursts, and how far apart each burst's first and last arrival lie. Pure."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np


def spreads_ms(
    arrivals_ns: Sequence[int], *, lanes: int, rounds: int, apart_ns: int
) -> list[float]:
    """Last minus first arrival of each burst, from the ordered arrivals of all rounds.

    Raises ValueError if a request is missing or too many came, or if two bursts came closer
    together than `apart_ns`: then nobody can tell which burst a request belongs to.
    """
    if len(arrivals_ns) != lanes * rounds:
        raise ValueError(f"{len(arrivals_ns)} of {lanes * rounds} requests arrived")
    bursts = [arrivals_ns[at : at + lanes] for at in range(0, len(arrivals_ns), lanes)]
    if any(later[0] - earlier[-1] < apart_ns for earlier, later in pairwise(bursts)):
        raise ValueError(f"bursts ran into one another: less than {apart_ns / 1e6:g} ms between")
    return [(burst[-1] - burst[0]) / 1e6 for burst in bursts]


def quantile(values: Sequence[float], share: float) -> float:
    """A quantile, between two values in proportion."""
    return float(np.quantile(values, share))
