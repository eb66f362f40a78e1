"""Gathering journals at the end of a run: all that is told, once, and who did not tell."""

import msgspec
import pytest
from memory_bus import ManualClock, sleep_by
from plans import own_tickets, plan_for, scenario
from scripted_venue import EAST_AHEAD_NS, ORIGIN_NS, RUN, Venue

from gatedrill.contract import topics
from gatedrill.contract.messages import AskQueues, QueueEntry, QueueReport, QueueState
from gatedrill.contract.outcome import Authority, Outcome, OutcomeKind
from gatedrill.fixtures.scenario import BeginFaults, Fault
from gatedrill.orchestrator import asking
from gatedrill.orchestrator.history import ClockRead, FaultEnded, Journaled, JournalUnread
from gatedrill.orchestrator.journals import Journals
from gatedrill.orchestrator.plan import Plan
from gatedrill.orchestrator.step_watch import Part
from gatedrill.orchestrator.told_journals import Journals as ToldJournals

EDITION = f"{RUN}/drill~1"
SETTLED_NS = 9_000_000


@pytest.fixture
async def venue(monkeypatch: pytest.MonkeyPatch) -> Venue:
    monkeypatch.setattr(asking, "ASK_AGAIN_S", 0.01)
    clock = ManualClock(ORIGIN_NS)
    sleep_by(clock, monkeypatch)
    venue = Venue(clock)
    await venue.open()
    return venue


def plan(venue: Venue) -> Plan:
    made = scenario(4, own_tickets(), BeginFaults((Fault("uplink-down"),)))
    offline = msgspec.structs.replace(made, authorities=(Authority.ONLINE, Authority.OFFLINE))
    return plan_for(offline, venue.roster.devices)


def entry(device: str, nonce: str, boot: str, settled_ns: int | None = None) -> QueueEntry:
    return QueueEntry("a", device, boot, nonce, "t1", QueueState.SYNCED, settled_ns=settled_ns)


def part_of(*entries: QueueEntry) -> QueueReport:
    return QueueReport("boot-east", EDITION, entries)


def told(venue: Venue) -> list[Journaled]:
    return [event for event in venue.history if isinstance(event, Journaled)]


async def test_every_entry_of_every_fleet_is_kept_once_all_faults_have_ended(venue: Venue) -> None:
    venue.east.journal = (entry("gate-01", "n1", "boot-east"), entry("gate-02", "n1", "boot-east"))
    venue.west.journal = (entry("gate-03", "n2", "boot-west"),)
    await venue.conductor.conduct(plan(venue))

    assert [(each.fleet, each.entry.device, each.entry.nonce) for each in told(venue)] == [
        ("east", "gate-01", "n1"),
        ("east", "gate-02", "n1"),
        ("west", "gate-03", "n2"),
    ]
    assert venue.east.asked_for == [EDITION], "and nobody is asked twice"
    assert venue.told(JournalUnread) == []
    kinds = [type(event) for event in venue.history[-6:]]
    assert kinds == [FaultEnded, Journaled, Journaled, Journaled, ClockRead, ClockRead]


async def test_when_the_service_took_it_is_told_in_history_time_also_of_an_earlier_boots_scan(
    venue: Venue,
) -> None:
    venue.east.journal = (
        entry("gate-01", "n1", "boot-east", ORIGIN_NS + EAST_AHEAD_NS + SETTLED_NS),
        entry("gate-01", "n2", "boot-before", ORIGIN_NS + EAST_AHEAD_NS + SETTLED_NS),
        entry("gate-01", "n3", "boot-east"),
    )
    await venue.conductor.conduct(plan(venue))

    assert [each.entry.settled_ns for each in told(venue)] == [SETTLED_NS, SETTLED_NS, None]


async def test_who_has_not_heard_is_asked_again_and_nothing_is_kept_twice(venue: Venue) -> None:
    venue.east.journal = (entry("gate-01", "n1", "boot-east"),)
    venue.west.journal = None

    def hear_at_last(_levels: dict[str, str], _ask: AskQueues | None) -> None:
        if len(venue.east.asked_for) == 2:
            venue.west.journal = (entry("gate-03", "n2", "boot-west"),)

    await venue.bus.subscribe(topics.ASK_QUEUES, hear_at_last)
    await venue.conductor.conduct(plan(venue))

    assert len(venue.east.asked_for) == 3
    assert [each.entry.nonce for each in told(venue)] == ["n1", "n2"]
    assert venue.told(JournalUnread) == []


