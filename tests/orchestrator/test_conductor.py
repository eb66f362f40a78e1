"""The conductor: arm, fire, gather, with fleets that come, go and fall silent."""

import pytest
from memory_bus import ManualClock, sleep_by
from plans import all_scans, closed_loop, own_tickets, plan_for, race
from scripted_fleet import ANSWER_NS, ScriptedFleet, checkout_of, session_of
from scripted_venue import EAST_AHEAD_NS, LEAD_NS, ORIGIN_NS, RUN, Venue

from gatedrill.contract import topics
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import (
    Arm,
    ArmBurst,
    ArmStream,
    BurstKind,
    CheckoutOrder,
    Fire,
    LinkOrder,
    Presence,
    Presentation,
    ReleaseMode,
    Report,
    WebhookOrder,
)
from gatedrill.fixtures.scenario import (
    Book,
    Burst,
    LinkTickets,
    Pause,
    Pay,
    Phase,
    Reservation,
    Scenario,
    Show,
    Slot,
    Stream,
    TicketGroup,
)
from gatedrill.orchestrator import fleet_clocks, words
from gatedrill.orchestrator.history import (
    Attempted,
    ClockRead,
    Fired,
    Released,
    Silent,
    Unready,
)
from gatedrill.orchestrator.plan import Plan, PlannedScan


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


@pytest.fixture
async def hurried_venue(monkeypatch: pytest.MonkeyPatch) -> Venue:
    """A venue in which a second passes with every look at the clock."""
    monkeypatch.setattr(words, "LOOK_ROUND_S", 0.001)
    venue = Venue(ManualClock(ORIGIN_NS, step_ns=1_000_000_000))
    await venue.open()
    return venue


async def test_a_race_with_its_probe_is_armed_fired_and_gathered(venue: Venue) -> None:
    plan = venue.plan(race(probe=True))
    await venue.conductor.conduct(plan)

    clocks = [
        ClockRead("east", EAST_AHEAD_NS, 0, "boot-east"),
        ClockRead("west", 0, 0, "boot-west"),
    ]
    assert venue.told(ClockRead)[:2] == clocks
    assert venue.scanned("drill-1.1") == ["gate-01", "gate-02", "gate-03", "gate-04"]
    assert len(venue.scanned("drill-1.1-probe")) == 1
    assert venue.told(Silent) == venue.told(Unready) == []
    kinds = [type(event) for event in venue.history]
    steps = [Fired] + [Attempted] * 4 + [Fired, Attempted]
    assert kinds == [ClockRead] * 2 + steps + [ClockRead] * 2


async def test_each_fleet_is_told_its_own_scans_and_its_own_clock(venue: Venue) -> None:
    plan = venue.plan(race())
    await venue.conductor.conduct(plan)

    [step] = plan.steps
    for fleet, ahead_ns in ((venue.east, EAST_AHEAD_NS), (venue.west, 0)):
        [arm] = fleet.armed
        assert isinstance(arm, ArmBurst)
        assert (arm.step, arm.burst, arm.clock_offset_ns) == (step.id, BurstKind.REQUEST, ahead_ns)
        names = {device.name for device in fleet.presence.devices}
        planned = [
            each for each in step.attempts if isinstance(each, PlannedScan) and each.device in names
        ]
        assert list(arm.orders) == [
            Presentation(scan.attempt, scan.device, scan.symbol, scan.seed) for scan in planned
        ]


async def test_a_stream_is_armed_with_its_length_and_pause(venue: Venue) -> None:
    await venue.conductor.conduct(venue.plan(closed_loop(2, 1)))

    [arm] = venue.east.armed
    assert isinstance(arm, ArmStream)
    assert (arm.pause_s, arm.duration_s) == (1, 2)
    assert len(arm.orders) == 4


async def test_nothing_is_fired_before_everybody_is_armed(venue: Venue) -> None:
    await venue.conductor.conduct(venue.plan(race()))

    words = [topic.split("/")[-2] for topic in venue.bus.said]
    assert words.count("fire") == 1
    assert words[: words.index("fire")].count("armed") == 2
    assert words[words.index("fire") :].count("report") == 2


