"""Cause before effect: nobody is told of an admission that nobody has asked for yet."""

import pytest
from evidence_builder import (
    ADMITTED,
    BUSY,
    LOST,
    NOT_FOUND,
    READMITTED,
    UNKNOWN,
    USED,
    Run,
    linked_family,
    own_tickets,
    race,
    vip_table,
)

from gatedrill.contract.outcome import Outcome
from gatedrill.orchestrator.checks.check import CheckStatus, Violation
from gatedrill.orchestrator.checks.order import in_order

WINNER, LOSER = "drill-1.1:gate-01", "drill-1.1:gate-02"
MS = 1_000_000
SECOND = 1_000 * MS
BOTH_BOUNDS_NS = 400_000


def holds(run: Run, *, examined: int = 1) -> bool:
    result = in_order(run.evidence)
    return (result.status, result.examined) == (CheckStatus.HOLDS, examined)


def violation(run: Run) -> Violation:
    result = in_order(run.evidence)
    assert (result.status, result.violations) == (CheckStatus.VIOLATED, 1)
    return result.shown[0]


def loser_first(by_ns: int) -> Run:
    """A race whose loser has his answer so long before the winner asks."""
    run = Run(race(probe=False))
    run.time(WINNER, sent_ns=SECOND, answered_ns=SECOND + 5 * MS)
    run.time(LOSER, sent_ns=SECOND - 50 * MS, answered_ns=SECOND - by_ns)
    return run


def test_in_honest_runs_everybody_is_told_in_order() -> None:
    assert holds(Run(race(rounds=2)), examined=2)
    assert holds(Run(vip_table(3, phases=2)), examined=3)
    assert holds(Run(linked_family()), examined=3)


def test_where_nobody_was_told_of_an_admission_it_is_not_judged() -> None:
    assert in_order(Run(own_tickets()).evidence).status is CheckStatus.NOT_JUDGED


@pytest.mark.parametrize("told", [USED, LOST])
def test_an_answer_that_comes_before_the_admission_was_asked_for_names_both(
    told: Outcome,
) -> None:
    run = loser_first(by_ns=BOTH_BOUNDS_NS + 1)
    asks = run.attempts[LOSER].record.asks
    run.show(LOSER, told, asks=asks)

    assert violation(run) == Violation(
        "t1",
        "told of an admission before anybody asked for one",
        (
            f"gate-02: {told}, let go at 2.000001 s, decided at 2.010001 s ({LOSER})",
            f"gate-01: admitted, let go at 2.000000 s, decided at 2.010000 s ({WINNER})",
        ),
    )


@pytest.mark.parametrize("by_ns", [BOTH_BOUNDS_NS, 0, -MS])
def test_within_the_error_of_the_clocks_the_admission_may_have_come_first(by_ns: int) -> None:
    assert holds(loser_first(by_ns=by_ns))


def test_where_nobody_admitted_the_one_who_was_told_so_bears_witness() -> None:
    run = Run(race(devices=1, probe=False))
    run.show(WINNER, USED)

    assert [line.partition(":")[0] for line in violation(run).witness] == ["gate-01"]


@pytest.mark.parametrize("open_answer", [UNKNOWN, BUSY])
def test_an_open_attempt_may_have_been_the_admission(open_answer: Outcome) -> None:
    run = loser_first(by_ns=MS)
    run.show("drill-1.1:gate-03", open_answer)
    run.time("drill-1.1:gate-03", sent_ns=0, answered_ns=2 * SECOND)

    assert holds(run)


def test_an_open_attempt_that_came_later_was_not_the_admission() -> None:
    run = loser_first(by_ns=MS)
    run.show("drill-1.1:gate-03", UNKNOWN)
    run.time("drill-1.1:gate-03", sent_ns=SECOND, answered_ns=2 * SECOND)

    assert violation(run).subject == "t1"


def test_a_silent_device_may_have_asked_for_the_admission() -> None:
    run = loser_first(by_ns=MS)
    run.fall_silent("drill-1.1", "gate-03")

    assert in_order(run.evidence).status is CheckStatus.NOT_JUDGED


def test_a_ticket_used_before_the_run_needs_no_admission() -> None:
    run = Run(race(probe=False))
    run.was_before("t1", "scanned")
    run.show(WINNER, USED)

    assert in_order(run.evidence).status is CheckStatus.NOT_JUDGED


@pytest.mark.parametrize("refusals", [(USED, USED, USED), (LOST, USED, NOT_FOUND)])
def test_without_records_a_ticket_that_nobody_admitted_may_have_been_used_before(
    refusals: tuple[Outcome, ...],
) -> None:
    run = Run(race(probe=False))
    run.hide_records()
    for number, refusal in enumerate(refusals, 1):
        run.show(f"drill-1.1:gate-{number:02}", refusal)

    assert in_order(run.evidence).status is CheckStatus.NOT_JUDGED


def test_without_records_an_admission_after_the_answer_still_shows_it() -> None:
    run = loser_first(by_ns=MS)
    run.hide_records()

    assert len(violation(run).witness) == 2


def test_a_re_entry_needs_a_first_entry_before_it() -> None:
    run = Run(vip_table(1))
    run.show("drill-1.1:gate-01", READMITTED)

    assert (violation(run).subject, len(violation(run).witness)) == ("p1", 1)


def test_a_first_entry_after_the_re_entry_is_too_late() -> None:
    run = Run(vip_table(1, phases=2))
    run.show("drill-1.1:gate-01", READMITTED)
    run.show("drill-2.1:gate-01", ADMITTED)

    assert len(violation(run).witness) == 2
