"""What the fleets say amid a run, in one line of words; and who of them falls silent."""

import asyncio
import contextlib
from collections.abc import Callable, Collection

from gatedrill.broker.bus import Bus, Subscription
from gatedrill.contract import topics
from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import Armed, Repeat, Report
from gatedrill.orchestrator.excuses import GRACE_S, Excuses
from gatedrill.orchestrator.roster import Roster
from gatedrill.orchestrator.step_watch import Gone, Word

LOOK_ROUND_S = 0.5
REPEAT_EVERY_S = 5.0
"""So often the fleets are asked to repeat themselves: one may be cut off for longer than we."""


class FleetWords:
    """Hears the fleets of a run while it is listened to, also after the broker was away."""

    def __init__(self, run: str, bus: Bus, clock: Clock, roster: Roster, excuses: Excuses) -> None:
        self._run = run
        self._bus = bus
        self._clock = clock
        self._roster = roster
        self._excuses = excuses
        self._subscriptions: list[Subscription] = []
        self._inbox: asyncio.Queue[Word] = asyncio.Queue()
        self._ask_at_ns: int | None = None
        self._mark: int | None = None

    async def listen(self) -> None:
        """Hear the fleets from now on."""
        self._roster.on_gone = lambda boot: self._inbox.put_nowait(Gone(boot))
        self._roster.is_excused = self._excuses.cover
        self._bus.on_reconnect.add(self._reconnected)
        self._subscriptions += [
            await self._bus.subscribe(topics.ARMED, self._hear, run=self._run),
            await self._bus.subscribe(topics.REPORT, self._hear, run=self._run),
        ]

    async def leave(self) -> None:
        """Hear the fleets no more: others conduct the scenarios that follow."""
        self._roster.on_gone = lambda _boot: None
        self._roster.is_excused = lambda _boot: False
        self._bus.on_reconnect.discard(self._reconnected)
        while self._subscriptions:
            self._subscriptions.pop().end()

    def forget(self) -> None:
        """What was said before the next step is of no concern to it."""
        self._inbox = asyncio.Queue()
        self._ask_at_ns = None

    def ask_again(self) -> None:
        """Something is missing: have all repeat themselves until nobody is waited for."""
        if self._ask_at_ns is None:
            self._ask_at_ns = self._clock.now_ns()

    def lose_touch(self) -> None:
        """The broker was away: who has not been heard since may not hear us either."""
        self._mark = self._roster.mark

    async def reunite(self, devices: Collection[str]) -> None:
        """After the broker was away, wait until the fleets of these are heard again.

        What is said to a fleet that is still on its way back is lost. One that does not come is not
        waited for longer than its silence is excused.
        """
        if self._mark is None:
            return
        await self._roster.wait_to_hear(devices, self._mark, GRACE_S)
        self._mark = None

    async def follow(
        self,
        step: str,
        waiting: Callable[[], bool],
        hear: Callable[[Word], None],
        timeout_s: float,
    ) -> None:
        """Hand on what is said for as long as somebody is waited for, and there is time.

        After we were cut off from the broker, amid this, or when something is missing, all are
        asked to say it again.
        """
        deadline_ns = self._clock.now_ns() + round(timeout_s * 1e9)
        while waiting() and self._clock.now_ns() < deadline_ns:
            if self._bus.is_connected:
                self._roster.drop_stale()
            await self._have_repeated(step)
            word = await self._next_word()
            if word is not None:
                hear(word)

    async def _next_word(self) -> Word | None:
        # Not wait_for: before Python 3.12 it may swallow that we are cancelled meanwhile.
        try:
            async with asyncio.timeout(LOOK_ROUND_S):
                return await self._inbox.get()
        except TimeoutError:
            return None

    async def _have_repeated(self, step: str) -> None:
        """Have all repeat what they said of the step, if it is time for that."""
        if self._ask_at_ns is None or self._clock.now_ns() < self._ask_at_ns:
            return
        self._ask_at_ns = self._clock.now_ns() + round(REPEAT_EVERY_S * 1e9)
        with contextlib.suppress(PeerError):  # cut off once more: we come back here
            await self._bus.publish(topics.REPEAT, Repeat(step), run=self._run)

    def _hear(self, levels: dict[str, str], word: Armed | Report | None) -> None:
        if word is not None and self._roster.speakers.is_own(levels["fleet"], word.boot):
            self._inbox.put_nowait(word)

    def _reconnected(self) -> None:
        self._ask_at_ns = self._clock.now_ns()
        self._excuses.pardon()
        self.lose_touch()