async def test_all_fleets_are_told_one_instant_on_the_conductors_clock(venue: Venue) -> None:
    await venue.conductor.conduct(venue.plan(race()))

    assert venue.east.fired == venue.west.fired == [ORIGIN_NS + LEAD_NS]
    assert venue.told(Fired) == [Fired("drill-1.1", LEAD_NS)]
    assert venue.conductor.has_fired


async def test_scans_stand_in_the_history_on_one_clock_whatever_their_fleets_clock_says(
    venue: Venue,
) -> None:
    await venue.conductor.conduct(venue.plan(race()))

    scans = [event.record for event in venue.history if isinstance(event, Attempted)]
    assert {scan.intended_ns for scan in scans} == {LEAD_NS}
    assert {scan.decided_ns for scan in scans} == {LEAD_NS + ANSWER_NS}


async def test_a_step_rests_from_the_last_answer_of_the_one_before(venue: Venue) -> None:
    plan = venue.plan(race(rounds=2, probe=True))
    await venue.conductor.conduct(plan)

    instants = [event.at_ns for event in venue.history if isinstance(event, Fired)]
    for before_ns, at_ns, step in zip(instants, instants[1:], plan.steps[1:], strict=False):
        rested_ns = before_ns + ANSWER_NS + round(step.rest_s * 1e9)
        assert at_ns == max(LEAD_NS, rested_ns)


async def test_progress_counts_the_scans_of_each_step(venue: Venue) -> None:
    await venue.conductor.conduct(venue.plan(own_tickets(rounds=2)))

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
    await venue.conductor.conduct(venue.plan(race(rounds=3)))

    assert venue.scanned("drill-1.1") == ["gate-01", "gate-02", "gate-03", "gate-04"]
    assert venue.scanned("drill-1.2") == venue.scanned("drill-1.3") == ["gate-01", "gate-02"]
    silent = [event for event in venue.history if isinstance(event, Silent)]
    assert [(event.step, event.fleet, sorted(event.devices), event.why) for event in silent] == [
        ("drill-1.2", "west", ["gate-03", "gate-04"], "its process has gone"),
        ("drill-1.3", "", ["gate-03", "gate-04"], "had gone before the step"),
    ]


async def test_a_run_whose_fleets_have_all_gone_fires_no_more(venue: Venue) -> None:
    venue.east.goes_at = venue.west.goes_at = "drill-1.1"
    await venue.conductor.conduct(venue.plan(race(rounds=2, probe=True)))

    assert [event.step for event in venue.history if isinstance(event, Fired)] == ["drill-1.1"]
    silent = [event for event in venue.history if isinstance(event, Silent)]
    assert [event.step for event in silent] == [
        "drill-1.1",
        "drill-1.1",
        "drill-1.1-probe",
        "drill-1.2",
        "drill-1.2-probe",
    ]


async def test_a_fleet_that_comes_back_and_does_not_tell_its_clock_has_no_part(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_clocks, "PONG_TIMEOUT_S", 0.01)
    reborn = ScriptedFleet(venue.bus, "west", ("gate-03", "gate-04"), venue.gate, boot="boot-later")

    def come_back(_levels: dict[str, str], presence: Presence | None) -> None:
        if presence is None:
            reborn.announce()

    await venue.bus.subscribe(topics.PRESENCE, come_back)
    venue.west.goes_at = "drill-1.1"
    await venue.conductor.conduct(venue.plan(race(rounds=2)))

    assert venue.roster.fleet_of("gate-03") == reborn.presence
    assert venue.scanned("drill-1.2") == ["gate-01", "gate-02"]
    silent = [event for event in venue.history if isinstance(event, Silent)]
    assert [(event.step, event.why) for event in silent] == [
        ("drill-1.1", "its process has gone"),
        ("drill-1.2", "had gone before the step"),
    ]


