"""In which round a hunt found that a ticket lets two people in."""

from evidence_builder import ADMITTED, READMITTED, Run, hunt, plan_of, race

from gatedrill.fixtures.scenario import Burst, Show, TicketGroup
from gatedrill.orchestrator.hunts import Hunt, judge_hunts
from gatedrill.orchestrator.result import Verdict

ONE = Show("fresh", same=True)


def judged(run: Run) -> Hunt:
    """The only hunt."""
    [found] = judge_hunts(run.evidence)
    return found


def test_an_honest_service_is_hunted_in_vain() -> None:
    run = Run(hunt(rounds=3))

    assert judged(run) == Hunt("drill-1", rounds=3, window_ms=40.0, found_in_round=None)
    assert run.judge().verdict is Verdict.PASSED
    assert run.judge().hunts == judge_hunts(run.evidence)


def test_the_first_round_with_two_admissions_of_one_ticket_is_told() -> None:
    run = Run(hunt(rounds=4))
    for number in (2, 4):
        run.show(f"drill-1.{number}:gate-03", ADMITTED)

    assert judged(run).found_in_round == 2
    assert run.judge().verdict is Verdict.VIOLATED


def test_a_guest_who_comes_back_is_no_find() -> None:
    run = Run(hunt())
    run.show("drill-1.1:gate-02", READMITTED)

    assert judged(run).found_in_round is None


def test_two_tickets_that_let_in_one_each_are_no_find() -> None:
    shows = (Show("fresh", devices=2, same=True), Show("own"))
    groups = (TicketGroup("fresh"), TicketGroup("own"))
    run = Run(plan_of(Burst(shows=shows, sweep_ms=40), devices=4, tickets=groups))

    assert judged(run).found_in_round is None


def test_what_a_probe_or_another_phase_has_admitted_was_not_found_by_the_hunt() -> None:
    swept = Burst(shows=(ONE,), sweep_ms=40, probe=True)
    run = Run(plan_of(Burst(shows=(ONE,)), swept, tickets=(TicketGroup("fresh", count=1),)))
    for attempt in run.attempts:
        if attempt.startswith(("drill-1.1:", "drill-2.1-probe:")):
            run.show(attempt, ADMITTED)
    run.show("drill-2.1:gate-02", ADMITTED)

    assert judged(run).found_in_round is None


def test_a_round_keeps_its_number_when_one_before_was_never_fired() -> None:
    run = Run(hunt(rounds=3))
    del run.fired["drill-1.2"]
    run.show("drill-1.3:gate-02", ADMITTED)

    assert judged(run) == Hunt("drill-1", rounds=2, window_ms=40.0, found_in_round=3)


def test_every_swept_phase_is_a_hunt_of_its_own_and_no_other_phase_is() -> None:
    run = Run(plan_of(*[Burst(shows=(ONE,), sweep_ms=width_ms) for width_ms in (40, 0.5)]))
    run.show("drill-2.1:gate-02", ADMITTED)

    assert judge_hunts(run.evidence) == (
        Hunt("drill-1", 1, 40.0, None),
        Hunt("drill-2", 1, 0.5, 1),
    )
    assert judge_hunts(Run(race()).evidence) == ()
