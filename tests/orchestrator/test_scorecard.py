"""The scorecard of a guided drill: who was right, who was not, and of whom nobody can say."""

import pytest
from led_runs import ADMITTED, NOT_PRESENTED, UNKNOWN, LedRun

from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.fixtures.scenario import Reaction
from gatedrill.orchestrator.history import Reacted
from gatedrill.orchestrator.scorecard import Totals, make_scorecard

REFUSED = Outcome(OutcomeKind.REFUSED, Reason.ALREADY_USED)


@pytest.fixture
def run() -> LedRun:
    return LedRun()


def test_where_gates_and_staff_do_what_they_should_everything_is_right(run: LedRun) -> None:
    card = run.score()

    assert card.totals == Totals(
        steps=9,
        ok=9,
        gate_right=9,
        gate_wrong=0,
        staff_right=9,
        staff_wrong=0,
        median_reaction_s=2.0,
        slowest_reaction_s=2.0,
    )
    assert (card.run, card.scenario, card.seed, card.cut_short) == (
        *("run", "drill-duplicate", 1),
        None,
    )
    first, second, *_ = card.steps
    assert (first.step, first.gate, first.ticket) == (
        *("drill-duplicate-1.1", "gate-01"),
        second.ticket,
    )
    assert (first.expected, first.answer, first.gate_ms) == ("admitted", "admitted", 20.0)
    assert (first.right_reaction, first.reaction, first.reaction_s) == ("let_in", "let_in", 2.0)
    assert (second.gate, second.expected, second.answer) == (
        *("gate-02", "already_used"),
        "refused (already_used)",
    )
    assert all(step.is_ok and step.reached and step.why for step in card.steps)


def test_a_wrong_reaction_to_a_right_answer_is_wrong(run: LedRun) -> None:
    run.reactions[2] = "let_in"
    card = run.score()

    assert (card.steps[1].gate_ok, card.steps[1].reaction_ok) == (True, False)
    assert (card.steps[1].right_reaction, card.steps[1].is_ok) == ("turn_away", False)
    assert (card.totals.ok, card.totals.staff_right, card.totals.staff_wrong) == (8, 8, 1)


def test_who_says_nothing_is_neither_right_nor_wrong(run: LedRun) -> None:
    run.reactions[3] = None
    card = run.score()

    step = card.steps[2]
    assert (step.reaction, step.reaction_ok, step.reaction_s) == (None, None, None)
    assert (card.totals.ok, card.totals.staff_right, card.totals.staff_wrong) == (8, 8, 0)


@pytest.mark.parametrize("reaction", ["let_in", "turn_away", "call_supervisor"])
def test_a_wrong_gate_is_not_held_against_staff_whatever_they_do(
    run: LedRun, reaction: Reaction
) -> None:
    run.answers[6] = ADMITTED  # the cancelled ticket
    run.reactions[6] = reaction
    card = run.score()

    step = card.steps[5]
    assert (step.gate_ok, step.reaction, step.reaction_ok) == (False, reaction, None)
    assert (card.totals.gate_wrong, card.totals.staff_right, card.totals.staff_wrong) == (1, 8, 0)


def test_a_refusal_for_another_reason_is_a_wrong_answer(run: LedRun) -> None:
    run.answers[7] = REFUSED  # of an unknown ticket

    assert run.score().steps[6].gate_ok is False


def test_an_answer_that_settles_nothing_is_neither_right_nor_wrong(run: LedRun) -> None:
    run.answers[1] = UNKNOWN
    card = run.score()

    assert (card.steps[0].answer, card.steps[0].gate_ok) == ("unknown (timeout)", None)
    assert card.steps[0].reaction_ok is None
    assert (card.totals.gate_right, card.totals.gate_wrong) == (8, 0)


def test_a_ticket_that_nobody_presented_counts_for_nobody(run: LedRun) -> None:
    run.answers[4] = NOT_PRESENTED
    step = run.score().steps[3]

    assert (step.reached, step.answer) == (True, "ignored (not_presented)")
    assert (step.gate_ok, step.gate_ms, step.reaction, step.reaction_ok) == (None,) * 4


def test_a_gate_that_was_not_heard_counts_for_nobody(run: LedRun) -> None:
    run.answers[4] = None
    step = run.score().steps[3]

    assert (step.reached, step.answer, step.gate_ok, step.reaction_ok) == (True, None, None, None)


def test_an_interrupted_drill_has_what_was_done_and_names_the_rest(run: LedRun) -> None:
    run.until = 2
    card = run.score()

    assert card.cut_short == "interrupted"
    assert [step.reached for step in card.steps] == [True] * 2 + [False] * 7
    assert [step.reaction for step in card.steps[2:]] == [None] * 7
    assert (card.totals.steps, card.totals.staff_right) == (9, 2)


def test_gates_are_called_what_people_call_them(run: LedRun) -> None:
    run.label({"gate-02": "North door"})

    assert [step.gate for step in run.score().steps[:3]] == ["gate-01", "North door", "gate-01"]


def test_a_clock_that_is_a_little_off_makes_no_time_negative(run: LedRun) -> None:
    told = [*run.history, Reacted("drill-duplicate-1.1", "let_in", 0)]

    assert make_scorecard(run.plan, told, run.judge()).steps[0].reaction_s == 0.0


def test_median_and_slowest_are_of_those_who_said_something(run: LedRun) -> None:
    run.reactions = dict.fromkeys(range(1, 10), None)
    totals = run.score().totals

    assert (totals.median_reaction_s, totals.slowest_reaction_s) == (None, None)
