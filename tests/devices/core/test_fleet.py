"""A fleet of fake gates obeys a scripted conductor over a real broker."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

import msgspec
import pytest
from broker_process import BrokerProcess
from device_fakes import ADMITTED, BUSY, FakeGate, FakeKioskService, ManualClock, checkout
from scripted_conductor import ScriptedConductor, presentations, scripted_conductor

from gatedrill.broker.bus import Bus
from gatedrill.contract.attempt import CheckoutRecord
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import Arm, BurstKind, Order, ReleaseMode, Report
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.contract.topics import Channel
from gatedrill.devices import fleet as fleets
from gatedrill.devices import lane as lanes
from gatedrill.devices import performance
from gatedrill.devices import release as releases
from gatedrill.devices.fleet import Fleet
from gatedrill.devices.kiosk import Kiosk
from gatedrill.devices.release import QUIET_S

if TYPE_CHECKING:
    from gatedrill.devices.device import Device

M = TypeVar("M")
MS = 1_000_000
BOTH = [("gate-01", "A"), ("gate-02", "B")]
KINDS = [BurstKind.PRESENT, BurstKind.REQUEST]
BOOKED = Outcome(OutcomeKind.BOOKED)


class Venue:
    """A fleet with its gates, and the conductor."""

    def __init__(
        self, fleet: Fleet, gates: list[FakeGate], conductor: ScriptedConductor, clock: ManualClock
    ) -> None:
        self.fleet = fleet
        self.gates = gates
        self.conductor = conductor
        self.clock = clock

    @property
    def kiosk(self) -> FakeKioskService:
        """What the fleet's one kiosk asks."""
        kiosk = self.fleet._performer._devices["kiosk-01"]
        assert isinstance(kiosk, Kiosk)
        assert isinstance(kiosk.service, FakeKioskService)
        return kiosk.service

    @property
    def said(self) -> list[list[str]]:
        """What was asked of each gate's check-in, without the warming up."""
        return [[word for word in gate.checkin.said if word != "warm"] for gate in self.gates]

    async def perform(self, step: str, kind: BurstKind, shows: list[tuple[str, str]]) -> list[str]:
        """A burst from its arming to its end; returns the attempts that were admitted."""
        await self.conductor.until_armed(self.conductor.burst(step, kind, shows))
        await self.conductor.fire(step, self.clock.now_ns())
        scans = await self.conductor.scans(step)
        return sorted(attempt for attempt, scan in scans.items() if scan.outcome == ADMITTED)

    def leave_the_repeat_window(self) -> None:
        self.clock.advance(1)


