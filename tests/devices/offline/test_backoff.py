"""How long to wait for the next try."""

import random
from itertools import pairwise

from gatedrill.devices.offline.backoff import is_hopeless, pause_s


class AtMost(random.Random):
    """Chance at its longest."""

    def random(self) -> float:
        return 1.0


def test_the_longest_pause_doubles_up_to_a_minute() -> None:
    longest = [pause_s(tries, AtMost()) for tries in range(1, 12)]
    assert longest == [2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60]
    assert pause_s(100_000, AtMost()) == 60


def test_the_whole_length_is_left_to_chance() -> None:
    rng = random.Random(1)
    pauses = sorted(pause_s(6, rng) for _ in range(1000))
    assert pauses[0] < 1
    assert pauses[-1] > 59
    assert max(later - earlier for earlier, later in pairwise(pauses)) < 2


def test_the_tenth_refusal_is_the_last() -> None:
    assert [is_hopeless(refusals) for refusals in (0, 9, 10, 11)] == [False, False, True, True]
