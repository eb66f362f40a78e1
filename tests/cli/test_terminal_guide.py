"""What the guide of a drill says, whom it waits for, and what it makes of answers."""

import asyncio
import io
from collections.abc import Iterator, Sequence

import msgspec
import pytest
from led_runs import ADMITTED, NOT_PRESENTED, UNKNOWN, LedRun, right_answer
from rich.console import Console

from gatedrill.cli.person_hands import PersonHands, beyond_people
from gatedrill.cli.prompter import Prompter
from gatedrill.cli.terminal_guide import TerminalGuide
from gatedrill.cli.typed_lines import TypedLines
from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.outcome import Outcome
from gatedrill.fixtures.loader import load_scenario
from gatedrill.fixtures.scenario import BeginFaults, Burst, Fault, Scenario, Show
from gatedrill.orchestrator.captions import captions
from gatedrill.orchestrator.guide import Answer
from gatedrill.orchestrator.history import Attempted
from gatedrill.orchestrator.plan import BurstStep, Plan, PlannedFault


class Typed(TypedLines):
    """Somebody who has typed these lines, and counts how often he was waited for."""

    def __init__(self, *lines: str) -> None:
        super().__init__(None)
        self._lines: Iterator[str] = iter(lines)
        self.waited = 0

    async def next(self) -> str | None:
        self.waited += 1
        return next(self._lines, None)


class Led:
    """A guide in conversation with somebody."""

    def __init__(self, *lines: str, asks: bool = True) -> None:
        self._said = io.StringIO()
        self.typed = Typed(*lines)
        self.prompter = Prompter(Console(file=self._said, width=80), self.typed)
        self.guide = TerminalGuide(self.prompter, asks=asks)

    @property
    def said(self) -> str:
        return self._said.getvalue()

    async def through(self, run: LedRun, number: int = 1) -> Answer | None:
        """Lead through one step of a run, to what staff say of it."""
        step = step_of(run.plan, number)
        await self.guide.introduce(step, run.plan)
        return await self.guide.debrief(step, records(run, step))


def step_of(plan: Plan, number: int) -> BurstStep:
    step = plan.steps[number - 1]
    assert isinstance(step, BurstStep)
    return step


def records(run: LedRun, step: BurstStep) -> Sequence[ScanRecord]:
    return [
        event.record
        for event in run.history
        if isinstance(event, Attempted)
        and isinstance(event.record, ScanRecord)
        and event.step == step.id
    ]


def attended(run: LedRun) -> LedRun:
    """The same with people at the gates."""
    devices = tuple(msgspec.structs.replace(each, attended=True) for each in run.plan.devices)
    run.plan = msgspec.structs.replace(run.plan, devices=devices)
    return run


@pytest.fixture
def run() -> LedRun:
    return LedRun()


async def test_the_ticket_is_named_by_what_is_printed_under_it_and_the_gate_as_people_do(
    run: LedRun,
) -> None:
    run.label({"gate-02": "North door"})
    led = Led("t")
    await led.through(run, 2)

    [planned] = step_of(run.plan, 2).attempts
    assert f"Ticket {captions(run.plan)[planned.attempt]} at North door" in led.said
    assert "STEP 1 of 9" in led.said
    assert "Somebody else comes with the same ticket" in led.said
    assert "North door answers  REFUSED: ALREADY USED" in led.said


async def test_whoever_presents_the_ticket_is_waited_for_and_an_emulated_gate_is_not(
    run: LedRun,
) -> None:
    emulated, by_hand = Led("l"), Led("", "l")
    assert await emulated.through(run) == Answer("let_in")
    assert await by_hand.through(attended(run)) == Answer("let_in")

    assert (emulated.typed.waited, by_hand.typed.waited) == (1, 2)
    assert "Press Enter" not in emulated.said
    assert "Press Enter" in by_hand.said


@pytest.mark.parametrize(
    ("typed", "answer", "told"),
    [
        ("t", "turn_away", "RIGHT: turn away."),
        (" Turn away ", "turn_away", "RIGHT: turn away."),
        ("l", "let_in", "NOT RIGHT: let in. Right is: turn away."),
        ("s", "call_supervisor", "NOT RIGHT: call a supervisor. Right is: turn away."),
    ],
)
async def test_staff_are_told_what_is_right_and_why(
    run: LedRun, typed: str, answer: str, told: str
) -> None:
    led = Led(typed.strip())
    found = await led.through(run, 2)

    assert found == (answer,)
    assert told in led.said.splitlines()
    assert "One ticket lets one guest in" in led.said


async def test_what_is_no_answer_is_asked_again(run: LedRun) -> None:
    led = Led("", "yes", "3", "s")

    assert await led.through(run) == Answer("call_supervisor")
    assert led.said.count("Type l, t, s, then Enter.") == 3


