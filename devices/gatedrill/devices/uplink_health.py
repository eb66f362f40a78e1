"""Whether the check-in service is within reach of one device: gone at once, back with hysteresis.

    state  event                                     next state
    UP     a definite answer                         UP
    UP     no definite answer                        DOWN: whoever comes next is not kept waiting
    DOWN   a probe that fails                        DOWN, and the good ones count from none again
    DOWN   the second good probe in a row            UP

While it is down the service is probed in the background: guests do not pay for finding out.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable

GOOD_PROBES = 2
FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 5.0


class UplinkHealth:
    """The state above. Pure, but for `up`, on which uploads wait."""

    def __init__(self) -> None:
        self.up = asyncio.Event()
        self.up.set()
        self.down = asyncio.Event()
        self._good = 0

    @property
    def is_up(self) -> bool:
        """Whether the service is asked first."""
        return self.up.is_set()

    def failed(self) -> None:
        """No definite answer came."""
        self._good = 0
        self.up.clear()
        self.down.set()

    def probed(self, *, answered: bool) -> None:
        """A probe was answered, or not."""
        self._good = self._good + 1 if answered else 0
        if self._good >= GOOD_PROBES:
            self.down.clear()
            self.up.set()


async def keep_probing(
    health: UplinkHealth,
    probe: Callable[[], Awaitable[bool]],
    returned: Callable[[], None],
    rng: random.Random,
) -> None:
    """Probe whenever the service is out of reach, and call `returned` when it is not any more.

    The pauses grow while nothing answers, and are jittered: a hundred gates that lost the service
    in one instant must not ask for it in one instant, over and over.
    """
    while True:
        await health.down.wait()
        longest_s = FIRST_PAUSE_S
        while not health.is_up:
            await asyncio.sleep(rng.uniform(longest_s / 2, longest_s))
            answered = await probe()
            health.probed(answered=answered)
            longest_s = FIRST_PAUSE_S if answered else min(2 * longest_s, LONGEST_PAUSE_S)
        returned()
