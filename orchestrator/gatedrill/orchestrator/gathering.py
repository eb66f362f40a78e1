"""The wait for those who have to be at the venue before a run begins."""

import asyncio
from collections.abc import Callable

from gatedrill.broker.bus import Bus
from gatedrill.broker.clock import who_answers
from gatedrill.contract import topics
from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import PeerError
from gatedrill.contract.other_versions import PRESENCE_OF_ANY_VERSION
from gatedrill.orchestrator.fleet_clocks import PONG_TIMEOUT_S
from gatedrill.orchestrator.needed import Needed
from gatedrill.orchestrator.roster import Roster
from gatedrill.orchestrator.strangers import Strangers

WORD_EVERY_S = 1.0
"""No oftener does the wait say how many have come; whoever came before that was not waited for."""

Say = Callable[[str], None]


async def gather(
    bus: Bus, clock: Clock, roster: Roster, needed: Needed, within_s: float, say: Say
) -> None:
    """Have the roster hear the venue from now on, and wait until all who are needed are here.

    Whoever leaves meanwhile, or falls silent, is here no more, nor is whom the broker remembers and
    who does not answer. Raises PeerError naming those that are missing, and those that speak
    another version of the protocol.
    """
    strangers = Strangers(clock)
    # First: a broker hands out what it has kept in the order of the subscriptions.
    subscription = await bus.listen(PRESENCE_OF_ANY_VERSION, strangers.hear)
    try:
        await bus.listen(topics.PRESENCE, roster.hear)
        await wait_for(roster, strangers, needed, within_s, say)
        while await leave_out_the_left_behind(bus, clock, roster, say):
            await wait_for(roster, strangers, needed, within_s, say)
    except PeerError as error:
        if bus.is_connected:
            raise
        raise PeerError(f"no connection to the broker at {bus.address}: {error}") from error
    finally:
        subscription.end()


async def wait_for(
    roster: Roster, strangers: Strangers, needed: Needed, within_s: float, say: Say
) -> None:
    """Wait until all who are needed are here; what `gather` says of it holds."""
    news = _News(say)
    end_s = _now_s() + within_s
    while lacking := needed.lacking(roster.devices):
        left_s = end_s - _now_s()
        if left_s <= 0:
            parts = (lacking, strangers.in_words("this run"))
            raise PeerError(
                f"waited {within_s:g} s for the roster: {'; '.join(filter(None, parts))}"
            )
        news.tell_strangers(strangers)
        news.tell(f"waiting for the roster: {needed.progress(roster.devices)}")
        await roster.next_change(min(left_s, WORD_EVERY_S))
        roster.drop_stale()
    news.tell_strangers(strangers)


async def leave_out_the_left_behind(bus: Bus, clock: Clock, roster: Roster, say: Say) -> bool:
    """Have whom the broker merely remembers not be here; returns whether there was anybody.

    Whoever has been heard since, or answers a ping, is alive.
    """
    asked = roster.unheard
    if not asked:
        return False
    alive = await who_answers(bus, clock, asked, PONG_TIMEOUT_S)
    left_behind = {
        boot: fleet for boot, fleet in roster.unheard.items() if boot in asked.keys() - alive
    }
    roster.leave_out(left_behind)
    if left_behind:
        names = ", ".join(sorted(left_behind.values()))
        say(f"left out {names}: remembered by the broker, but nobody answers there")
    return bool(left_behind)


class _News:
    """What is said while people wait: only what is new, and not too often."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._said = ""
        self._said_of_strangers = ""
        self._silent_until_s = _now_s() + WORD_EVERY_S

    def tell(self, line: str) -> None:
        if line != self._said and _now_s() >= self._silent_until_s:
            self._said = line
            self._silent_until_s = _now_s() + WORD_EVERY_S
            self._say(line)

    def tell_strangers(self, strangers: Strangers) -> None:
        """These at once: whoever waits for them waits in vain."""
        line = strangers.in_words("this run")
        if line and line != self._said_of_strangers:
            self._said_of_strangers = line
            self._say(line)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
