"""Faults in a conducted run: they strike when they should, are written down, and always end."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest
from memory_bus import ManualClock, sleep_by
from plans import own_tickets, plan_for, race, scenario
from scripted_fleet import ScriptedFleet
from scripted_venue import LEAD_NS, ORIGIN_NS, Venue

from gatedrill.contract import topics
from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.contract.messages import Arm, Fire, Presentation, Report
from gatedrill.contract.outcome import Authority, Outcome
from gatedrill.fixtures.scenario import (
    BeginFaults,
    Burst,
    Drain,
    Fault,
    Heal,
    Pause,
    Phase,
    Scenario,
    Sell,
    Show,
    TicketGroup,
)
from gatedrill.orchestrator import words
from gatedrill.orchestrator.excuses import GRACE_S
from gatedrill.orchestrator.history import (
    Attempted,
    ClockRead,
    Drained,
    FaultBegan,
    FaultEnded,
    Fired,
    Silent,
    Sold,
)
from gatedrill.orchestrator.plan import Plan, PlannedFault

DOWN = Fault("uplink-down")
STOPPED = Fault("broker-stopped", at_s=0.0, for_s=2)
SKEWED = Fault("clock-skewed", gates=(1, 3), skew_s=-600)
KILLED = Fault("device-killed", gates=(3,), for_s=1)
PAUSED = Fault("device-paused", gates=(3,), for_s=20)
EVERYBODY = ["gate-01", "gate-02", "gate-03", "gate-04"]
OFFLINE = (Authority.ONLINE, Authority.OFFLINE)


@pytest.fixture(autouse=True)
def _nobody_waits_long_in_real_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "LOOK_ROUND_S", 0.001)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    clock = ManualClock(ORIGIN_NS)
    sleep_by(clock, monkeypatch)
    return clock


@pytest.fixture
async def venue(clock: ManualClock) -> Venue:
    venue = Venue(clock)
    await venue.open()
    return venue


def failing(*faults: Fault, rounds: int = 1) -> Burst:
    return msgspec.structs.replace(own_tickets(rounds=rounds), faults=faults)


def at(fault: Fault, at_s: float, for_s: float | None = None) -> Fault:
    return msgspec.structs.replace(fault, at_s=at_s, for_s=for_s)


def began(venue: Venue) -> dict[str, int]:
    return {each.fault: each.at_ns for each in venue.history if isinstance(each, FaultBegan)}


def ended(venue: Venue) -> dict[str, int]:
    return {each.fault: each.at_ns for each in venue.history if isinstance(each, FaultEnded)}


def fired(venue: Venue) -> list[int]:
    return [event.at_ns for event in venue.history if isinstance(event, Fired)]


def seconds(number: float) -> int:
    return round(number * 1e9)


async def until(comes_true: Callable[[], bool]) -> None:
    """Let the others go on until this is so."""
    while not comes_true():  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0)


async def test_what_fails_between_two_steps_is_done_before_anybody_is_armed_and_written_down(
    venue: Venue,
) -> None:
    armed_when: list[list[str]] = []

    def note(_levels: dict[str, str], _arm: Arm | None) -> None:
        armed_when.append(list(venue.hands.done))

    await venue.bus.subscribe(topics.ARM, note, fleet="east")
    await venue.conductor.conduct(
        venue.plan(own_tickets(), BeginFaults((DOWN,)), own_tickets(), Heal(), own_tickets())
    )

    both = ["begin drill-2-f1", "end drill-2-f1"]
    assert armed_when == [[], both[:1], both]
    assert venue.told(FaultBegan) == [
        FaultBegan("drill-2-f1", "uplink-down", tuple(EVERYBODY), began(venue)["drill-2-f1"])
    ]
    kinds = [type(each) for each in venue.history if not isinstance(each, Attempted | ClockRead)]
    assert kinds == [Fired, FaultBegan, Fired, FaultEnded, Fired]
    assert venue.lines == [
        "uplink-down strikes 4 devices (drill-2-f1)",
        "uplink-down has ended (drill-2-f1)",
    ]


async def test_a_fault_of_a_step_strikes_at_its_instant_after_t_and_lasts_as_long_as_it_says(
    venue: Venue,
) -> None:
    await venue.conductor.conduct(venue.plan(failing(at(DOWN, 1.5, for_s=2))))

    [t_ns] = fired(venue)
    assert began(venue) == {"drill-1.1-f1": t_ns + seconds(1.5)}
    assert ended(venue) == {"drill-1.1-f1": t_ns + seconds(3.5)}
    assert venue.hands.done == ["begin drill-1.1-f1", "end drill-1.1-f1"]


async def test_its_stamps_lie_around_the_time_in_which_it_was_in_force(
    venue: Venue, clock: ManualClock
) -> None:
    venue.hands.on_begin["uplink-down"] = lambda _fault: clock.advance_s(0.25)
    venue.hands.on_end["uplink-down"] = lambda _fault: clock.advance_s(0.5)
    await venue.conductor.conduct(venue.plan(failing(at(DOWN, 1, for_s=2))))

    [t_ns] = fired(venue)
    assert began(venue) == {"drill-1.1-f1": t_ns + seconds(1)}
    assert ended(venue) == {"drill-1.1-f1": t_ns + seconds(3.75)}


async def test_word_of_t_is_out_half_a_second_before_an_early_fault_strikes(
    venue: Venue, clock: ManualClock
) -> None:
    said_ns: list[int] = []

    def note(_levels: dict[str, str], _fire: Fire | None) -> None:
        said_ns.append(clock.now_ns() - ORIGIN_NS)

    await venue.bus.subscribe(topics.FIRE, note)
    await venue.conductor.conduct(venue.plan(failing(at(DOWN, -0.4, for_s=1)), own_tickets()))

    [early, usual] = fired(venue)
    assert early - said_ns[0] == LEAD_NS + seconds(0.4)
    assert usual - said_ns[1] == LEAD_NS
    assert began(venue)["drill-1.1-f1"] == early - seconds(0.4)


async def test_each_round_has_its_faults_and_begins_when_those_of_the_one_before_are_over(
    venue: Venue,
) -> None:
    await venue.conductor.conduct(venue.plan(failing(at(DOWN, 0, for_s=3), rounds=2)))

    first, second = fired(venue)
    assert began(venue) == {"drill-1.1-f1": first, "drill-1.2-f1": second}
    assert ended(venue)["drill-1.1-f1"] == first + seconds(3) < second


async def test_a_fault_with_a_length_between_two_steps_ends_by_itself_amid_them(
    venue: Venue,
) -> None:
    await venue.conductor.conduct(
        venue.plan(BeginFaults((at(DOWN, 0, for_s=2),)), Pause(5), own_tickets())
    )

    assert ended(venue)["drill-1-f1"] <= fired(venue)[0]
    assert venue.hands.done == ["begin drill-1-f1", "end drill-1-f1"]


async def test_what_has_ended_by_itself_is_not_ended_again_by_healing(venue: Venue) -> None:
    await venue.conductor.conduct(
        venue.plan(
            BeginFaults((at(DOWN, 0, for_s=2), Fault("uplink-slow", delay_ms=9))),
            own_tickets(),
            Heal(),
        )
    )

    assert sorted(venue.hands.done) == [
        "begin drill-1-f1",
        "begin drill-1-f2",
        "end drill-1-f1",
        "end drill-1-f2",
    ]
    assert len(venue.told(FaultEnded)) == 2


async def test_faults_end_in_the_order_in_which_they_are_healed(venue: Venue) -> None:
    both = BeginFaults((DOWN, Fault("registrar-stopped")))
    await venue.conductor.conduct(
        venue.plan(own_tickets(), both, Heal(("registrar-stopped", "uplink-down")))
    )

    assert venue.hands.done[2:] == ["end drill-2-f2", "end drill-2-f1"]


async def test_what_is_left_in_the_end_is_ended_the_broker_first_and_clocks_last(
    venue: Venue,
) -> None:
    ends: list[str] = []
    for name in ("broker-frozen", "uplink-down"):
        venue.hands.on_end[name] = lambda fault: ends.append(
            f"{fault.fault}, clock {venue.east.skews_s['gate-01']:g}"
        )
    await venue.conductor.conduct(
        venue.plan(own_tickets(), BeginFaults((SKEWED, DOWN, Fault("broker-frozen"))))
    )

    assert ends == ["broker-frozen, clock -600", "uplink-down, clock -600"]
    assert set(ended(venue)) == set(began(venue)) == {f"drill-2-f{number}" for number in (1, 2, 3)}
    assert venue.east.skews_s == {"gate-01": 0}


async def test_a_clock_is_set_wrong_and_right_again_by_word_to_its_own_fleet(
    clock: ManualClock,
) -> None:
    venue = Venue(clock)
    await venue.open()
    seen: list[dict[str, float]] = []

    def note(_levels: dict[str, str], _fire: Fire | None) -> None:
        seen.append(venue.east.skews_s | venue.west.skews_s)

    await venue.bus.subscribe(topics.FIRE, note)
    await venue.conductor.conduct(
        venue.plan(BeginFaults((SKEWED,)), own_tickets(), Heal(), own_tickets())
    )

    assert seen == [{"gate-01": -600, "gate-03": -600}, {"gate-01": 0, "gate-03": 0}]
    assert venue.west.skews_s == {"gate-03": 0}
    assert venue.hands.done == [], "no hands are needed for that"


async def test_the_clock_of_a_device_that_has_gone_cannot_be_set_wrong_but_right(
    venue: Venue,
) -> None:
    venue.west.goes_at = "drill-1.1"
    with pytest.raises(PeerError, match=r"^cannot set the clock of gate-03 wrong: its process has"):
        await venue.conductor.conduct(venue.plan(own_tickets(), BeginFaults((SKEWED,))))
    assert venue.east.skews_s == {"gate-01": 0}, "and the other one is right again"
    assert venue.told(FaultBegan) == venue.told(FaultEnded) == []

    again = Venue(ManualClock(ORIGIN_NS))
    await again.open()
    again.west.goes_at = "drill-2.1"
    await again.conductor.conduct(again.plan(BeginFaults((SKEWED,)), own_tickets(), Heal()))
    assert len(again.told(FaultEnded)) == 1


@pytest.mark.parametrize("place", ["step", "act"])
async def test_a_plan_with_faults_is_refused_before_anything_where_nobody_has_hands(
    venue: Venue, place: str
) -> None:
    venue.conductor._hands = None
    phases = {"step": (failing(DOWN),), "act": (BeginFaults((DOWN,)), race())}
    plan = venue.plan(*phases[place])

    with pytest.raises(UsageError) as raised:
        await venue.conductor.conduct(plan)

    assert str(raised.value) == (
        "scenario drill has faults (uplink-down): it needs a venue that this command starts "
        "itself: leave out --broker and GATEDRILL_BROKER"
    )
    assert venue.history == []


async def test_clocks_alone_need_no_hands(venue: Venue) -> None:
    venue.conductor._hands = venue.conductor._faults._hands = None
    await venue.conductor.conduct(venue.plan(failing(SKEWED)))

    assert len(venue.told(FaultEnded)) == 1


def refuse(_fault: PlannedFault) -> None:
    raise PeerError("the broker's process cannot be found")


@pytest.mark.parametrize("when", ["on_begin", "on_end"])
async def test_hands_that_fail_amid_a_step_cut_the_run_short_with_their_words_and_all_is_ended(
    venue: Venue, when: str
) -> None:
    getattr(venue.hands, when)["broker-stopped"] = refuse
    with pytest.raises(PeerError, match=r"^the broker's process cannot be found$"):
        await venue.conductor.conduct(
            venue.plan(BeginFaults((DOWN,)), failing(STOPPED), own_tickets())
        )

    assert [event.step for event in venue.history if isinstance(event, Fired)] == ["drill-2.1"]
    assert "drill-1-f1" in ended(venue)
    assert "end drill-2.1-f1" in venue.hands.done, "half done is not undone"


async def test_one_that_cannot_be_ended_keeps_no_other_from_being_ended(venue: Venue) -> None:
    venue.hands.on_end["uplink-down"] = refuse
    slow = Fault("uplink-slow", delay_ms=9)
    with pytest.raises(PeerError, match="cannot be found"):
        await venue.conductor.conduct(venue.plan(own_tickets(), BeginFaults((DOWN, slow))))

    assert set(ended(venue)) == {"drill-2-f2"}


async def test_an_interrupted_run_leaves_no_fault_behind(venue: Venue) -> None:
    struck = asyncio.Event()
    venue.hands.on_begin["broker-frozen"] = lambda _fault: struck.set()
    frozen = Fault("broker-frozen", for_s=1000)
    plan = venue.plan(BeginFaults((DOWN,)), BeginFaults((frozen,)), Pause(2000), own_tickets())
    task = asyncio.create_task(venue.conductor.conduct(plan))
    await struck.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert set(ended(venue)) == set(began(venue)) == {"drill-1-f1", "drill-2-f1"}
    assert venue.hands.done[2:] == ["end drill-2-f1", "end drill-1-f1"]


async def test_what_was_about_to_begin_when_the_run_was_interrupted_is_undone_too(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    about_to = asyncio.Event()

    async def begin(_fault: PlannedFault) -> None:
        about_to.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(venue.hands, "begin", begin)
    task = asyncio.create_task(venue.conductor.conduct(venue.plan(failing(STOPPED))))
    await about_to.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert venue.hands.done == ["end drill-1.1-f1"]
    assert venue.told(FaultBegan) == venue.told(FaultEnded) == []


class Outage:
    """The broker goes away with all that it has retained, and comes back."""

    def __init__(self, venue: Venue) -> None:
        self.venue = venue
        venue.hands.on_begin["broker-stopped"] = self.begin
        venue.hands.on_end["broker-stopped"] = self.end

    def begin(self, _fault: PlannedFault) -> None:
        self.venue.bus.is_connected = False

    def end(self, _fault: PlannedFault) -> None:
        self.venue.bus.reconnect()
        self.venue.east.announce()
        self.venue.west.announce()


def lose_reports(venue: Venue, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the fleets report is said while the broker is away, and only once."""
    reported = venue.bus.say

    def say(channel: object, message: object, **levels: str) -> None:
        if channel is topics.REPORT and not ended(venue):
            return
        reported(channel, message, **levels)  # type: ignore[arg-type]

    monkeypatch.setattr(venue.bus, "say", say)


