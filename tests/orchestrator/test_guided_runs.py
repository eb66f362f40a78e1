"""The conductor with a guide at its side: when each is waited for, and what is written down."""

from collections.abc import Sequence

import msgspec
import pytest
from memory_bus import ManualClock, sleep_by
from plans import own_tickets, race
from scripted_venue import ORIGIN_NS, ScriptedHands, Venue

from gatedrill.contract.attempt import AttemptRecord
from gatedrill.contract.messages import ArmBurst, Presentation
from gatedrill.fixtures.scenario import BeginFaults, Fault, Heal, Reaction
from gatedrill.orchestrator.captions import captions
from gatedrill.orchestrator.guide import Answer
from gatedrill.orchestrator.history import Attempted, FaultBegan, Reacted
from gatedrill.orchestrator.plan import Plan, PlannedFault, Step

WAITED_S, ASKED_S = 60.0, 3.0


class ScriptedGuide:
    """Leads nobody, remembers what it was told, and takes its time over each answer."""

    def __init__(self, clock: ManualClock, reaction: Reaction | None = "let_in") -> None:
        self.clock = clock
        self.answer: Answer | None = Answer(reaction)
        self.venue: Venue | None = None
        self.told: list[tuple[str, str]] = []
        self.armed_before: list[int] = []
        self.heard: dict[str, list[str]] = {}

    async def introduce(self, step: Step, plan: Plan) -> None:
        assert self.venue is not None
        assert step in plan.steps
        self.told.append(("introduce", step.id))
        self.armed_before.append(len(self.venue.east.armed))
        self.clock.advance_s(WAITED_S)

    async def debrief(self, step: Step, records: Sequence[AttemptRecord]) -> Answer | None:
        self.told.append(("debrief", step.id))
        self.heard[step.id] = sorted(record.device for record in records)
        self.clock.advance_s(ASKED_S)
        return self.answer


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> ManualClock:
    clock = ManualClock(ORIGIN_NS)
    sleep_by(clock, monkeypatch)
    return clock


async def open_venue(clock: ManualClock, guide: ScriptedGuide) -> Venue:
    venue = guide.venue = Venue(clock, guide=guide)
    await venue.open()
    return venue


async def test_each_step_waits_for_its_introduction_and_for_what_staff_make_of_it(
    clock: ManualClock,
) -> None:
    guide = ScriptedGuide(clock)
    venue = await open_venue(clock, guide)
    await venue.conductor.conduct(venue.plan(own_tickets(rounds=2)))

    steps = ("drill-1.1", "drill-1.2")
    assert guide.told == [(what, step) for step in steps for what in ("introduce", "debrief")]
    assert guide.armed_before == [0, 1], "nobody is armed before the step was introduced"
    assert guide.heard["drill-1.2"] == ["gate-01", "gate-02", "gate-03", "gate-04"]


async def test_what_staff_say_is_written_down_with_the_moment_at_which_they_said_it(
    clock: ManualClock,
) -> None:
    venue = await open_venue(clock, ScriptedGuide(clock, "call_supervisor"))
    await venue.conductor.conduct(venue.plan(own_tickets()))

    [reacted] = [event for event in venue.history if isinstance(event, Reacted)]
    assert reacted == Reacted("drill-1.1", "call_supervisor", round((WAITED_S + ASKED_S) * 1e9))
    assert venue.history.index(reacted) > max(
        venue.history.index(event) for event in venue.told(Attempted)
    )


@pytest.mark.parametrize(
    ("answer", "written"),
    [(None, []), (Answer(None), [None]), (Answer("turn_away"), ["turn_away"])],
)
async def test_who_was_not_asked_has_said_nothing_and_who_said_nothing_was_asked(
    clock: ManualClock, answer: Answer | None, written: list[Reaction | None]
) -> None:
    guide = ScriptedGuide(clock)
    guide.answer = answer
    venue = await open_venue(clock, guide)
    await venue.conductor.conduct(venue.plan(own_tickets()))

    told = [event.reaction for event in venue.history if isinstance(event, Reacted)]
    assert told == written


async def test_a_gate_with_people_is_told_what_is_printed_under_the_ticket(
    clock: ManualClock,
) -> None:
    venue = Venue(clock)
    await venue.open()
    plan = venue.plan(race())
    attended = tuple(msgspec.structs.replace(each, attended=True) for each in plan.devices)
    by_hand = msgspec.structs.replace(plan, devices=attended)
    await venue.conductor.conduct(by_hand)
    await venue.conductor.conduct(plan)

    first, second = venue.east.armed
    assert isinstance(first, ArmBurst)
    assert isinstance(second, ArmBurst)
    shown = [order for order in first.orders if isinstance(order, Presentation)]
    named = captions(plan)
    assert [order.caption for order in shown] == [named[order.attempt] for order in shown]
    assert all(order.caption.startswith("No. 0") for order in shown)
    emulated = [order for order in second.orders if isinstance(order, Presentation)]
    assert [order.caption for order in emulated] == ["", ""]


@pytest.mark.parametrize("is_told", [True, None])
async def test_what_a_person_has_fail_counts_from_the_moment_at_which_he_says_so(
    clock: ManualClock, is_told: bool | None
) -> None:
    class SlowHands(ScriptedHands):
        async def begin(self, fault: PlannedFault) -> bool | None:  # type: ignore[override]
            await super().begin(fault)
            clock.advance_s(30)
            return is_told

    venue = Venue(clock, SlowHands())
    await venue.open()
    down = BeginFaults((Fault("uplink-down"),))
    await venue.conductor.conduct(venue.plan(own_tickets(), down, own_tickets(), Heal()))

    [began] = [event for event in venue.history if isinstance(event, FaultBegan)]
    assert began.at_ns == (30_000_000_000 if is_told else 0)