async def test_those_who_never_tell_are_named_and_so_are_those_who_have_gone(venue: Venue) -> None:
    venue.east.journal = None
    venue.west.goes_at = "drill-1.1"
    await venue.conductor.conduct(plan(venue))

    assert venue.told(JournalUnread) == [
        JournalUnread("east", ("gate-01", "gate-02"), "did not tell in time"),
        JournalUnread("", ("gate-03", "gate-04"), "had gone before it was asked"),
    ]


def test_what_was_told_without_an_end_is_kept_and_not_enough() -> None:
    part = Part("east", ("gate-01",), shift_ns=-5)
    kept = Journals({"boot-east": part})

    first = kept.take(QueueReport("boot-east", EDITION, (entry("gate-01", "n1", "boot-east", 7),)))
    assert [each.entry.settled_ns for each in first if isinstance(each, Journaled)] == [2]
    assert kept.take(QueueReport("boot-other", EDITION, (), finished=True)) == []
    assert kept.waiting == {"boot-east"}
    assert kept.unread() == [JournalUnread("east", ("gate-01",), "did not tell in time")]

    assert kept.take(QueueReport("boot-east", EDITION, (), finished=True)) == []
    assert kept.unread() == []


async def test_who_told_less_than_it_counted_is_asked_again(venue: Venue) -> None:
    venue.east.journal = (entry("gate-01", "n1", "boot-east"), entry("gate-01", "n2", "boot-east"))
    venue.east.loses_entries = {"n1"}
    await venue.conductor.conduct(plan(venue))

    assert len(venue.east.asked_for) == 2
    assert [each.entry.nonce for each in told(venue)] == ["n2", "n1"]
    assert venue.told(JournalUnread) == []


def test_a_nonce_that_is_used_again_is_kept_each_time_and_what_is_told_twice_once() -> None:
    kept = Journals({"boot-east": Part("east", ("gate-01",), shift_ns=0)})
    asked = QueueEntry("a1", "gate-01", "boot-east", "n1", "t1", QueueState.ASKED)
    decided = msgspec.structs.replace(asked, attempt="a2", state=QueueState.SYNCED)

    events = [each for part in (asked, decided, asked) for each in kept.take(part_of(part))]
    assert events == [Journaled("east", asked), Journaled("east", decided)]


@pytest.mark.parametrize("first", ["decided", "asked"])
def test_a_scan_that_was_begun_twice_is_the_one_that_was_decided(first: str) -> None:
    begun = QueueEntry("a1", "gate-01", "boot-east", "n1", "t1", QueueState.ASKED)
    ended = msgspec.structs.replace(
        begun, attempt="a2", state=QueueState.SYNCED, outcome=Outcome(OutcomeKind.ADMITTED)
    )
    entries = (ended, begun) if first == "decided" else (begun, ended)
    journals = ToldJournals([Journaled("east", each) for each in entries], are_gathered=True)

    assert journals.of_scan("n1", "a1") == journals.of_scan("n1", "a2") == ended
    assert journals.entries == list(entries)


def test_an_entry_of_another_fleets_device_or_attempt_is_dropped() -> None:
    dropped: list[str] = []
    part = Part("east", ("gate-01",), 0, {"a": "gate-01", "b": "gate-03"})
    kept = Journals({"boot-east": part}, dropped.append)
    own = entry("gate-01", "n1", "boot-east")
    by_himself = msgspec.structs.replace(entry("gate-01", "n2", "boot-east"), attempt="")
    foreign = (
        entry("gate-03", "n3", "boot-west"),
        msgspec.structs.replace(entry("gate-01", "n4", "boot-east"), attempt="b"),
    )

    events = kept.take(part_of(own, *foreign, by_himself))
    assert events == [Journaled("east", own), Journaled("east", by_himself)]
    assert dropped == ["east"]
    kept.take(QueueReport("boot-east", EDITION, (), finished=True, total=4))
    assert kept.waiting == {"boot-east"}, "and what was dropped is no part of what it has told"
