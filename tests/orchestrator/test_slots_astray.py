"""A slot that did not stand as planned shows nothing, and that is nobody's fault."""

from evidence_builder import NOT_FOUND, Run, plan_of
from honest_service import changed

from gatedrill.fixtures.scenario import Book, Burst, Slot
from gatedrill.orchestrator.result import Verdict


def booking() -> Run:
    """Two kiosks want the only place of a slot."""
    return Run(
        plan_of(
            Burst(books=(Book("evening"),), expect={"booked": 1, "full": 1}),
            devices=0,
            kiosks=2,
            slots=(Slot("evening", 1),),
        )
    )


def test_a_slot_as_planned_raises_no_doubt() -> None:
    assert not any("slot" in doubt for doubt in booking().judge().inconclusive_because)


def test_a_slot_that_was_full_before_the_run_makes_it_inconclusive() -> None:
    run = booking()
    run.before.slots["evening"] = changed(run.before.slots["evening"], available=0)

    result = run.judge()

    assert "slot evening had 0 of 1 places free before, not 1" in result.inconclusive_because


def test_a_slot_that_is_nowhere_makes_the_run_inconclusive_and_nobody_a_liar() -> None:
    run = booking()
    run.complete_logs = False
    for moment in ("before", "after"):
        run.hide(moment, "slots")
    for attempt in list(run.attempts):
        run.show(attempt, NOT_FOUND)

    result = run.judge()

    assert result.verdict is Verdict.INCONCLUSIVE
    assert "slot evening is unknown there" in result.inconclusive_because
