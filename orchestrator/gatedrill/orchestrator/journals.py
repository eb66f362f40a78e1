"""Gathering, at the end of a run, what the journals of its devices hold."""

import asyncio
from collections.abc import Mapping

import msgspec

from gatedrill.broker.bus import Bus
from gatedrill.contract import topics
from gatedrill.contract.messages import AskQueues, QueueEntry, QueueReport
from gatedrill.orchestrator.asking import ask_until_told
from gatedrill.orchestrator.history import Event, Journaled, JournalUnread
from gatedrill.orchestrator.speakers import Speakers
from gatedrill.orchestrator.step_watch import Drop, Part


async def gather_journals(
    bus: Bus, run: str, edition: str, parts: Mapping[str, Part], speakers: Speakers
) -> list[Event]:
    """What these fleets, by their boots, say of this edition, in history time.

    Those that do not tell all they have, asked several times, are named.
    """
    heard: asyncio.Queue[QueueReport] = asyncio.Queue()

    def hear(levels: dict[str, str], report: QueueReport | None) -> None:
        if report is None or not speakers.is_own(levels["fleet"], report.boot):
            return
        if report.edition == edition:
            heard.put_nowait(report)

    async def ask() -> None:
        await bus.publish(topics.ASK_QUEUES, AskQueues(edition), run=run)

    journals = Journals(parts, speakers.drop)
    subscription = await bus.subscribe(topics.QUEUES, hear, run=run)
    try:
        events = await ask_until_told(ask, heard, journals)
    finally:
        subscription.end()
    return [*events, *journals.unread()]


class Journals:
    """Who has told what. Pure: reports come in, history events come out, each entry once."""

    def __init__(self, parts: Mapping[str, Part], drop: Drop = lambda _fleet: None) -> None:
        self._parts = dict(parts)
        self._drop = drop
        self._known: dict[str, set[tuple[str, str, str]]] = {boot: set() for boot in parts}
        self.waiting = set(parts)

    def take(self, report: QueueReport) -> list[Event]:
        """Take in a report; returns what belongs into the history.

        A fleet has told everything when its last report is here, and as many entries as that says:
        what it told before may have been lost.
        """
        part = self._parts.get(report.boot)
        if part is None:
            return []
        known = self._known[report.boot]
        own = part.own(report.entries, self._drop)
        new = {entry.key: entry for entry in own if entry.key not in known}
        known.update(new)
        if report.finished and len(known) >= (report.total or 0):
            self.waiting.discard(report.boot)
        return [Journaled(part.fleet, _in_history_time(each, part)) for each in new.values()]

    def unread(self) -> list[Event]:
        """Those who have not told everything."""
        parts = [part for boot, part in self._parts.items() if boot in self.waiting]
        return [JournalUnread(part.fleet, part.devices, "did not tell in time") for part in parts]


def _in_history_time(entry: QueueEntry, part: Part) -> QueueEntry:
    """When it was settled is told by the boot that tells it, whichever boot it was scanned in."""
    if entry.settled_ns is None:
        return entry
    return msgspec.structs.replace(entry, settled_ns=entry.settled_ns + part.shift_ns)
