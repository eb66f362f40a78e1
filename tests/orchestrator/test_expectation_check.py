"""What the scenario promises of a round."""

import msgspec
import pytest
from evidence_builder import (
    ADMITTED,
    BUSY,
    IGNORED,
    LOST,
    UNKNOWN,
    USED,
    Run,
    plan_of,
    race,
    vip_table,
)
from honest_service import changed

from gatedrill.contract.outcome import Outcome
from gatedrill.fixtures.scenario import Book, Burst, Show, Slot, TicketGroup
from gatedrill.orchestrator.checks.check import CheckResult, CheckStatus, Violation
from gatedrill.orchestrator.checks.expectation import as_expected
from gatedrill.orchestrator.plan import BurstStep, Plan

EXPECT = {"admitted": 1, "already_used": 2}


def holds(result: CheckResult, *, examined: int = 1) -> bool:
    return (result.status, result.examined) == (CheckStatus.HOLDS, examined)


def violation(result: CheckResult) -> Violation:
    assert (result.status, result.violations) == (CheckStatus.VIOLATED, 1)
    return result.shown[0]


def booking(expect: dict[str, int]) -> Plan:
    """Three kiosks want the two places of a slot."""
    return plan_of(
        Burst(books=(Book("evening"),), expect=expect),
        devices=0,
        kiosks=3,
        slots=(Slot("evening", 2),),
    )


def test_rounds_that_end_as_expected_hold() -> None:
    assert holds(as_expected(Run(race(rounds=3, expect=EXPECT)).evidence), examined=3)
    assert holds(as_expected(Run(booking({"booked": 2, "full": 1})).evidence))


def test_a_kind_and_a_reason_can_both_be_expected() -> None:
    assert holds(as_expected(Run(race(expect={"refused": 2, "already_used": 2})).evidence))


def test_where_nothing_is_expected_it_is_not_judged() -> None:
    result = as_expected(Run(vip_table()).evidence)

    assert result.why_not_judged == "the scenario expects nothing of its rounds"


def test_a_round_that_was_never_fired_is_not_judged() -> None:
    run = Run(race(rounds=2, probe=False, expect=EXPECT))
    del run.fired["drill-1.2"]
    run.lose(*(attempt for attempt in run.attempts.copy() if attempt.startswith("drill-1.2")))

    assert holds(as_expected(run.evidence))


def test_a_round_that_ends_otherwise_shows_what_was_seen() -> None:
    run = Run(race(rounds=2, expect=EXPECT))
    run.show("drill-1.2:gate-03", ADMITTED)

    assert violation(as_expected(run.evidence)) == Violation(
        "drill-1.2",
        "1 admitted expected, 2 seen",
        ("2 admitted", "1 refused (already_used)"),
    )


def test_too_few_are_as_wrong_as_too_many() -> None:
    run = Run(race(expect=EXPECT))
    run.show("drill-1.1:gate-01", LOST)

    assert violation(as_expected(run.evidence)).what == "1 admitted expected, 0 seen"


@pytest.mark.parametrize("open_answer", [UNKNOWN, BUSY, IGNORED])
@pytest.mark.parametrize("gate", ["gate-01", "gate-02"])
def test_an_open_answer_may_stand_for_any_word(open_answer: Outcome, gate: str) -> None:
    run = Run(race(expect=EXPECT))
    run.show(f"drill-1.1:{gate}", open_answer)

    assert holds(as_expected(run.evidence))


def test_a_silent_device_and_one_that_was_not_ready_may_stand_for_any_word() -> None:
    run = Run(race(expect=EXPECT))
    run.fall_silent("drill-1.1", "gate-01")
    run.not_ready("drill-1.1", "gate-02")

    assert holds(as_expected(run.evidence))


def test_what_is_open_excuses_no_more_than_itself() -> None:
    run = Run(race(expect=EXPECT))
    run.show("drill-1.1:gate-01", UNKNOWN)
    run.show("drill-1.1:gate-02", LOST)
    run.show("drill-1.1:gate-03", LOST)

    assert violation(as_expected(run.evidence)) == Violation(
        "drill-1.1",
        "2 already_used expected, 0 seen, 1 not known",
        ("2 refused (lost_race)", "1 not known"),
    )


def test_a_ticket_that_was_used_before_the_run_is_nobody_s_fault() -> None:
    run = Run(race(expect=EXPECT))
    run.was_before("t1", "scanned")
    run.show("drill-1.1:gate-01", USED)

    assert as_expected(run.evidence).status is CheckStatus.NOT_JUDGED


def test_a_ticket_that_is_to_be_refused_is_expected_to_be() -> None:
    plan = plan_of(
        Burst(shows=(Show("gone"),), expect={"cancelled": 1}),
        devices=1,
        tickets=(TicketGroup("gone", status="cancelled"),),
    )
    run = Run(plan)
    assert holds(as_expected(run.evidence))

    run.show("drill-1.1:gate-01", ADMITTED)
    assert violation(as_expected(run.evidence)).what == "1 cancelled expected, 0 seen"


def test_a_slot_with_other_places_than_planned_may_lead_to_other_answers() -> None:
    run = Run(booking({"booked": 1, "full": 2}))
    assert violation(as_expected(run.evidence)).what == "1 booked expected, 2 seen"

    run.before.slots["evening"] = changed(run.before.slots["evening"], available=1)
    assert as_expected(run.evidence).status is CheckStatus.NOT_JUDGED


def test_a_guest_who_was_not_heard_of_before_may_be_new_or_come_back() -> None:
    plan = vip_table(phases=2)
    coming, returning = plan.steps
    assert isinstance(returning, BurstStep)
    steps = (coming, msgspec.structs.replace(returning, expect={"readmitted": 3}))
    run = Run(msgspec.structs.replace(plan, steps=steps))
    run.show("drill-2.1:gate-01", ADMITTED)
    assert violation(as_expected(run.evidence)).what == "3 readmitted expected, 2 seen"

    run.fall_silent("drill-1.1", "gate-01")
    assert holds(as_expected(run.evidence))


def test_a_word_of_an_open_outcome_counts_once() -> None:
    run = Run(race(expect={"unknown": 2}))
    run.show("drill-1.1:gate-02", UNKNOWN)

    assert violation(as_expected(run.evidence)).what == "2 unknown expected, 0 seen, 1 not known"


def test_the_scenario_s_name_makes_no_difference() -> None:
    plan = race(expect=EXPECT)
    scenario = msgspec.structs.replace(plan.scenario, name="slot-5")

    assert holds(as_expected(Run(msgspec.structs.replace(plan, scenario=scenario)).evidence))