async def test_devices_that_are_not_ready_are_told_with_the_reason(venue: Venue) -> None:
    venue.east.unready = {"gate-02": "unread"}
    await venue.conductor.conduct(venue.plan(race()))

    assert venue.told(Unready) == [Unready("drill-1.1", "gate-02", "unread")]
    assert venue.scanned("drill-1.1") == ["gate-01", "gate-03", "gate-04"]


async def test_the_step_goes_on_without_a_fleet_that_does_not_get_ready(
    hurried_venue: Venue,
) -> None:
    venue = hurried_venue
    venue.west.mute = True
    await venue.conductor.conduct(venue.plan(race()))

    assert venue.scanned("drill-1.1") == ["gate-01", "gate-02"]
    [silent] = venue.told(Silent)
    assert isinstance(silent, Silent)
    assert (silent.fleet, silent.why) == ("west", "was not ready in time")


async def test_a_broker_that_goes_and_does_not_come_back_ends_the_run_and_is_named(
    hurried_venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue = hurried_venue
    say = venue.bus.say

    def go(channel: object, message: object, **levels: str) -> None:
        if channel is topics.FIRE:
            venue.bus.is_connected = False
        say(channel, message, **levels)  # type: ignore[arg-type]

    monkeypatch.setattr(venue.bus, "say", go)
    with pytest.raises(PeerError, match=r"^cannot hear anybody: no connection$"):
        await venue.conductor.conduct(venue.plan(race()))

    assert {event.fleet for event in venue.history if isinstance(event, Silent)} == {"east", "west"}
    assert len(venue.told(ClockRead)) == 2


async def test_a_fleet_that_never_reports_is_given_up(hurried_venue: Venue) -> None:
    venue = hurried_venue
    reports = topics.REPORT.topic(fleet="west", run=RUN)
    hear = venue.bus.say

    def lossy(channel: object, message: object, **levels: str) -> None:
        if not (channel is topics.REPORT and levels["fleet"] == "west"):
            hear(channel, message, **levels)  # type: ignore[arg-type]

    venue.bus.say = lossy  # type: ignore[method-assign]
    await venue.conductor.conduct(venue.plan(race()))

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
    await venue.conductor.conduct(venue.plan(race()))

    silent = [event for event in venue.history if isinstance(event, Silent)]
    assert [event.why for event in silent] == ["its process has gone"] * 2
    assert not venue.conductor.has_fired


async def test_a_fleet_that_does_not_answer_pings_ends_the_run_before_anything_is_fired(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet_clocks, "PONG_TIMEOUT_S", 0.01)
    venue.west.answers_pings = False

    with pytest.raises(PeerError, match=r"^fleet 'west' does not answer pings"):
        await venue.conductor.conduct(venue.plan(race()))

    assert not venue.conductor.has_fired
    assert venue.told(Fired) == []


async def test_every_fleets_clock_is_read_again_at_the_end(venue: Venue) -> None:
    def drift(_levels: dict[str, str], _fire: Fire | None) -> None:
        venue.west._clock.advance_s(-0.002)

    await venue.bus.subscribe(topics.FIRE, drift)
    await venue.conductor.conduct(venue.plan(race()))

    assert venue.told(ClockRead)[2:] == [
        ClockRead("east", EAST_AHEAD_NS, 0, "boot-east"),
        ClockRead("west", -2_000_000, 0, "boot-west"),
    ]


async def test_without_a_broker_no_clock_is_read_again_and_nothing_else_is_lost(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    say = venue.bus.say
    done: set[str] = set()

    def go(channel: object, message: object, **levels: str) -> None:
        say(channel, message, **levels)  # type: ignore[arg-type]
        if isinstance(message, Report) and message.finished:
            done.add(levels["fleet"])
            venue.bus.is_connected = len(done) < 2

    monkeypatch.setattr(venue.bus, "say", go)
    await venue.conductor.conduct(venue.plan(race()))

    assert venue.scanned("drill-1.1") == ["gate-01", "gate-02", "gate-03", "gate-04"]
    assert len(venue.told(ClockRead)) == 2


async def test_a_fleet_that_falls_silent_in_the_end_does_no_harm_and_the_others_are_read(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fall_silent(_levels: dict[str, str], _fire: Fire | None) -> None:
        monkeypatch.setattr(fleet_clocks, "PONG_TIMEOUT_S", 0.01)
        venue.east.answers_pings = False

    await venue.bus.subscribe(topics.FIRE, fall_silent)
    await venue.conductor.conduct(venue.plan(race()))

    assert [event.fleet for event in venue.history if isinstance(event, ClockRead)] == [
        "east",
        "west",
        "west",
    ]
    assert len(venue.told(Attempted)) == 4


async def test_a_fleet_that_has_gone_before_the_end_is_asked_nothing(venue: Venue) -> None:
    venue.east.goes_at = "drill-1.1"
    await venue.conductor.conduct(venue.plan(race()))

    assert [event.fleet for event in venue.history if isinstance(event, ClockRead)] == [
        "east",
        "west",
        "west",
    ]


async def test_how_each_fleet_let_go_is_kept(venue: Venue) -> None:
    venue.east.release, venue.west.release = ReleaseMode.REAL_TIME, ReleaseMode.ORDINARY
    await venue.conductor.conduct(venue.plan(race()))

    assert venue.told(Released) == [
        Released("drill-1.1", "east", ReleaseMode.REAL_TIME),
        Released("drill-1.1", "west", ReleaseMode.ORDINARY),
    ]


def hunt(rounds: int) -> Burst:
    return Burst(shows=(Show("shared", same=True),), rounds=rounds, sweep_ms=40)


def shifts_ns(venue: Venue, step: str) -> list[int]:
    """When each device was told to let go, in nanoseconds after T."""
    return sorted(
        order.shift_ns
        for fleet in (venue.east, venue.west)
        for arm in fleet.armed
        if arm.step == step
        for order in arm.orders
    )


async def test_a_swept_step_has_an_instant_of_its_own_for_each_device_one_of_them_at_t(
    venue: Venue,
) -> None:
    await venue.conductor.conduct(venue.plan(hunt(1), race()))

    first, *others = shifts_ns(venue, "drill-1.1")
    assert first == 0
    assert len(set(others)) == 3
    assert all(0 < shift_ns <= 40_000_000 for shift_ns in others)
    assert shifts_ns(venue, "drill-2.1") == [0, 0, 0, 0], "and no other step has"
    assert venue.east.fired == venue.west.fired, "and T is the same for all"


async def test_a_hunt_narrows_around_the_answers_that_were_heard(venue: Venue) -> None:
    await venue.conductor.conduct(venue.plan(hunt(6)))

    _, *others = shifts_ns(venue, "drill-1.6")
    half_ns = 40_000_000 // 32 // 2
    assert all(ANSWER_NS - half_ns <= shift_ns <= ANSWER_NS + half_ns for shift_ns in others)


async def test_the_same_plan_and_answers_give_the_same_instants(clock: ManualClock) -> None:
    told = []
    for _ in range(2):
        venue = Venue(clock)
        await venue.open()
        await venue.conductor.conduct(venue.plan(hunt(6)))
        told.append([order for arm in venue.east.armed for order in arm.orders])

    assert told[0] == told[1]


async def test_time_in_the_history_counts_from_the_conductors_beginning(
    venue: Venue, clock: ManualClock
) -> None:
    assert venue.conductor.now_ns() == 0
    clock.advance_s(1.5)
    assert venue.conductor.now_ns() == 1_500_000_000


async def test_guests_who_arrive_at_their_own_times_are_ordered_with_them(venue: Venue) -> None:
    plan = venue.plan(Stream("own", 2, arrivals_per_s=5))
    await venue.conductor.conduct(plan)

    [east], [west] = venue.east.armed, venue.west.armed
    assert isinstance(east, ArmStream)
    assert isinstance(west, ArmStream)
    due_s = {order.attempt: order.due_s for arm in (east, west) for order in arm.orders}
    assert due_s == {scan.attempt: scan.due_s for scan in all_scans(plan)}
    assert None not in due_s.values()


async def test_nobody_is_armed_before_a_pause_is_over(venue: Venue, clock: ManualClock) -> None:
    armed_at_ns: list[int] = []

    def note(_levels: dict[str, str], _arm: Arm | None) -> None:
        armed_at_ns.append(clock.now_ns() - ORIGIN_NS)

    await venue.bus.subscribe(topics.ARM, note, fleet="east")
    await venue.conductor.conduct(venue.plan(race(), Pause(60), race()))

    first_ns = LEAD_NS + ANSWER_NS
    assert armed_at_ns == [0, first_ns + 60_000_000_000 - LEAD_NS]
    instants = [event.at_ns for event in venue.history if isinstance(event, Fired)]
    assert instants == [LEAD_NS, first_ns + 60_000_000_000]


async def test_a_pass_that_comes_back_is_not_read_ahead_before_its_reader_has_forgotten_it(
    venue: Venue, clock: ManualClock
) -> None:
    drill = Scenario(
        1,
        "drill",
        "A drill",
        (Burst(shows=(Show("guests"),), rounds=2),),
        devices=1,
        tickets=(TicketGroup("guests", kind="vip_pass", reservation="table", count=1),),
        reservations=(Reservation("table", 1),),
    )
    armed_at_ns: list[int] = []

    def note(_levels: dict[str, str], _arm: Arm | None) -> None:
        armed_at_ns.append(clock.now_ns() - ORIGIN_NS)

    await venue.bus.subscribe(topics.ARM, note, fleet="east")
    await venue.conductor.conduct(plan_for(drill, venue.roster.devices))

    window_ns = 500_000_000
    assert armed_at_ns[1] >= LEAD_NS + ANSWER_NS + window_ns


EVENING = Slot("evening", capacity=5)
TABLE = Reservation("table", guests=5)


class Hall(Venue):
    """The same with two kiosks at the eastern fleet and one at the western."""

    def __init__(self, clock: ManualClock) -> None:
        super().__init__(clock)
        self.east = ScriptedFleet(
            self.bus, "east", ("gate-01",), self.gate, kiosks=("kiosk-01", "kiosk-02")
        )
        self.west = ScriptedFleet(self.bus, "west", (), self.gate, kiosks=("kiosk-03",))

    def hall_plan(self, *phases: Phase, devices: int = 0) -> Plan:
        """A plan for all three kiosks, and perhaps the gate."""
        drill = Scenario(
            1,
            "drill",
            "A drill",
            phases,
            devices,
            kiosks=3,
            tickets=(TicketGroup("own"),),
            slots=(EVENING,),
            reservations=(TABLE,),
        )
        return plan_for(drill, self.roster.devices)

    def orders(self, step: str) -> dict[str, object]:
        """What the fleets were told for this step, by device."""
        return {
            order.device: order
            for fleet in (self.east, self.west)
            for arm in fleet.armed
            if arm.step == step
            for order in arm.orders
        }


@pytest.fixture
async def hall(clock: ManualClock) -> Hall:
    hall = Hall(clock)
    await hall.open()
    return hall


async def test_gates_and_kiosks_act_in_one_step(hall: Hall) -> None:
    plan = hall.hall_plan(
        Burst(
            shows=(Show("own"),),
            books=(Book("evening", guests=2, kiosks=2),),
            links=(LinkTickets("own", "table"),),
        ),
        devices=1,
    )
    await hall.conductor.conduct(plan)

    orders = hall.orders("drill-1.1")
    assert {device: type(order) for device, order in orders.items()} == {
        "gate-01": Presentation,
        "kiosk-01": CheckoutOrder,
        "kiosk-02": CheckoutOrder,
        "kiosk-03": LinkOrder,
    }
    slot, reservation = plan.slots[0].id, plan.reservations[0].id
    assert orders["kiosk-01"] == CheckoutOrder("drill-1.1:kiosk-01", "kiosk-01", slot, 2)
    link = orders["kiosk-03"]
    assert isinstance(link, LinkOrder)
    assert (link.reservation, link.ticket in {each.id for each in plan.tickets}) == (
        reservation,
        True,
    )
    assert hall.scanned("drill-1.1") == ["gate-01", "kiosk-01", "kiosk-02", "kiosk-03"]
    assert hall.east.fired == hall.west.fired == [ORIGIN_NS + LEAD_NS]


async def test_a_payment_is_for_the_session_that_its_checkout_was_heard_to_open(
    hall: Hall,
) -> None:
    plan = hall.hall_plan(
        Burst(books=(Book("evening", guests=2),)), Burst(pays=(Pay("evening"),), rounds=2)
    )
    await hall.conductor.conduct(plan)

    for step in ("drill-2.1", "drill-2.2"):
        for kiosk, order in hall.orders(step).items():
            assert isinstance(order, WebhookOrder)
            session = order.event.data.object
            booked = f"drill-1.1:{kiosk}"
            assert order.event.type == "checkout.session.completed"
            assert session.id == session_of(booked)
            assert session.metadata.checkout_id == checkout_of(booked)
            assert (session.metadata.guests, session.metadata.slots_reserved) == ("2", "true")
            assert session.metadata.slot_id == plan.slots[0].id
    assert hall.scanned("drill-2.2") == ["kiosk-01", "kiosk-02", "kiosk-03"]


async def test_a_payment_for_a_checkout_that_failed_is_told_as_unready_and_the_others_are_made(
    hall: Hall,
) -> None:
    hall.east.full = {"kiosk-02"}
    plan = hall.hall_plan(Burst(books=(Book("evening"),)), Burst(pays=(Pay("evening"),)))
    await hall.conductor.conduct(plan)

    assert hall.told(Unready) == [
        Unready("drill-2.1", "kiosk-02", "its checkout opened no session to pay for")
    ]
    assert hall.scanned("drill-2.1") == ["kiosk-01", "kiosk-03"]
    assert hall.told(Silent) == []


async def test_a_payment_for_a_checkout_that_was_never_heard_of_is_told_as_unready(
    hall: Hall,
) -> None:
    hall.west.goes_at = "drill-1.1"
    plan = hall.hall_plan(Burst(books=(Book("evening"),)), Burst(pays=(Pay("evening", kiosks=3),)))
    await hall.conductor.conduct(plan)

    unready = [event for event in hall.history if isinstance(event, Unready)]
    assert [(event.step, event.device) for event in unready] == [("drill-2.1", "kiosk-03")]
    assert hall.scanned("drill-2.1") == ["kiosk-01", "kiosk-02"]


async def test_a_step_in_which_nothing_can_be_paid_for_is_not_fired(hall: Hall) -> None:
    hall.east.full, hall.west.full = {"kiosk-01", "kiosk-02"}, {"kiosk-03"}
    plan = hall.hall_plan(Burst(books=(Book("evening"),)), Burst(pays=(Pay("evening"),)))
    await hall.conductor.conduct(plan)

    assert [event.step for event in hall.history if isinstance(event, Fired)] == ["drill-1.1"]
    assert len(hall.told(Unready)) == 3


async def test_a_session_of_old_is_paid_for_without_any_checkout(hall: Hall) -> None:
    await hall.conductor.conduct(
        hall.hall_plan(Burst(pays=(Pay("evening", legacy=True, same=True, guests=2),)))
    )

    orders = [
        order for order in hall.orders("drill-1.1").values() if isinstance(order, WebhookOrder)
    ]
    assert len(orders) == 3
    assert len({order.event for order in orders}) == 1
    metadata = orders[0].event.data.object.metadata
    assert (metadata.guests, metadata.checkout_id, metadata.slots_reserved) == ("2", None, None)
