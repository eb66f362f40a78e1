"""How long to wait before the next try, and when there is none. Pure."""

import random
from typing import Final

LONGEST_S: Final = 60.0
MOST_REFUSALS: Final = 10
"""So often the service itself may refuse a scan until it is left to a person.

That it is out of reach, or does not make sense, counts for nothing: nothing is lost by waiting.
"""


def pause_s(tries: int, rng: random.Random) -> float:
    """How long to wait after so many tries: anything up to min(2^tries, 60) s.

    The whole length is left to chance, so that a hundred gates whose uplink comes back at one
    instant do not come back at one instant themselves.
    """
    return rng.uniform(0.0, LONGEST_S if tries > 5 else 2.0**tries)


def is_hopeless(refusals: int) -> bool:
    """Whether the service has refused it for good."""
    return refusals >= MOST_REFUSALS
