"""The conductor: arm, fire, gather, with fleets that come, go and fall silent."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import pytest
from memory_bus import ManualClock, MemoryBus
from scripted_fleet import ANSWER_NS, HonestGate, ScriptedFleet

from gatedrill.contract import topics
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import ArmBurst, ArmStream, BurstKind, Presence
from gatedrill.fixtures.scenario import Burst, Phase, Scenario, Stream
from gatedrill.fixtures.tickets import Supply
from gatedrill.orchestrator import conductor as conducting
from gatedrill.orchestrator.conductor import LEAD_S, Conductor
from gatedrill.orchestrator.history import ClockRead, Event, Fired, Scanned, Silent, Unready
from gatedrill.orchestrator.plan import Plan, make_plans
from gatedrill.orchestrator.roster import Roster

if TYPE_CHECKING:
    from gatedrill.broker.bus import Bus

RUN = "20261120-120000-abcd"
EAST_AHEAD_NS = 5_000_000_000
ORIGIN_NS = 1_000
LEAD_NS = round(LEAD_S * 1e9)


class Venue:
    """Two fleets with two devices each, and a conductor who keeps what it writes."""

    def __init__(self, clock: ManualClock) -> None:
        self.bus = MemoryBus()
        self.roster = Roster(ManualClock())
        self.gate = HonestGate()
        self.east = ScriptedFleet(
            self.bus, "east", ("gate-01", "gate-02"), self.gate, clock_ns=ORIGIN_NS + EAST_AHEAD_NS
        )
        self.west = ScriptedFleet(
            self.bus, "west", ("gate-03", "gate-04"), self.gate, clock_ns=ORIGIN_NS
        )
        self.history: list[Event] = []
        self.progress: list[tuple[str, int]] = []
        self.conductor = Conductor(
            RUN,
            cast("Bus", self.bus),
            clock,
            self.roster,
            self.history.extend,
            lambda step, scans: self.progress.append((step.id, scans)),
        )

    async def open(self) -> None:
        """Let everybody come."""
        await self.bus.subscribe(topics.PRESENCE, self.roster.on_presence)
        await self.east.enter()
        await self.west.enter()
        await self.conductor.listen()

    def plan(self, *phases: Phase) -> Plan:
        """A plan for all four devices."""
        scenario = Scenario(1, "drill", "A drill", 4, phases)
        [plan] = make_plans([scenario], self.roster.devices, 1, Supply(1, None, "event"))
        return plan

    def told(self, kind: type[Event]) -> Sequence[Event]:
        """The events of this kind."""
        return [event for event in self.history if isinstance(event, kind)]

    def scanned(self, step: str) -> list[str]:
        """The devices of which a scan was heard in this step, by name."""
        scans = (event for event in self.history if isinstance(event, Scanned))
        return sorted(event.scan.device for event in scans if event.step == step)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(ORIGIN_NS)


@pytest.fixture
async def venue(clock: ManualClock) -> Venue:
    venue = Venue(clock)
    await venue.open()
    return venue


@pytest.fixture
async def hurried_venue(monkeypatch: pytest.MonkeyPatch) -> Venue:
    """A venue in which a second passes with every look at the clock."""
    monkeypatch.setattr(conducting, "_LOOK_ROUND_S", 0.001)
    venue = Venue(ManualClock(ORIGIN_NS, step_ns=1_000_000_000))
    await venue.open()
    return venue


async def test_a_race_with_its_probe_is_armed_fired_and_gathered(venue: Venue) -> None:
    plan = venue.plan(Burst(tickets="one", probe=True))
    await venue.conductor.conduct(plan)

    assert venue.told(ClockRead) == [ClockRead("east", EAST_AHEAD_NS, 0), ClockRead("west", 0, 0)]
    assert venue.scanned("drill-1.1") == ["gate-01", "gate-02", "gate-03", "gate-04"]
    assert len(venue.scanned("drill-1.1-probe")) == 1
    assert venue.told(Silent) == venue.told(Unready) == []
    kinds = [type(event) for event in venue.history]
    assert kinds == [ClockRead] * 2 + [Fired] + [Scanned] * 4 + [Fired, Scanned]


async def test_each_fleet_is_told_its_own_scans_and_its_own_clock(venue: Venue) -> None:
    plan = venue.plan(Burst(tickets="one"))
    await venue.conductor.conduct(plan)

    [step] = plan.steps
    for fleet, ahead_ns in ((venue.east, EAST_AHEAD_NS), (venue.west, 0)):
        [arm] = fleet.armed
        assert isinstance(arm, ArmBurst)
        assert (arm.step, arm.kind, arm.clock_offset_ns) == (step.id, BurstKind.REQUEST, ahead_ns)
        names = {device.name for device in fleet.presence.devices}
        planned = [scan for scan in step.scans if scan.device in names]
        assert [
            (shown.attempt, shown.device, shown.symbol, shown.seed) for shown in arm.presentations
        ] == [(scan.attempt, scan.device, scan.ticket, scan.seed) for scan in planned]


async def test_a_stream_is_armed_with_its_length_and_pause(venue: Venue) -> None:
    await venue.conductor.conduct(venue.plan(Stream(duration_s=2, pause_s=1)))

    [arm] = venue.east.armed
    assert isinstance(arm, ArmStream)
    assert (arm.pause_s, arm.duration_s) == (1, 2)
    assert len(arm.presentations) == 4


async def test_nothing_is_fired_before_everybody_is_armed(venue: Venue) -> None:
    await venue.conductor.conduct(venue.plan(Burst(tickets="one")))

    words = [topic.split("/")[-2] for topic in venue.bus.said]
    assert words.count("fire") == 1
    assert words[: words.index("fire")].count("armed") == 2
    assert words[words.index("fire") :].count("report") == 2


async def test_all_fleets_are_told_one_instant_on_the_conductors_clock(venue: Venue) -> None:
    await venue.conductor.conduct(venue.plan(Burst(tickets="one")))

    assert venue.east.fired == venue.west.fired == [ORIGIN_NS + LEAD_NS]
    assert venue.told(Fired) == [Fired("drill-1.1", LEAD_NS)]
    assert venue.conductor.has_fired


async def test_scans_stand_in_the_history_on_one_clock_whatever_their_fleets_clock_says(
    venue: Venue,
) -> None:
    await venue.conductor.conduct(venue.plan(Burst(tickets="one")))

    scans = [event.scan for event in venue.history if isinstance(event, Scanned)]
    assert {scan.intended_ns for scan in scans} == {LEAD_NS}
    assert {scan.decided_ns for scan in scans} == {LEAD_NS + ANSWER_NS}


async def test_a_step_rests_from_the_last_answer_of_the_one_before(venue: Venue) -> None:
    plan = venue.plan(Burst(tickets="one", rounds=2, probe=True))
    await venue.conductor.conduct(plan)

    instants = [event.at_ns for event in venue.history if isinstance(event, Fired)]
    for before_ns, at_ns, step in zip(instants, instants[1:], plan.steps[1:], strict=False):
        rested_ns = before_ns + ANSWER_NS + round(step.rest_s * 1e9)
        assert at_ns == max(LEAD_NS, rested_ns)


async def test_progress_counts_the_scans_of_each_step(venue: Venue) -> None:
    await venue.conductor.conduct(venue.plan(Burst(tickets="own", rounds=2)))

    assert [each for each in venue.progress if each[1]] == [
        ("drill-1.1", 2),
        ("drill-1.1", 4),
        ("drill-1.2", 2),
        ("drill-1.2", 4),
    ]


async def test_a_fleet_that_goes_in_the_middle_of_a_burst_is_named_and_the_run_ends(
    venue: Venue,
) -> None:
    venue.west.goes_at = "drill-1.2"
    await venue.conductor.conduct(venue.plan(Burst(tickets="one", rounds=3)))

    assert venue.scanned("drill-1.1") == ["gate-01", "gate-02", "gate-03", "gate-04"]
    assert venue.scanned("drill-1.2") == venue.scanned("drill-1.3") == ["gate-01", "gate-02"]
    silent = [event for event in venue.history if isinstance(event, Silent)]
    assert [(event.step, event.fleet, sorted(event.devices), event.why) for event in silent] == [
        ("drill-1.2", "west", ["gate-03", "gate-04"], "its process has gone"),
        ("drill-1.3", "", ["gate-03", "gate-04"], "had gone before the step"),
    ]


async def test_a_run_whose_fleets_have_all_gone_fires_no_more(venue: Venue) -> None:
    venue.east.goes_at = venue.west.goes_at = "drill-1.1"
    await venue.conductor.conduct(venue.plan(Burst(tickets="one", rounds=2, probe=True)))

    assert [event.step for event in venue.history if isinstance(event, Fired)] == ["drill-1.1"]
    silent = [event for event in venue.history if isinstance(event, Silent)]
    assert [event.step for event in silent] == [
        "drill-1.1",
        "drill-1.1",
        "drill-1.1-probe",
        "drill-1.2",
        "drill-1.2-probe",
    ]


async def test_a_fleet_that_comes_back_under_another_boot_has_no_known_clock_and_no_part(
    venue: Venue,
) -> None:
    reborn = ScriptedFleet(venue.bus, "west", ("gate-03", "gate-04"), venue.gate, boot="boot-later")

    def come_back(_levels: dict[str, str], presence: Presence | None) -> None:
        if presence is None:
            reborn.announce()

    await venue.bus.subscribe(topics.PRESENCE, come_back)
    venue.west.goes_at = "drill-1.1"
    await venue.conductor.conduct(venue.plan(Burst(tickets="one", rounds=2)))

    assert venue.roster.fleet_of("gate-03") == reborn.presence
    assert venue.scanned("drill-1.2") == ["gate-01", "gate-02"]
    silent = [event for event in venue.history if isinstance(event, Silent)]
    assert [(event.step, event.why) for event in silent] == [
        ("drill-1.1", "its process has gone"),
        ("drill-1.2", "had gone before the step"),
    ]


async def test_devices_that_are_not_ready_are_told_with_the_reason(venue: Venue) -> None:
    venue.east.unready = {"gate-02": "unread"}
    await venue.conductor.conduct(venue.plan(Burst(tickets="one")))

    assert venue.told(Unready) == [Unready("drill-1.1", "gate-02", "unread")]
    assert venue.scanned("drill-1.1") == ["gate-01", "gate-03", "gate-04"]


async def test_the_step_goes_on_without_a_fleet_that_does_not_get_ready(
    hurried_venue: Venue,
) -> None:
    venue = hurried_venue
    venue.west.mute = True
    await venue.conductor.conduct(venue.plan(Burst(tickets="one")))

    assert venue.scanned("drill-1.1") == ["gate-01", "gate-02"]
    [silent] = venue.told(Silent)
    assert isinstance(silent, Silent)
    assert (silent.fleet, silent.why) == ("west", "was not ready in time")


async def test_a_fleet_that_never_reports_is_given_up(hurried_venue: Venue) -> None:
    venue = hurried_venue
    reports = topics.REPORT.topic(fleet="west", run=RUN)
    hear = venue.bus.say

    def lossy(channel: object, message: object, **levels: str) -> None:
        if not (channel is topics.REPORT and levels["fleet"] == "west"):
            hear(channel, message, **levels)  # type: ignore[arg-type]

    venue.bus.say = lossy  # type: ignore[method-assign]
    await venue.conductor.conduct(venue.plan(Burst(tickets="one")))

    assert reports not in venue.bus.said
    assert venue.scanned("drill-1.1") == ["gate-01", "gate-02"]
    [silent] = venue.told(Silent)
    assert isinstance(silent, Silent)
    assert (silent.fleet, silent.why) == ("west", "did not finish in time")


async def test_a_fleet_whose_heartbeats_stop_is_dropped_during_the_step(
    hurried_venue: Venue,
) -> None:
    venue = hurried_venue
    venue.roster._clock = ManualClock(step_ns=2_000_000_000)
    venue.west.mute = venue.east.mute = True
    await venue.conductor.conduct(venue.plan(Burst(tickets="one")))

    silent = [event for event in venue.history if isinstance(event, Silent)]
    assert [event.why for event in silent] == ["its process has gone"] * 2
    assert not venue.conductor.has_fired


async def test_a_fleet_that_does_not_answer_pings_ends_the_run_before_anything_is_fired(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conducting, "PONG_TIMEOUT_S", 0.01)
    venue.west.answers_pings = False

    with pytest.raises(PeerError, match=r"^fleet 'west' does not answer pings"):
        await venue.conductor.conduct(venue.plan(Burst(tickets="one")))

    assert not venue.conductor.has_fired
    assert venue.told(Fired) == []


async def test_time_in_the_history_counts_from_the_conductors_beginning(
    venue: Venue, clock: ManualClock
) -> None:
    assert venue.conductor.now_ns() == 0
    clock.advance_s(1.5)
    assert venue.conductor.now_ns() == 1_500_000_000
