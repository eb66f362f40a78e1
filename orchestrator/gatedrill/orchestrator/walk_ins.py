"""Gathering what people have presented at real gates without an order: walk-ins."""

import asyncio
from collections.abc import Mapping

from gatedrill.broker.bus import Bus
from gatedrill.contract import topics
from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.messages import AskWalkIns, WalkIns
from gatedrill.orchestrator.asking import ask_until_told
from gatedrill.orchestrator.history import Event, WalkedIn, WalkInsUntold
from gatedrill.orchestrator.speakers import Speakers
from gatedrill.orchestrator.step_watch import Drop, Part


def untold_by(gone: tuple[str, ...]) -> list[Event]:
    """Word of the gates, if any, that nobody could ask."""
    return [WalkInsUntold("", gone, "had gone before it was asked")] if gone else []


class WalkInCollector:
    """Asks real gates for the walk-ins of a run, as often as one likes; each is told once.

    Only what was asked of the service from `since_ns` on, in history time, belongs to the run: of
    what was before, the records have told.
    """

    def __init__(self, bus: Bus, run: str, since_ns: int, speakers: Speakers) -> None:
        self._bus = bus
        self._run = run
        self._since_ns = since_ns
        self._speakers = speakers
        self._asked = 0
        self._known: set[tuple[str, str]] = set()

    async def gather(self, parts: Mapping[str, Part]) -> list[Event]:
        """What these fleets, by their boots, tell that is new; those who do not tell are named."""
        self._asked += 1
        question = AskWalkIns(self._asked)
        heard: asyncio.Queue[WalkIns] = asyncio.Queue()

        def hear(levels: dict[str, str], told: WalkIns | None) -> None:
            if told is None or not self._speakers.is_own(levels["fleet"], told.boot):
                return
            if told.number == question.number:
                heard.put_nowait(told)

        async def ask() -> None:
            await self._bus.publish(topics.ASK_WALK_INS, question, run=self._run)

        telling = _Telling(parts, self._known, self._since_ns, self._speakers.drop)
        subscription = await self._bus.subscribe(topics.WALK_INS, hear, run=self._run)
        try:
            events = await ask_until_told(ask, heard, telling)
        finally:
            subscription.end()
        return [*events, *telling.untold()]


class _Telling:
    """Who has told what in answer to one question. Pure."""

    def __init__(
        self,
        parts: Mapping[str, Part],
        known: set[tuple[str, str]],
        since_ns: int,
        drop: Drop = lambda _fleet: None,
    ) -> None:
        self._parts = dict(parts)
        self._drop = drop
        self._known = known
        self._since_ns = since_ns
        self._told: dict[str, set[str]] = {boot: set() for boot in parts}
        self.waiting = set(parts)

    def take(self, word: WalkIns) -> list[Event]:
        part = self._parts.get(word.boot)
        if part is None:
            return []
        told = self._told[word.boot]
        own = part.own(word.records, self._drop)
        told.update(record.attempt for record in own)
        if word.finished and len(told) >= (word.total or 0):
            self.waiting.discard(word.boot)
        new = [each for each in own if (each.device, each.attempt) not in self._known]
        self._known.update((each.device, each.attempt) for each in new)
        shifted = [each.shifted(part.shift_ns) for each in new]
        return [WalkedIn(part.fleet, each) for each in shifted if _began_ns(each) >= self._since_ns]

    def untold(self) -> list[Event]:
        parts = [part for boot, part in self._parts.items() if boot in self.waiting]
        return [WalkInsUntold(part.fleet, part.devices, "did not tell in time") for part in parts]


def _began_ns(record: ScanRecord) -> int:
    """When it could first change anything."""
    return min([record.decided_ns, *(ask.sent_ns for ask in record.asks)])