async def test_at_the_end_of_stdin_questions_go_unanswered_and_staff_hear_what_is_right(
    run: LedRun,
) -> None:
    led = Led()

    assert await led.through(attended(run)) == Answer(None)
    assert "Right is: let in." in led.said.splitlines()


async def test_who_does_not_want_to_be_asked_hears_what_is_right(run: LedRun) -> None:
    led = Led(asks=False)

    assert await led.through(run) is None
    assert led.typed.waited == 0
    assert "Right is: let in." in led.said.splitlines()


@pytest.mark.parametrize("answer", [ADMITTED, UNKNOWN])
async def test_a_gate_that_was_not_right_is_told_and_staff_are_not_judged(
    run: LedRun, answer: Outcome
) -> None:
    run.answers[6] = answer
    led = Led("t")

    assert await led.through(run, 6) == Answer("turn_away")
    assert "THE GATE WAS NOT RIGHT: it should answer refused: cancelled." in led.said
    assert "RIGHT: turn away" not in led.said


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (NOT_PRESENTED, "gate-01: nobody presented the ticket in time."),
        (None, "No answer was heard from gate-01."),
    ],
)
async def test_where_the_gate_has_shown_nothing_staff_are_asked_nothing(
    run: LedRun, answer: Outcome | None, told: str
) -> None:
    run.answers[1] = answer
    led = Led("l")

    assert await led.through(run) is None
    assert told in led.said
    assert led.typed.waited == 0


async def test_nothing_is_said_of_a_step_without_words(run: LedRun) -> None:
    step = msgspec.structs.replace(step_of(run.plan, 1), guidance=None)
    led = Led("l")
    await led.guide.introduce(step, run.plan)

    assert await led.guide.debrief(step, records(run, step)) is None
    assert led.said == ""


async def test_a_long_sentence_is_broken_to_fit_80_columns(run: LedRun) -> None:
    led = Led(*"ltsltsltslts")
    for number in range(1, 10):
        await led.through(run, number)

    assert max(map(len, led.said.splitlines())) <= 80


def test_the_gates_of_the_made_up_run_answer_as_the_scenario_expects(run: LedRun) -> None:
    assert str(right_answer(step_of(run.plan, 8))) == "refused (tampered)"


DOWN = PlannedFault("f1", "uplink-down", ("gate-01", "gate-02"))


async def test_a_person_is_told_what_to_do_and_says_when_it_is_done() -> None:
    led = Led("")
    hands = PersonHands(led.prompter)

    assert await hands.begin(DOWN) is True
    assert led.typed.waited == 1
    assert "Cut the line to the check-in service" in led.said


async def test_a_person_plugs_in_what_he_unplugged_and_is_waited_for() -> None:
    led = Led("")
    await PersonHands(led.prompter).end(DOWN)

    assert led.typed.waited == 1
    assert "Plug the line to the check-in service in again." in led.said


async def test_who_has_interrupted_the_drill_is_told_to_plug_in_and_not_waited_for() -> None:
    led = Led("")
    hands = PersonHands(led.prompter)

    async def interrupted() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await hands.end(DOWN)

    task = asyncio.create_task(interrupted())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert "Plug the line to the check-in service in again." in led.said
    assert led.typed.waited == 0


async def test_a_device_is_named_that_somebody_is_to_switch_off() -> None:
    led = Led("")
    await PersonHands(led.prompter).begin(PlannedFault("f1", "device-killed", ("gate-02",)))

    assert "Cut the power of gate-02." in led.said


def scenario_with(*phases: BeginFaults | Burst) -> Scenario:
    return Scenario(1, "drill", "A drill", phases, devices=2)


DEEDS_ONLY = "a person can do uplink-down, registrar-stopped, device-killed"
NO_STOP_WATCH = (
    "a person has no stop watch: let it begin in a phase of its own, and heal it in another"
)


@pytest.mark.parametrize(
    ("phase", "told"),
    [
        (BeginFaults((Fault("uplink-lossy", share=0.5),)), f"uplink-lossy: {DEEDS_ONLY}"),
        (BeginFaults((Fault("uplink-down", for_s=5),)), f"uplink-down: {NO_STOP_WATCH}"),
        (
            Burst((Show("own"),), faults=(Fault("uplink-down"),)),
            f"uplink-down: {NO_STOP_WATCH}",
        ),
    ],
)
def test_what_no_person_can_do_is_told_before_anything_starts(
    phase: BeginFaults | Burst, told: str
) -> None:
    assert list(beyond_people(scenario_with(phase))) == [f"phases[0], {told}"]


def test_people_can_do_all_that_the_shipped_drills_want() -> None:
    for name in ("drill-duplicate", "drill-vip", "drill-outage"):
        assert list(beyond_people(load_scenario(name))) == []
