"""A fleet speaks for itself alone: one that lies about another, at the bus, through a whole run."""

from collections.abc import Callable

import msgspec
import pytest
from memory_bus import ManualClock, sleep_by
from plans import own_tickets, plan_for, race, scenario
from scripted_fleet import ScriptedFleet
from scripted_venue import ORIGIN_NS, RUN, Venue

from gatedrill.contract import topics
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import (
    Arm,
    Armed,
    AskQueues,
    Fire,
    QueueEntry,
    QueueReport,
    QueueState,
    Report,
)
from gatedrill.contract.outcome import Authority
from gatedrill.orchestrator import asking
from gatedrill.orchestrator import roster as roster_module
from gatedrill.orchestrator.history import Attempted, Fired, Journaled, JournalUnread, Silent
from gatedrill.orchestrator.history import Unready as NotReady

STEP = "drill-1.1"
ALL = ["gate-01", "gate-02", "gate-03", "gate-04"]
SAID = "fleet east speaks for others: what it says for them is dropped"


@pytest.fixture
async def venue(monkeypatch: pytest.MonkeyPatch) -> Venue:
    clock = ManualClock(ORIGIN_NS)
    sleep_by(clock, monkeypatch)
    venue = Venue(clock)
    await venue.open()
    return venue


async def when_fired(venue: Venue, lie: Callable[[str], None]) -> None:
    """Have it said before anybody reports."""

    def hear(_levels: dict[str, str], fire: Fire | None) -> None:
        lie(fire.step if fire is not None else "")

    await venue.bus.subscribe(topics.FIRE, hear)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each.getMessage() for each in caplog.records if "speakers" in each.name]


async def test_nobody_ends_a_step_for_another_fleet(
    venue: Venue, caplog: pytest.LogCaptureFixture
) -> None:
    def finish(step: str) -> None:
        end = Report(step, "boot-west", (), finished=True, total=0)
        venue.bus.say(topics.REPORT, end, fleet="east", run=RUN)

    await when_fired(venue, finish)
    await venue.conductor.conduct(venue.plan(race(rounds=2)))

    assert venue.scanned(STEP) == venue.scanned("drill-1.2") == ALL
    assert venue.told(Silent) == []
    assert warnings(caplog) == [SAID], "once, for two steps"


async def test_nobody_says_for_another_fleet_what_is_ready_there(venue: Venue) -> None:
    def lie(_levels: dict[str, str], arm: Arm | None) -> None:
        if arm is not None:
            word = Armed(arm.step, "boot-west", {"gate-03": "unread"})
            venue.bus.say(topics.ARMED, word, fleet="east", run=RUN)

    venue.west.mute = True
    await venue.bus.subscribe(topics.ARM, lie, fleet="west")

    def speak(levels: dict[str, str], _word: Armed | None) -> None:
        if levels["fleet"] == "east":
            venue.west.leave()

    await venue.bus.subscribe(topics.ARMED, speak)
    await venue.conductor.conduct(venue.plan(race()))

    assert venue.told(NotReady) == []
    assert [event.why for event in venue.history if isinstance(event, Silent)] == [
        "its process has gone"
    ]


@pytest.mark.parametrize(
    "device", ["gate-03", "gate-01"], ids=["its device", "a device of our own"]
)
async def test_an_attempt_that_another_fleet_reports_first_is_still_heard_from_its_own(
    venue: Venue, device: str, caplog: pytest.LogCaptureFixture
) -> None:
    honest = Venue(ManualClock(ORIGIN_NS))
    await honest.open()
    await honest.conductor.conduct(honest.plan(race()))
    attempt = f"{STEP}:gate-03"
    told = [each.record for each in honest.history if isinstance(each, Attempted)]
    [record] = [each for each in told if each.attempt == attempt]
    lie = msgspec.structs.replace(record, device=device, decided_ns=1)

    def report(step: str) -> None:
        word = Report(step, "boot-east", (lie,))
        venue.bus.say(topics.REPORT, word, fleet="east", run=RUN)

    await when_fired(venue, report)
    await venue.conductor.conduct(venue.plan(race()))

    heard = [each for each in venue.history if isinstance(each, Attempted)]
    assert [
        (each.fleet, each.record.device) for each in heard if each.record.attempt == attempt
    ] == [("west", "gate-03")]
    assert venue.scanned(STEP) == ALL
    assert warnings(caplog) == [SAID]


async def test_nobody_tells_what_the_journals_of_another_fleet_hold(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "ASK_AGAIN_S", 0.01)
    made = msgspec.structs.replace(
        scenario(4, own_tickets()), authorities=(Authority.ONLINE, Authority.OFFLINE)
    )
    entry = QueueEntry("", "gate-03", "boot-west", "n1", "t1", QueueState.SYNCED)
    venue.west.journal = None  # it says nothing

    def lie(levels: dict[str, str], ask: AskQueues | None) -> None:
        edition = ask.edition if ask is not None else ""
        for word in (
            QueueReport("boot-west", edition, (entry,), finished=True, total=1),
            QueueReport("boot-east", edition, (entry,)),
        ):
            venue.bus.say(topics.QUEUES, word, fleet="east", run=levels["run"])

    await venue.bus.subscribe(topics.ASK_QUEUES, lie)
    await venue.conductor.conduct(plan_for(made, venue.roster.devices))

    assert venue.told(Journaled) == []
    assert venue.told(JournalUnread) == [
        JournalUnread("west", ("gate-03", "gate-04"), "did not tell in time")
    ]


async def test_two_fleets_that_name_one_device_end_the_run_before_anybody_is_told_anything(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster_module, "TWINS_LEAVE_WITHIN_S", 0.01)
    plan = venue.plan(race())
    twin = ScriptedFleet(venue.bus, "annex", ("gate-03",), venue.gate)
    await twin.enter()

    with pytest.raises(PeerError, match=r"^fleets annex and west both name gate-03: stop one"):
        await venue.conductor.conduct(plan)

    assert venue.east.armed == venue.west.armed == twin.armed == []
    assert (venue.told(Fired), venue.conductor.has_fired) == ([], False)


async def test_who_names_a_device_of_another_amid_a_run_is_not_told_its_orders_even_if_that_goes(
    venue: Venue,
) -> None:
    annex = ScriptedFleet(venue.bus, "annex", ("gate-03",), venue.gate)
    await annex.enter()
    annex.leave()

    def come(step: str) -> None:
        annex.announce()

    await when_fired(venue, come)
    venue.west.goes_at = "drill-1.2"
    await venue.conductor.conduct(venue.plan(race(rounds=3)))

    assert annex.armed == []
    assert venue.scanned(STEP) == ALL
    last = [event for event in venue.history if isinstance(event, Silent)][-1]
    assert (last.step, sorted(last.devices), last.why) == (
        "drill-1.3",
        ["gate-03", "gate-04"],
        "had gone before the step",
    )
