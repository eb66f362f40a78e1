"""Holding something alone: a venue by one conductor, a fleet's name by one boot.

Every claimant has a retained topic of its own below one pattern, listens to the whole pattern,
publishes its claim and waits for it to come back. One broker hands the messages of one pattern to
all its subscribers in the same order, and what it had retained before; so of two claimants at least
one sees the other's claim before its own. Whoever sees such an older claim, and sees it repeated,
withdraws. The oldest claimant sees none and holds.

An older claim that nobody repeats is left over: its owner died and the broker has forgotten the
last will, as after a restart from disk. Holders repeat their claim every `HEARTBEAT_S`, and at once
when a newcomer shows up, so that a newcomer is normally refused within a round trip; a claim that
stays silent for `STALE_AFTER_S` is cleared and taken over.

This is a lease without a fence. A holder whose process stood still for longer than `STALE_AFTER_S`
learns only afterwards that it was replaced. And it rests on one broker: a cluster whose nodes order
the messages of several publishers differently may let two hold.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Generic, TypeVar

from gatedrill.broker.bus import FAREWELL_S, Bus, Received
from gatedrill.contract.errors import PeerError
from gatedrill.contract.topics import Channel

logger = logging.getLogger(__name__)

M = TypeVar("M")

HEARTBEAT_S = 2.0
"""How often the holder of a retained topic repeats its message: presence and conductor alike."""

SILENT_BEATS = 3
STALE_AFTER_S = SILENT_BEATS * HEARTBEAT_S
"""After this long without a repetition the owner has gone: two beats missed, and one for phase."""

_ECHO_S = 10.0


class Contest(Generic[M]):
    """Who comes first, judged from the messages in the broker's order; no I/O and no time.

    Claimants are known by their topic. `older` are the claims that stood before ours and may still
    be alive; `winner` is the one that was repeated: we have lost to it. We hold when our claim has
    come back, no older one is left and nobody won.
    """

    def __init__(self, own: str) -> None:
        self.winner: M | None = None
        self.older: dict[str, M]
        self._own = own
        self._begin(older={})

    @property
    def held(self) -> bool:
        """Whether we hold at this moment."""
        return self._echoed and not self.older and self.winner is None

    def reconnected(self) -> None:
        """Begin anew knowing nobody: others may have come while we were away."""
        self._begin(older={})

    def _begin(self, older: dict[str, M]) -> None:
        self.older = older
        self._younger: dict[str, M] = {}
        self._echoed = False
        self._silent_beats = 0

    def hear(self, topic: str, claim: M | None, *, retained: bool) -> bool:
        """Take note of a message; True asks for our claim to be published again, at once."""
        if topic == self._own:
            return not retained and self._hear_own(claim)
        if retained and topic in self.older:
            return False  # the broker repeats itself, not the owner
        return self._hear_other(topic, claim)

    def _hear_own(self, claim: M | None) -> bool:
        if claim is not None:
            self._echoed = True
            return False
        if not self._echoed:
            return False
        # Somebody took us for dead, or a late will of ours struck: all others came before us now.
        self._begin(older={**self.older, **self._younger})
        return True

    def _hear_other(self, topic: str, claim: M | None) -> bool:
        if claim is None:
            self.older.pop(topic, None)
            self._younger.pop(topic, None)
            return False
        if topic in self.older:
            self.winner = claim
            return False
        if not self._echoed:
            self.older[topic] = claim
            return False
        is_new = topic not in self._younger
        self._younger[topic] = claim
        return is_new

    def beat(self) -> list[str]:
        """A heartbeat interval has passed; return the topics of claims that are now left over."""
        if not self._echoed or not self.older:
            return []
        self._silent_beats += 1
        if self._silent_beats < SILENT_BEATS:
            return []
        left_over = list(self.older)
        self.older = {}
        return left_over


Renew = Callable[[], None]
"""Has the holder's message published at once, beside its heartbeats."""