@pytest.fixture
def clock() -> ManualClock:
    """Passes a tenth of a millisecond with each look, and none in between."""
    return ManualClock(1_000 * MS, tick_ns=MS // 10)


@asynccontextmanager
async def running_fleet(
    broker: BrokerProcess, name: str, clock: ManualClock
) -> AsyncIterator[tuple[Fleet, list[FakeGate]]]:
    gates = [FakeGate(clock, name=f"gate-{number:02}") for number in (1, 2)]
    with ThreadPoolExecutor(1) as workers:
        async with Bus(broker.url, f"fleet-{name}") as bus:
            kiosk = Kiosk("kiosk-01", FakeKioskService(clock, [BOOKED]), clock)
            devices: list[Device] = [*(gate.lane for gate in gates), kiosk]
            fleet = Fleet(name, "b1", bus, clock, devices, workers)
            await fleet.listen()
            yield fleet, gates
            await fleet.rest()


@pytest.fixture
async def venue(
    broker: BrokerProcess, bus: Bus, name: str, clock: ManualClock
) -> AsyncIterator[Venue]:
    async with AsyncExitStack() as stack:
        fleet, gates = await stack.enter_async_context(running_fleet(broker, name, clock))
        conductor = await stack.enter_async_context(
            scripted_conductor(bus, f"run-{name}", name, "b1")
        )
        yield Venue(fleet, gates, conductor, clock)


async def test_in_a_burst_of_presentations_all_is_shown_at_the_instant_and_reported_once(
    venue: Venue,
) -> None:
    arm = venue.conductor.burst("s1", BurstKind.PRESENT, BOTH, offset_ns=5_000 * MS)
    armed = await venue.conductor.until_armed(arm)
    assert armed.unready == {}
    assert [gate.hand.shown for gate in venue.gates] == [[], []]
    at_ns = venue.clock.now_ns() + 20 * MS
    await venue.conductor.fire("s1", at_ns - 5_000 * MS)
    scans = await venue.conductor.scans("s1")
    assert sorted(scans) == ["gate-01/A", "gate-02/B"]
    for scan in scans.values():
        assert scan.outcome == ADMITTED
        assert scan.intended_ns == at_ns, "on the fleet's own clock"
        assert at_ns <= scan.released_ns
    assert [gate.hand.shown for gate in venue.gates] == [["A"], ["B"]]
    assert venue.said == [["ask A"], ["ask B"]]


async def test_in_a_burst_of_requests_all_is_read_before_and_released_at_the_instant(
    venue: Venue,
) -> None:
    armed = await venue.conductor.until_armed(venue.conductor.burst("s1", BurstKind.REQUEST, BOTH))
    assert armed.unready == {}
    assert [gate.hand.shown for gate in venue.gates] == [["A"], ["B"]]
    assert venue.said == [["hold A"], ["hold B"]]
    at_ns = venue.clock.now_ns() + 20 * MS
    await venue.conductor.fire("s1", at_ns)
    scans = await venue.conductor.scans("s1")
    for scan in scans.values():
        assert scan.outcome == ADMITTED
        assert scan.decoded_ns is not None
        assert scan.decoded_ns < at_ns <= scan.released_ns
    assert venue.said == [
        [f"hold {symbol}", f"release {symbol}", f"resume {symbol}", f"withdraw {symbol}"]
        for symbol in "AB"
    ]


async def test_in_a_swept_burst_each_is_let_go_and_read_at_its_own_instant(venue: Venue) -> None:
    orders = [
        msgspec.structs.replace(order, shift_ns=shift_ns)
        for order, shift_ns in zip(presentations(BOTH), (30 * MS, 0), strict=True)
    ]
    said: list[str] = []
    for gate in venue.gates:
        gate.checkin.said = said
    await venue.conductor.until_armed(venue.conductor.burst_of("s1", BurstKind.REQUEST, orders))
    at_ns = venue.clock.now_ns() + 20 * MS
    await venue.conductor.fire("s1", at_ns)
    await venue.gates[1].checkin.until("resume B")
    assert "release A" not in said, "the answer to B can be read before A is let go"
    venue.clock.advance(0.05)
    scans = await venue.conductor.scans("s1")
    assert scans["gate-02/B"].intended_ns == at_ns <= scans["gate-02/B"].released_ns
    assert scans["gate-01/A"].intended_ns == at_ns + 30 * MS <= scans["gate-01/A"].released_ns


@pytest.mark.parametrize("shift_ns", [0, 1])
@pytest.mark.parametrize("mode", ReleaseMode)
async def test_the_last_report_of_a_burst_tells_how_the_devices_were_let_go(
    venue: Venue, mode: ReleaseMode, shift_ns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def priority() -> Iterator[ReleaseMode]:
        yield mode

    monkeypatch.setattr(releases, "_real_time_priority", priority)
    orders = [msgspec.structs.replace(each, shift_ns=shift_ns) for each in presentations(BOTH)]
    await venue.conductor.until_armed(venue.conductor.burst_of("s1", BurstKind.REQUEST, orders))
    await venue.conductor.fire("s1", venue.clock.now_ns())
    reports = await venue.conductor.gather("s1")
    assert [report.release for report in reports] == [mode]


async def test_only_the_last_report_of_a_stream_tells_how_it_was_begun(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(performance, "REPORT_EVERY_S", 0.01)
    shows = [("gate-01", f"T-{number}") for number in range(8)]
    arm = venue.conductor.stream("s1", shows, pause_s=0.01, duration_s=3600)
    await venue.conductor.until_armed(arm)
    await venue.conductor.fire("s1", venue.clock.now_ns())
    *others, last = await venue.conductor.gather("s1")
    assert {report.release for report in others} == {None}
    assert last.release in tuple(ReleaseMode)


@pytest.mark.parametrize("kind", KINDS)
async def test_after_a_burst_a_fleet_is_quiet_and_when_a_stream_begins_it_is_not(
    venue: Venue, kind: BurstKind, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses_s: list[float] = []
    monkeypatch.setattr(releases, "_stand_still", pauses_s.append)
    await venue.perform("s1", kind, BOTH)
    assert pauses_s == [QUIET_S]
    arm = venue.conductor.stream("s2", [("gate-01", "T-1")], pause_s=0, duration_s=3600)
    await venue.conductor.until_armed(arm)
    await venue.conductor.fire("s2", venue.clock.now_ns())
    await venue.conductor.gather("s2")
    assert pauses_s == [QUIET_S, 0.0]


async def test_every_connection_is_warm_before_a_fleet_calls_itself_armed(venue: Venue) -> None:
    await venue.conductor.until_armed(venue.conductor.burst("s1", BurstKind.PRESENT, BOTH))
    assert [gate.checkin.said for gate in venue.gates] == [["warm"], ["warm"]]


async def test_in_a_stream_each_device_scans_its_own_tickets_in_order(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(performance, "REPORT_EVERY_S", 0.01)
    tickets = [f"T-{number}" for number in range(12)]
    shows = [(f"gate-{1 + number % 2:02}", ticket) for number, ticket in enumerate(tickets)]
    arm = venue.conductor.stream("s1", shows, pause_s=0.01, duration_s=3600)
    assert (await venue.conductor.until_armed(arm)).unready == {}
    at_ns = venue.clock.now_ns() + 20 * MS
    await venue.conductor.fire("s1", at_ns)
    reports = await venue.conductor.gather("s1")
    assert [report.finished for report in reports] == [False] * (len(reports) - 1) + [True]
    assert len(reports) > 2, "what has ended is reported on the way"
    scans = [scan for report in reports for scan in report.records]
    assert sorted(scan.attempt for scan in scans) == sorted(f"{d}/{t}" for d, t in shows)
    assert [gate.hand.shown for gate in venue.gates] == [tickets[::2], tickets[1::2]]
    for device in ("gate-01", "gate-02"):
        mine = [scan for scan in scans if scan.device == device]
        assert mine[0].intended_ns == at_ns
        for before, after in pairwise(mine):
            assert after.intended_ns == before.decided_ns + 10 * MS


async def test_a_stream_ends_when_its_time_is_over(venue: Venue) -> None:
    shows = [("gate-01", f"T-{number}") for number in range(1000)]
    arm = venue.conductor.stream("s1", shows, pause_s=0, duration_s=0.02)
    await venue.conductor.until_armed(arm)
    at_ns = venue.clock.now_ns()
    await venue.conductor.fire("s1", at_ns)
    scans = await venue.conductor.scans("s1")
    assert 1 < len(scans) < 1000
    assert all(scan.released_ns < at_ns + 20 * MS + MS for scan in scans.values())
    assert sorted(scans) == sorted(f"gate-01/{symbol}" for symbol in venue.gates[0].hand.shown)


async def test_one_step_after_the_other(venue: Venue) -> None:
    for step, kind in enumerate([*KINDS, *KINDS]):
        venue.leave_the_repeat_window()
        admitted = await venue.perform(f"s{step}", kind, BOTH)
        assert admitted == ["gate-01/A", "gate-02/B"]
    assert venue.conductor.armed.empty()
    assert venue.conductor.reports.empty()


@pytest.mark.parametrize("kind", KINDS)
async def test_an_arming_that_comes_twice_does_no_harm(venue: Venue, kind: BurstKind) -> None:
    arm = venue.conductor.burst("s1", kind, BOTH)
    await venue.conductor.arm(arm)
    await venue.conductor.until_armed(arm)
    await venue.conductor.arm(arm)
    await venue.conductor.fire("s1", venue.clock.now_ns())
    scans = await venue.conductor.scans("s1")
    assert {scan.outcome for scan in scans.values()} == {ADMITTED}
    assert [gate.hand.shown for gate in venue.gates] == [["A"], ["B"]]
    await venue.conductor.arm(arm)
    venue.leave_the_repeat_window()
    assert await venue.perform("s2", kind, BOTH) == ["gate-01/A", "gate-02/B"]
    assert venue.conductor.armed.empty()


@pytest.mark.parametrize("kind", KINDS)
async def test_an_instant_that_comes_twice_does_no_harm(venue: Venue, kind: BurstKind) -> None:
    await venue.conductor.until_armed(venue.conductor.burst("s1", kind, BOTH))
    first_ns = venue.clock.now_ns()
    for _ in range(3):
        await venue.conductor.fire("s1", first_ns)
    assert len(await venue.conductor.scans("s1")) == 2
    venue.leave_the_repeat_window()
    await venue.conductor.until_armed(venue.conductor.burst("s2", kind, BOTH))
    await venue.conductor.fire("s1", first_ns)
    second_ns = venue.clock.now_ns() + 20 * MS
    await venue.conductor.fire("s2", second_ns)
    scans = await venue.conductor.scans("s2")
    assert {scan.intended_ns for scan in scans.values()} == {second_ns}
    assert all(scan.released_ns >= second_ns for scan in scans.values())
    assert [gate.hand.shown for gate in venue.gates] == [["A", "A"], ["B", "B"]]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_new_arming_replaces_the_step_in_hand(venue: Venue, kind: BurstKind) -> None:
    await venue.conductor.until_armed(venue.conductor.burst("s1", kind, BOTH))
    others = [("gate-01", "C"), ("gate-02", "D")]
    await venue.conductor.until_armed(venue.conductor.burst("s2", kind, others))
    await venue.conductor.fire("s1", venue.clock.now_ns())
    await venue.conductor.fire("s2", venue.clock.now_ns())
    assert sorted(await venue.conductor.scans("s2")) == ["gate-01/C", "gate-02/D"]
    assert not [word for said in venue.said for word in said if word in ("release A", "ask A")]
    if kind is BurstKind.REQUEST:
        assert "withdraw A" in venue.said[0]


async def test_a_new_conductor_takes_the_fleet_over(venue: Venue, bus: Bus) -> None:
    await venue.conductor.until_armed(venue.conductor.burst("s1", BurstKind.REQUEST, BOTH))
    former, others = venue.conductor, [("gate-01", "C"), ("gate-02", "D")]
    async with scripted_conductor(bus, f"{former.run}-2", former.fleet, "b1") as latter:
        venue.conductor = latter
        await latter.until_armed(latter.burst("s1", BurstKind.REQUEST, others))
        await former.fire("s1", venue.clock.now_ns())
        await former.go()
        await latter.fire("s1", venue.clock.now_ns())
        assert sorted(await latter.scans("s1")) == ["gate-01/C", "gate-02/D"]
    assert former.reports.empty()


async def given_up(venue: Venue, symbols: str) -> None:
    for gate, symbol in zip(venue.gates, symbols, strict=True):
        await gate.checkin.until(f"withdraw {symbol}")


async def serves_the_next_conductor(venue: Venue, bus: Bus) -> bool:
    """Whether a new run gets all its scans, of the same tickets, and the old one none."""
    venue.leave_the_repeat_window()
    former = venue.conductor
    async with scripted_conductor(bus, f"{former.run}-2", former.fleet, "b1") as latter:
        venue.conductor = latter
        admitted = await venue.perform("s1", BurstKind.REQUEST, BOTH)
    return admitted == ["gate-01/A", "gate-02/B"] and former.reports.empty()


async def test_when_its_conductor_goes_an_armed_fleet_gives_up_and_serves_the_next(
    venue: Venue, bus: Bus
) -> None:
    await venue.conductor.until_armed(venue.conductor.burst("s1", BurstKind.REQUEST, BOTH))
    await venue.conductor.go()
    await given_up(venue, "AB")
    await venue.conductor.fire("s1", venue.clock.now_ns())
    assert await serves_the_next_conductor(venue, bus)
    assert not [word for said in venue.said for word in said[:2] if word.startswith("release")]


async def test_when_its_conductor_goes_a_fleet_that_waits_for_the_service_gives_up(
    venue: Venue, bus: Bus
) -> None:
    """One question is parked, the other one not yet."""
    venue.gates[1].checkin.parks = False
    await venue.conductor.arm(venue.conductor.burst("s1", BurstKind.REQUEST, BOTH))
    await venue.gates[0].checkin.until("hold A")
    await venue.gates[1].checkin.until("hold B")
    await venue.conductor.go()
    await given_up(venue, "AB")
    venue.gates[1].checkin.parks = True
    assert await serves_the_next_conductor(venue, bus)


async def test_when_its_conductor_goes_a_fleet_that_is_still_reading_gives_up(
    venue: Venue, bus: Bus
) -> None:
    venue.gates[1].hand.blind = True
    await venue.conductor.arm(venue.conductor.burst("s1", BurstKind.REQUEST, BOTH))
    await venue.gates[0].checkin.until("hold A")
    await venue.conductor.go()
    await venue.gates[0].checkin.until("withdraw A")
    venue.gates[1].hand.blind = False
    assert await serves_the_next_conductor(venue, bus)


async def test_a_conductor_that_comes_back_may_arm_the_same_step_again(venue: Venue) -> None:
    arm = venue.conductor.burst("s1", BurstKind.REQUEST, BOTH)
    await venue.conductor.until_armed(arm)
    await venue.conductor.go()
    await given_up(venue, "AB")
    venue.leave_the_repeat_window()
    assert (await venue.conductor.until_armed(arm)).unready == {}
    await venue.conductor.fire("s1", venue.clock.now_ns())
    assert len(await venue.conductor.scans("s1")) == 2


async def test_when_its_conductor_goes_a_stream_stops(venue: Venue, bus: Bus) -> None:
    shows = [("gate-01", f"T-{number}") for number in range(50)]
    arm = venue.conductor.stream("s1", shows, pause_s=3600, duration_s=10_000)
    await venue.conductor.until_armed(arm)
    await venue.conductor.fire("s1", venue.clock.now_ns())
    await venue.gates[0].checkin.until("ask T-0")
    await venue.conductor.go()
    while not venue.conductor.reports.empty():
        assert not venue.conductor.reports.get_nowait().finished
    assert await serves_the_next_conductor(venue, bus)


async def test_when_another_conductor_goes_the_step_in_hand_goes_on(venue: Venue, bus: Bus) -> None:
    await venue.conductor.until_armed(venue.conductor.burst("s1", BurstKind.REQUEST, BOTH))
    async with scripted_conductor(bus, "somebody-else", venue.conductor.fleet, "b1"):
        pass
    await venue.conductor.fire("s1", venue.clock.now_ns())
    assert len(await venue.conductor.scans("s1")) == 2


@pytest.mark.parametrize("whose", ["boot", "fleet", "run"])
async def test_what_is_meant_for_another_is_ignored(venue: Venue, whose: str) -> None:
    conductor = venue.conductor
    await conductor.until_armed(conductor.burst("s1", BurstKind.REQUEST, BOTH))
    stranger = ScriptedConductor(
        conductor._bus,
        "another-run" if whose == "run" else conductor.run,
        "another" if whose == "fleet" else conductor.fleet,
        "b0" if whose == "boot" else conductor.boot,
    )
    if whose != "run":
        await stranger.arm(stranger.burst("s2", BurstKind.REQUEST, [("gate-01", "X")]))
    await stranger.fire("s2" if whose != "run" else "s1", 0)
    at_ns = venue.clock.now_ns() + 20 * MS
    await conductor.fire("s1", at_ns)
    scans = await conductor.scans("s1")
    assert {scan.intended_ns for scan in scans.values()} == {at_ns}
    assert conductor.armed.empty()


async def test_a_device_that_is_not_ready_is_named_and_the_others_race_without_it(
    venue: Venue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lanes, "READ_TIMEOUT_S", 0.01)
    venue.gates[1].hand.blind = True
    armed = await venue.conductor.until_armed(venue.conductor.burst("s1", BurstKind.REQUEST, BOTH))
    assert armed.unready == {"gate-02": "unread"}
    await venue.conductor.fire("s1", venue.clock.now_ns())
    assert list(await venue.conductor.scans("s1")) == ["gate-01/A"]
    assert venue.said[1] == []


async def test_a_ticket_still_in_view_makes_its_device_unready(venue: Venue) -> None:
    await venue.perform("s1", BurstKind.PRESENT, [("gate-01", "A")])
    armed = await venue.conductor.until_armed(venue.conductor.burst("s2", BurstKind.REQUEST, BOTH))
    assert armed.unready == {"gate-01": "repeated"}


async def test_a_question_that_is_not_taken_makes_its_device_unready_and_is_withdrawn(
    venue: Venue,
) -> None:
    venue.gates[0].checkin.unparked = Reason.CONNECTION
    armed = await venue.conductor.until_armed(venue.conductor.burst("s1", BurstKind.REQUEST, BOTH))
    assert armed.unready == {"gate-01": "connection"}
    assert venue.said[0] == ["hold A", "withdraw A"]


async def test_a_burst_for_which_no_device_is_ready_finishes_without_scans(venue: Venue) -> None:
    for gate in venue.gates:
        gate.checkin.unparked = Reason.CONNECTION
    armed = await venue.conductor.until_armed(venue.conductor.burst("s1", BurstKind.REQUEST, BOTH))
    assert sorted(armed.unready) == ["gate-01", "gate-02"]
    await venue.conductor.fire("s1", venue.clock.now_ns())
    assert await venue.conductor.gather("s1") == [Report("s1", "b1", (), finished=True, total=0)]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_device_that_breaks_down_does_not_take_the_others_with_it(
    venue: Venue, kind: BurstKind
) -> None:
    venue.gates[1].hand.blind = True
    venue.gates[1].reader.break_down(PeerError("the scanner has gone"))
    armed = await venue.conductor.until_armed(venue.conductor.burst("s1", kind, BOTH))
    await venue.conductor.fire("s1", venue.clock.now_ns())
    scans = await venue.conductor.scans("s1")
    assert scans["gate-01/A"].outcome == ADMITTED
    if kind is BurstKind.REQUEST:
        assert armed.unready == {"gate-02": "unread"}
    else:
        assert scans["gate-02/B"].outcome == Outcome(OutcomeKind.UNKNOWN, Reason.UNREAD)


async def test_a_busy_answer_is_reported_with_every_question_that_it_took(
    broker: BrokerProcess, bus: Bus, name: str, clock: ManualClock, pauses: list[float]
) -> None:
    async with (
        running_fleet(broker, name, clock) as (fleet, gates),
        scripted_conductor(bus, f"run-{name}", name, "b1") as conductor,
    ):
        for gate in gates:
            gate.checkin.answer_with([BUSY, BUSY, ADMITTED])
        venue = Venue(fleet, gates, conductor, clock)
        await conductor.until_armed(conductor.burst("s1", BurstKind.REQUEST, BOTH))
        await conductor.fire("s1", clock.now_ns())
        scans = await conductor.scans("s1")
    for scan in scans.values():
        assert scan.outcome == ADMITTED
        assert [ask.reason for ask in scan.asks] == [Reason.BUSY, Reason.BUSY, None]
    assert len(pauses) == 4
    assert len(set(pauses)) == 2, "both presentations have the same seed"
    assert venue.said[0].count("ask A") == 2


async def test_resting_gives_up_what_is_armed_and_is_harmless_without(venue: Venue) -> None:
    await venue.fleet.rest()
    await venue.conductor.until_armed(venue.conductor.burst("s1", BurstKind.REQUEST, BOTH))
    before = asyncio.all_tasks()
    await venue.fleet.rest()
    assert venue.said == [["hold A", "withdraw A"], ["hold B", "withdraw B"]]
    assert asyncio.all_tasks() < before
    await venue.fleet.rest()


async def test_a_step_of_the_same_name_with_other_tickets_is_another_step(venue: Venue) -> None:
    assert await venue.perform("s1", BurstKind.PRESENT, [("gate-01", "A")]) == ["gate-01/A"]
    assert await venue.perform("s1", BurstKind.PRESENT, [("gate-01", "B")]) == ["gate-01/B"]


ALL = [*BOTH, ("no-such-gate", "C")]
UNREAD = Outcome(OutcomeKind.UNKNOWN, Reason.UNREAD)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_device_that_the_fleet_has_not_is_named_and_the_others_go_on(
    venue: Venue, kind: BurstKind
) -> None:
    armed = await venue.conductor.until_armed(venue.conductor.burst("s1", kind, ALL))
    assert armed.unready == {"no-such-gate": "this fleet has no device no-such-gate"}
    await venue.conductor.fire("s1", venue.clock.now_ns())
    assert sorted(await venue.conductor.scans("s1")) == ["gate-01/A", "gate-02/B"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_device_that_cannot_show_its_ticket_is_named_and_the_others_go_on(
    venue: Venue, kind: BurstKind
) -> None:
    venue.gates[1].hand.cannot_prepare.add("B")
    armed = await venue.conductor.until_armed(venue.conductor.burst("s1", kind, BOTH))
    assert armed.unready == {"gate-02": "the text B makes no QR code"}
    await venue.conductor.fire("s1", venue.clock.now_ns())
    assert list(await venue.conductor.scans("s1")) == ["gate-01/A"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_device_whose_hand_fails_does_not_take_the_others_with_it(
    venue: Venue, kind: BurstKind
) -> None:
    venue.gates[0].hand.cannot_present = PeerError("nobody reads what it sends")
    armed = await venue.conductor.until_armed(venue.conductor.burst("s1", kind, BOTH))
    assert armed.unready == ({"gate-01": "unread"} if kind is BurstKind.REQUEST else {})
    await venue.conductor.fire("s1", venue.clock.now_ns())
    scans = await venue.conductor.scans("s1")
    assert scans["gate-02/B"].outcome == ADMITTED
    if kind is BurstKind.PRESENT:
        assert scans["gate-01/A"].outcome == UNREAD


async def test_in_a_stream_a_device_that_cannot_is_named_and_a_ticket_that_cannot_is_unread(
    venue: Venue,
) -> None:
    venue.gates[0].hand.cannot_prepare.add("A")
    shows = [*ALL, ("kiosk-01", "D"), ("gate-01", "E")]
    arm = venue.conductor.stream("s1", shows, pause_s=0, duration_s=3600)
    armed = await venue.conductor.until_armed(arm)
    assert sorted(armed.unready) == ["kiosk-01", "no-such-gate"]
    await venue.conductor.fire("s1", venue.clock.now_ns())
    scans = await venue.conductor.scans("s1")
    assert {name: scan.outcome for name, scan in scans.items()} == {
        "gate-01/A": UNREAD,
        "gate-01/E": ADMITTED,
        "gate-02/B": ADMITTED,
    }


@pytest.mark.parametrize("shows", [[], [("no-such-gate", "C")]])
async def test_a_stream_for_nobody_finishes_without_scans(
    venue: Venue, shows: list[tuple[str, str]]
) -> None:
    arm = venue.conductor.stream("s1", shows, pause_s=0, duration_s=3600)
    await venue.conductor.until_armed(arm)
    await venue.conductor.fire("s1", venue.clock.now_ns())
    assert await venue.conductor.gather("s1") == [Report("s1", "b1", (), finished=True, total=0)]


async def test_in_an_open_stream_everybody_is_due_at_a_time_of_their_own(venue: Venue) -> None:
    shows = [("gate-01", "A", 0.0), ("gate-02", "B", 0.01), ("gate-01", "C", 0.02)]
    shows.append(("gate-02", "D", 60.0))
    arm = venue.conductor.open_stream("s1", shows, duration_s=60)
    await venue.conductor.until_armed(arm)
    at_ns = venue.clock.now_ns()
    await venue.conductor.fire("s1", at_ns)
    scans = await venue.conductor.scans("s1")
    assert {name: scan.intended_ns - at_ns for name, scan in scans.items()} == {
        "gate-01/A": 0,
        "gate-02/B": 10 * MS,
        "gate-01/C": 20 * MS,
    }


@pytest.mark.parametrize("kind", KINDS)
async def test_kiosks_and_gates_act_in_one_burst(venue: Venue, kind: BurstKind) -> None:
    orders: list[Order] = [*presentations(BOTH), checkout()]
    armed = await venue.conductor.until_armed(venue.conductor.burst_of("s1", kind, orders))
    assert armed.unready == {}
    held = kind is BurstKind.REQUEST
    assert venue.kiosk.said == ["warm", *(["hold kiosk-01/checkout"] if held else [])]
    at_ns = venue.clock.now_ns() + 20 * MS
    await venue.conductor.fire("s1", at_ns)
    records = await venue.conductor.records("s1")
    assert sorted(records) == ["gate-01/A", "gate-02/B", "kiosk-01/checkout"]
    booking = records["kiosk-01/checkout"]
    assert isinstance(booking, CheckoutRecord)
    assert booking.outcome == BOOKED
    assert booking.intended_ns == at_ns <= booking.released_ns < booking.decided_ns
    assert ("release kiosk-01/checkout" in venue.kiosk.said) is held


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (checkout("gate-01"), "gate-01 is a gate and only reads tickets"),
        (presentations([("kiosk-01", "A")])[0], "kiosk-01 is a kiosk and reads no tickets"),
    ],
)
async def test_a_device_that_is_ordered_what_it_cannot_do_is_named(
    venue: Venue, order: Order, why: str
) -> None:
    armed = await venue.conductor.until_armed(
        venue.conductor.burst_of("s1", BurstKind.PRESENT, [order])
    )
    assert list(armed.unready) == [order.device]
    assert why in armed.unready[order.device]


class Gone:
    """A broker that has gone when so many more messages were published."""

    def __init__(self, venue: Venue, after: int, failure: Exception) -> None:
        self._publish = venue.fleet._bus.publish
        self._left = after
        self._failure = failure
        self.noticed = asyncio.Event()

    async def publish(self, channel: Channel[M], message: M, **levels: str) -> None:
        if not self._left:
            self.noticed.set()
            raise self._failure
        self._left -= 1
        await self._publish(channel, message, **levels)


async def failed_step(venue: Venue, arm: Arm, gone: Gone) -> None:
    await venue.conductor.arm(arm)
    await venue.conductor.fire("s1", venue.clock.now_ns())
    await gone.noticed.wait()
    assert venue.fleet._step is not None
    await asyncio.wait([venue.fleet._step])


def arms(venue: Venue) -> dict[str, Arm]:
    shows = [("gate-01", f"T-{number}") for number in range(100)]
    return {
        "burst": venue.conductor.burst("s1", BurstKind.REQUEST, BOTH),
        "stream": venue.conductor.stream("s1", shows, pause_s=0.001, duration_s=3600),
    }


@pytest.mark.parametrize("after", [0, 1], ids=["armed", "report"])
@pytest.mark.parametrize("what", ["burst", "stream"])
async def test_a_broker_that_has_gone_is_told_in_one_line(
    venue: Venue,
    what: str,
    after: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(performance, "REPORT_EVERY_S", 0.005)
    gone = Gone(venue, after, PeerError("no connection to the broker"))
    monkeypatch.setattr(venue.fleet._bus, "publish", gone.publish)
    await failed_step(venue, arms(venue)[what], gone)
    (line,) = [record for record in caplog.records if record.levelname != "DEBUG"]
    assert (line.levelname, line.exc_info) == ("WARNING", None)
    assert line.getMessage() == "step s1 failed: no connection to the broker"
    monkeypatch.undo()
    if after:
        assert (await venue.conductor.armed.get()).step == "s1"
    venue.leave_the_repeat_window()
    assert await venue.perform("s2", BurstKind.REQUEST, BOTH) == ["gate-01/A", "gate-02/B"]


async def test_a_fault_of_our_own_is_told_with_its_traceback(
    venue: Venue, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    gone = Gone(venue, 0, ZeroDivisionError())
    monkeypatch.setattr(venue.fleet._bus, "publish", gone.publish)
    await failed_step(venue, arms(venue)["burst"], gone)
    (line,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert line.exc_info


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (PeerError("a"), "a"),
        (ExceptionGroup("g", [PeerError("a"), PeerError("b")]), "a"),
        (ExceptionGroup("g", [ExceptionGroup("h", [PeerError("a")])]), "a"),
        (ExceptionGroup("g", [PeerError("a"), ValueError()]), "None"),
        (ValueError(), "None"),
    ],
)
def test_only_what_peers_and_users_did_is_told_in_a_line(error: Exception, line: str) -> None:
    assert str(fleets._told_in_a_line(error)) == line