async def test_what_was_said_while_the_broker_was_away_is_asked_for_again_and_counts_once(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    Outage(venue)
    lose_reports(venue, monkeypatch)
    await venue.conductor.conduct(venue.plan(failing(STOPPED)))

    assert venue.scanned("drill-1.1") == EVERYBODY
    assert venue.told(Silent) == []
    assert any(topic.split("/")[-2] == "repeat" for topic in venue.bus.said)


async def test_a_last_word_that_is_heard_before_what_was_lost_is_not_the_end(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported = venue.bus.say
    lost: set[str] = set()

    def say(channel: object, message: object, **levels: str) -> None:
        if isinstance(message, Report) and message.boot not in lost:
            lost.add(message.boot)
            message = msgspec.structs.replace(message, records=())
        reported(channel, message, **levels)  # type: ignore[arg-type]

    monkeypatch.setattr(venue.bus, "say", say)
    await venue.conductor.conduct(venue.plan(failing()))

    assert lost == {"boot-east", "boot-west"}
    assert venue.scanned("drill-1.1") == EVERYBODY
    assert venue.told(Silent) == []


async def test_nobody_is_asked_to_repeat_himself_where_the_broker_stayed(venue: Venue) -> None:
    await venue.conductor.conduct(venue.plan(failing(at(DOWN, 0, for_s=1))))

    assert not any("/repeat/" in topic for topic in venue.bus.said)


async def test_a_fleet_that_was_away_longer_than_the_conductor_is_asked_again_and_again(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(words, "REPEAT_EVERY_S", 0.0)
    Outage(venue)
    lose_reports(venue, monkeypatch)
    venue.west.deaf = 3
    await venue.conductor.conduct(venue.plan(failing(STOPPED)))

    assert venue.scanned("drill-1.1") == EVERYBODY
    assert venue.told(Silent) == []


async def test_the_broker_forgetting_everybody_silences_nobody(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wake(_fault: PlannedFault) -> None:
        venue.west.leave()  # the wills of all whom it has not heard meanwhile
        venue.east.leave()
        venue.east.announce()
        venue.west.announce()

    venue.hands.on_end["broker-frozen"] = wake
    lose_reports(venue, monkeypatch)
    venue.hands.on_begin["broker-frozen"] = lambda _fault: None
    plan = venue.plan(failing(at(Fault("broker-frozen"), 0, for_s=2)), own_tickets())
    task = asyncio.create_task(venue.conductor.conduct(plan))
    await until(lambda: bool(ended(venue)))
    venue.bus.reconnect()  # it had dropped us as well
    venue.east.announce()
    venue.west.announce()
    await task

    assert venue.told(Silent) == []
    assert venue.scanned("drill-1.1") == venue.scanned("drill-2.1") == EVERYBODY


async def test_who_does_not_come_back_after_the_broker_did_is_silent_when_the_grace_is_over(
    venue: Venue, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wake(_fault: PlannedFault) -> None:
        venue.west.leave()
        venue.bus.reconnect()
        venue.east.announce()

    venue.hands.on_end["broker-stopped"] = wake
    venue.west._decide = never
    task = asyncio.create_task(venue.conductor.conduct(venue.plan(failing(STOPPED))))
    await until(lambda: bool(ended(venue)))
    clock.advance_s(GRACE_S - 0.1)
    for _ in range(20):
        await asyncio.wait({task}, timeout=0.001)
    assert venue.told(Silent) == []
    clock.advance_s(0.2)
    await task

    [silent] = venue.told(Silent)
    assert isinstance(silent, Silent)
    assert (silent.fleet, silent.why) == ("west", "its process has gone")


async def test_nobody_is_armed_before_all_are_heard_again_who_were_cut_off(
    venue: Venue,
) -> None:
    order: list[str] = []

    def note(_levels: dict[str, str], _arm: Arm | None) -> None:
        order.append("armed")

    def reconnect(_fault: PlannedFault) -> None:
        venue.bus.reconnect()
        asyncio.get_running_loop().call_later(0.02, venue.east.announce)
        asyncio.get_running_loop().call_later(0.05, come_back)

    def come_back() -> None:
        order.append("back")
        venue.west.announce()

    await venue.bus.subscribe(topics.ARM, note, fleet="east")
    outage = Outage(venue)
    venue.hands.on_begin["broker-stopped"] = outage.begin
    venue.hands.on_end["broker-stopped"] = reconnect
    await venue.conductor.conduct(venue.plan(failing(STOPPED), own_tickets()))

    assert order == ["armed", "back", "armed"]


async def never(_shown: Presentation) -> Outcome:
    await asyncio.Event().wait()
    raise AssertionError


async def killed_and_reborn(venue: Venue) -> ScriptedFleet:
    """West, which is killed when it is to be, is started again as another boot."""
    reborn = ScriptedFleet(
        venue.bus, "west", ("gate-03", "gate-04"), venue.gate, boot="boot-later", clock_ns=77_000
    )
    venue.west._decide = never
    venue.hands.on_begin["device-killed"] = lambda _fault: venue.west.leave()
    await reborn.enter()
    reborn.leave()
    venue.hands.on_end["device-killed"] = lambda _fault: reborn.announce()
    return reborn


async def test_a_device_that_was_killed_is_silent_and_takes_part_again_by_its_new_clock(
    venue: Venue,
) -> None:
    reborn = await killed_and_reborn(venue)
    await venue.conductor.conduct(venue.plan(failing(KILLED), own_tickets()))

    silent = [event for event in venue.history if isinstance(event, Silent)]
    assert [(each.step, each.fleet, each.why) for each in silent] == [
        ("drill-1.1", "west", "its process has gone")
    ]
    assert venue.scanned("drill-2.1") == EVERYBODY
    clocks = [event for event in venue.history if isinstance(event, ClockRead)]
    assert [each.boot for each in clocks[:3]] == ["boot-east", "boot-west", "boot-later"]
    [arm] = reborn.armed
    assert arm.clock_offset_ns == clocks[2].offset_ns != clocks[1].offset_ns


async def test_a_killed_device_is_waited_for_until_it_is_here_again(venue: Venue) -> None:
    reborn = await killed_and_reborn(venue)

    def later(_fault: PlannedFault) -> None:
        asyncio.get_running_loop().call_later(0.05, reborn.announce)

    venue.hands.on_end["device-killed"] = later
    await venue.conductor.conduct(venue.plan(failing(KILLED), own_tickets()))

    assert venue.scanned("drill-2.1") == EVERYBODY


async def test_a_killed_device_that_does_not_come_back_cuts_the_run_short(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gatedrill.orchestrator.faults_in_force.RETURN_TIMEOUT_S", 0.01)
    await killed_and_reborn(venue)
    venue.hands.on_end.clear()

    with pytest.raises(PeerError, match=r"^waited 0.01 s: did not come back: gate-03$"):
        await venue.conductor.conduct(venue.plan(failing(KILLED), own_tickets()))


async def test_a_paused_device_that_goes_on_still_reports(venue: Venue, clock: ManualClock) -> None:
    awake = asyncio.Event()

    async def slow(shown: Presentation) -> Outcome:
        await awake.wait()
        return await venue.gate(shown)

    def go_on(_fault: PlannedFault) -> None:
        venue.west.announce()
        awake.set()

    venue.west._decide = slow
    venue.hands.on_begin["device-paused"] = lambda _fault: venue.west.leave()
    venue.hands.on_end["device-paused"] = go_on
    await venue.conductor.conduct(venue.plan(failing(PAUSED), own_tickets()))

    assert venue.told(Silent) == []
    assert venue.scanned("drill-1.1") == venue.scanned("drill-2.1") == EVERYBODY


def offline(*phases: Phase) -> Scenario:
    made = scenario(4, *phases)
    return msgspec.structs.replace(
        made, authorities=OFFLINE, budget_s=0.7, tickets=(*made.tickets, TicketGroup("late"))
    )


def offline_plan(venue: Venue, *phases: Phase) -> Plan:
    return plan_for(offline(*phases), venue.roster.devices)


async def test_devices_are_told_who_may_decide_and_of_an_edition_of_its_own(venue: Venue) -> None:
    plan = offline_plan(venue, own_tickets())
    await venue.conductor.conduct(plan)

    [arm] = venue.east.armed
    assert arm.policy is not None
    assert (arm.policy.authorities, arm.policy.budget_s) == (OFFLINE, 0.7)
    assert arm.policy.edition == "20261120-120000-abcd/drill~1"
    again = Venue(ManualClock(ORIGIN_NS))
    await again.open()
    await again.conductor.conduct(msgspec.structs.replace(plan, repeat=2))
    assert again.west.armed[0].policy is not None
    assert again.west.armed[0].policy.edition == "20261120-120000-abcd/drill~2"


async def test_where_the_service_alone_decides_nobody_is_told_otherwise_or_asked_for_journals(
    venue: Venue,
) -> None:
    await venue.conductor.conduct(venue.plan(own_tickets()))

    assert [arm.policy for arm in venue.east.armed] == [None]
    assert venue.east.asked_for == []


async def test_tickets_are_sold_when_their_turn_comes(venue: Venue) -> None:
    plan = offline_plan(venue, own_tickets(), Sell("late"), Burst(shows=(Show("late"),)))
    await venue.conductor.conduct(plan)

    assert venue.sold == [plan.late]
    kinds = [type(each) for each in venue.history if isinstance(each, Fired | Sold)]
    assert kinds == [Fired, Sold, Fired]


async def test_a_drain_lasts_until_all_have_told_that_their_queues_are_empty(
    venue: Venue, clock: ManualClock
) -> None:
    venue.east.tell(gate_01=0, gate_02=0)
    venue.west.tell(gate_03=0)
    task = asyncio.create_task(
        venue.conductor.conduct(offline_plan(venue, own_tickets(), Drain(3600)))
    )
    await until(lambda: bool(fired(venue)))
    for fleet, queued in (
        (venue.east, {"gate_01": 2, "gate_02": 0}),
        (venue.west, {"gate_03": 0}),
        (venue.east, {"gate_01": 1, "gate_02": 0}),
    ):
        await looked(clock)
        fleet.tell(**queued)
        assert venue.told(Drained) == []
    await looked(clock)
    assert venue.told(Drained) == [], "one scan still waits"
    venue.east.tell(gate_01=0, gate_02=0)
    await task

    [drained] = venue.told(Drained)
    assert isinstance(drained, Drained)
    assert (drained.drain, drained.left) == ("drill-2", {})
    assert drained.ended_ns == clock.now_ns() - ORIGIN_NS


async def looked(clock: ManualClock) -> None:
    """The conductor has looked around a few times."""
    before_ns = clock.now_ns()
    await until(lambda: clock.now_ns() >= before_ns + seconds(1))


async def test_what_was_told_before_the_drain_began_proves_nothing(venue: Venue) -> None:
    venue.east.tell(gate_01=0, gate_02=0)
    venue.west.tell(gate_03=0, gate_04=0)
    await venue.conductor.conduct(offline_plan(venue, own_tickets(), Drain(5)))

    [drained] = venue.told(Drained)
    assert isinstance(drained, Drained)
    assert drained.left == dict.fromkeys(EVERYBODY, 0)


async def test_a_drain_whose_time_is_over_tells_who_has_what_left(
    venue: Venue, clock: ManualClock
) -> None:
    venue.west.goes_at = "drill-1.1"
    task = asyncio.create_task(
        venue.conductor.conduct(offline_plan(venue, own_tickets(), Drain(60)))
    )
    await until(lambda: bool(fired(venue)))
    await looked(clock)
    venue.east.tell(gate_01=0, gate_02=7)
    await task

    [drained] = venue.told(Drained)
    assert isinstance(drained, Drained)
    assert drained.left == {"gate-02": 7, "gate-03": 0, "gate-04": 0}, "who has gone tells nothing"
    assert drained.ended_ns - drained.began_ns >= seconds(60)
    assert venue.lines[0].startswith("drill-2: queues are not empty at gate-02, gate-03, gate-04")


async def test_being_cut_off_without_any_fault_silences_nobody_either(venue: Venue) -> None:
    cut = asyncio.Event()

    async def slow(shown: Presentation) -> Outcome:
        venue.bus.reconnect()
        venue.west.leave()  # the broker has heard nothing of it for a while
        cut.set()
        await until(lambda: any("/repeat/" in topic for topic in venue.bus.said))
        return await venue.gate(shown)

    venue.west._decide = slow
    await venue.conductor.conduct(venue.plan(own_tickets()))

    assert cut.is_set()
    assert venue.told(Silent) == []
    assert venue.scanned("drill-1.1") == EVERYBODY


async def test_who_has_gone_and_come_back_between_two_steps_is_not_silent_in_the_second(
    venue: Venue,
) -> None:
    def go_and_come(_fault: PlannedFault) -> None:
        venue.west.leave()
        venue.west.announce()

    venue.hands.on_begin["uplink-down"] = go_and_come
    await venue.conductor.conduct(venue.plan(own_tickets(), BeginFaults((DOWN,)), own_tickets()))

    assert venue.told(Silent) == []
    assert venue.scanned("drill-3.1") == EVERYBODY