@asynccontextmanager
async def claim_alone(
    bus: Bus,
    channel: Channel[M],
    message: M | Callable[[], M],
    *,
    mine: dict[str, str],
    rivals: dict[str, str],
    refusal: Callable[[M], str],
    heartbeat_s: float = HEARTBEAT_S,
    beat: Callable[[], None] | None = None,
    rival_came: Callable[[M], None] | None = None,
) -> AsyncIterator[Renew]:
    """Hold `message` alone, repeating it as a heartbeat, while the body runs.

    What changes in it meanwhile is told by a callable, which is asked anew before each heartbeat,
    and at once when the body calls what it is given here.

    `mine` are the levels of our topic, which must be the bus's `own_topic` so that the broker
    clears it if we die; `rivals` are those of them that all rivals share: none for the conductor of
    a venue, the fleet's name for its boots. After a lost connection the claim is contested again.
    `beat` is called whenever the broker has taken our message: a sign of life. `rival_came` is told
    of whoever claims what we hold; the rival is refused.

    Raises PeerError with the text `refusal(claim)` if somebody else holds: on entering, or later by
    cancelling the body. On entering also PeerError if the broker does not return our claim.
    """
    said: Callable[[], M] = message if callable(message) else lambda: message
    claim = _Claim(bus, channel, said, mine, heartbeat_s, beat, rival_came)
    subscription = await bus.listen(channel, claim.hear, **rivals)
    bus.on_reconnect.add(claim.reconnected)
    try:
        async with asyncio.TaskGroup() as tasks:
            keepers = [tasks.create_task(each) for each in (claim.keep(refusal), claim.renew())]
            await claim.until_held()
            yield claim.changed.set
            for keeper in keepers:
                keeper.cancel()
    except BaseExceptionGroup as group:
        failure = group.exceptions[0]
        raise failure from failure.__cause__
    finally:
        bus.on_reconnect.discard(claim.reconnected)
        await claim.withdraw()
        subscription.end()


class _Claim(Generic[M]):
    """A contest played on the bus."""

    def __init__(
        self,
        bus: Bus,
        channel: Channel[M],
        message: Callable[[], M],
        mine: dict[str, str],
        heartbeat_s: float,
        beat: Callable[[], None] | None,
        rival_came: Callable[[M], None] | None,
    ) -> None:
        self.changed = asyncio.Event()
        self._topic = channel.topic(**mine)
        if self._topic != bus.own_topic:
            raise ValueError(f"{self._topic} cannot be claimed on a bus that owns {bus.own_topic}")
        self._bus = bus
        self._channel = channel
        self._message = message
        self._mine = mine
        self._heartbeat_s = heartbeat_s
        self._show_life = beat
        self._rival_came = rival_came
        self._contest: Contest[M] = Contest(self._topic)
        self._held = asyncio.Event()
        self._due = asyncio.Event()

    def hear(self, received: Received[M]) -> None:
        topic = self._channel.topic(**received.levels)
        wanted = self._contest.hear(topic, received.message, retained=received.retained)
        if wanted or self._contest.winner is not None:
            self._due.set()
        rival = None if topic == self._topic else received.message
        if wanted and rival is not None and self._contest.held and self._rival_came is not None:
            self._rival_came(rival)
        self._look()

    def reconnected(self) -> None:
        self._contest.reconnected()
        self._due.set()

    async def until_held(self) -> None:
        patience_s = _ECHO_S + SILENT_BEATS * self._heartbeat_s
        try:
            async with asyncio.timeout(patience_s):
                await self._held.wait()
        except TimeoutError:
            raise PeerError(
                f"the broker at {self._bus.address} does not return our own message on "
                f"{self._topic} within {patience_s:g} s: {_likely_cause(self._bus)}"
            ) from None

    async def keep(self, refusal: Callable[[M], str]) -> None:
        """Claim, and repeat the claim, until somebody else has won."""
        while self._contest.winner is None:
            self._due.clear()
            is_published = await self._publish()
            try:
                async with asyncio.timeout(self._heartbeat_s):
                    await self._due.wait()
            except TimeoutError:
                if is_published:  # only who is connected can call somebody else silent
                    await self._beat()
        raise PeerError(refusal(self._contest.winner))

    async def renew(self) -> None:
        """Publish whenever the message has changed, without disturbing the count of beats."""
        while True:
            await self.changed.wait()
            self.changed.clear()
            await self._publish()

    async def _publish(self) -> bool:
        try:
            await self._bus.publish(self._channel, self._message(), **self._mine)
        except PeerError:
            return False  # the claim will be contested anew with the next connection
        if self._show_life is not None:
            self._show_life()
        return True

    async def _beat(self) -> None:
        for topic in self._contest.beat():
            logger.warning("taking over from %s, whose owner has fallen silent", topic)
            with suppress(PeerError):
                await self._bus.clear(self._channel, **(self._channel.levels(topic) or {}))
        self._look()

    def _look(self) -> None:
        if self._contest.held:
            self._held.set()

    async def withdraw(self) -> None:
        if not self._bus.is_connected:
            return  # our will clears it, or whoever comes next: no end waits for a broker
        with suppress(PeerError, TimeoutError):
            async with asyncio.timeout(FAREWELL_S):
                await self._bus.clear(self._channel, **self._mine)


def _likely_cause(bus: Bus) -> str:
    """Why a broker that is well returns nothing: it drops what its rules forbid, without a word."""
    user = bus.address.username
    if user is None:
        return "perhaps its access rules want a user"
    return (
        f"perhaps its access rules do not let {user} speak under this name. An account that was "
        "made for a fleet has that fleet's name, and the role device none that has an account"
    )
