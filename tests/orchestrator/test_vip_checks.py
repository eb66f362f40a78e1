"""The counter of a VIP party and the log of its scans."""

import pytest
from evidence_builder import (
    BUSY,
    CANCELLED,
    IGNORED,
    NOT_FOUND,
    UNKNOWN,
    UNREAD,
    Run,
    plan_of,
    race,
    vip_table,
)
from honest_service import changed

from gatedrill.contract.outcome import Outcome
from gatedrill.fixtures.scenario import Burst, Reservation, Show, TicketGroup
from gatedrill.orchestrator.checks.check import CheckResult, CheckStatus, Violation
from gatedrill.orchestrator.checks.vip_counter import vip_counter
from gatedrill.orchestrator.checks.vip_log import vip_log
from gatedrill.orchestrator.plan import Plan

FIRST, SECOND, THIRD = (f"drill-1.1:gate-0{number}" for number in (1, 2, 3))
OPEN = [UNKNOWN, UNREAD, BUSY, IGNORED]


def holds(result: CheckResult, *, examined: int = 1) -> bool:
    return (result.status, result.examined) == (CheckStatus.HOLDS, examined)


def violation(result: CheckResult) -> Violation:
    assert (result.status, result.violations) == (CheckStatus.VIOLATED, 1)
    return result.shown[0]


def told(run: Run, *numbers: int, phase: int = 1) -> None:
    """Let the guests of a phase be told these numbers."""
    for gate, number in enumerate(numbers, 1):
        run.change(f"drill-{phase}.1:gate-{gate:02}", checked_in_guests=number)


def test_an_honest_counter_holds() -> None:
    assert holds(vip_counter(Run(vip_table(3, phases=2)).evidence))


def test_without_vip_guests_there_is_no_counter() -> None:
    assert vip_counter(Run(race()).evidence).status is CheckStatus.NOT_JUDGED


@pytest.mark.parametrize(("after", "grew"), [(2, 2), (0, 0)])
def test_a_counter_that_missed_a_guest_is_shown_by_its_rows(after: int, grew: int) -> None:
    run = Run(vip_table(3))
    run.count("table", after)

    assert violation(vip_counter(run.evidence)) == Violation(
        "table",
        f"first entries: 3, but the counter grew by {grew}",
        ("before the run: 0 of 3", f"after the run: {after} of 3", "first entries shown: 3"),
    )


def test_a_counter_above_the_number_of_guests_is_shown_by_its_rows() -> None:
    run = Run(vip_table(3))
    run.count("table", 6)

    assert violation(vip_counter(run.evidence)) == Violation(
        "table",
        "counts 6 of 3 guests",
        ("before the run: 0 of 3", "after the run: 6 of 3", "first entries shown: 3"),
    )


def test_a_guest_who_is_told_a_number_above_the_guests_bears_witness() -> None:
    run = Run(vip_table(3))
    told(run, 2, 4, 6)

    found = violation(vip_counter(run.evidence))

    assert found.what == "told that 4 of 3 had come in"
    assert [line.partition(":")[0] for line in found.witness] == ["gate-02"]


def test_two_guests_who_were_told_the_same_number_bear_witness() -> None:
    run = Run(vip_table(3))
    told(run, 1, 1, 2)

    found = violation(vip_counter(run.evidence))

    assert found.what == "two guests were told that they were number 1"
    assert [line.partition(":")[0] for line in found.witness] == ["gate-01", "gate-02"]


def test_a_counter_that_has_reached_its_end_tells_the_same_number_to_all() -> None:
    run = Run(vip_table(3))
    row = run.before.vip_reservations["table"]
    run.before.vip_reservations["table"] = changed(row, checked_in_guests=2)
    told(run, 3, 3, 3)
    assert holds(vip_counter(run.evidence))

    run.count("table", 2)
    assert (
        violation(vip_counter(run.evidence)).what == "first entries: 3, but the counter grew by 0"
    )


def test_a_re_entry_that_counts_again_is_told_too_much() -> None:
    run = Run(vip_table(3, phases=2))
    told(run, 1, 2, 3)
    run.lose(THIRD)
    run.lose("drill-2.1:gate-03")
    told(run, 2, 3, phase=2)

    found = violation(vip_counter(run.evidence))

    assert found.what == "told that 3 of 3 had come in, when 2 had asked to"
    assert [line.partition(":")[0] for line in found.witness] == ["gate-02"]


def test_a_counter_that_was_set_back_tells_too_little() -> None:
    run = Run(vip_table(3, phases=2))
    told(run, 3, 1, 3, phase=2)

    found = violation(vip_counter(run.evidence))

    assert found.what == "told that 1 of 3 had come in, when 3 had"
    assert len(found.witness) == 1


@pytest.mark.parametrize("open_answer", OPEN)
@pytest.mark.parametrize("after", [2, 3])
def test_a_guest_whose_answer_is_open_may_have_been_counted(
    open_answer: Outcome, after: int
) -> None:
    run = Run(vip_table(3))
    run.show(THIRD, open_answer)
    run.count("table", after)

    assert holds(vip_counter(run.evidence))


@pytest.mark.parametrize("after", [2, 3])
def test_a_guest_at_a_silent_device_may_have_been_counted(after: int) -> None:
    run = Run(vip_table(3, phases=2))
    run.fall_silent("drill-1.1", "gate-03")
    run.lose("drill-2.1:gate-03")
    told(run, after, after, phase=2)
    run.count("table", after)

    assert holds(vip_counter(run.evidence))


def test_an_open_answer_excuses_one_guest_only() -> None:
    run = Run(vip_table(3))
    run.show(THIRD, UNKNOWN)
    run.count("table", 1)

    assert (
        violation(vip_counter(run.evidence)).what == "first entries: 2, but the counter grew by 1"
    )


def test_without_records_the_numbers_told_are_judged_alone() -> None:
    run = Run(vip_table(3))
    run.hide_records()
    assert holds(vip_counter(run.evidence))

    told(run, 2, 3, 3)
    assert holds(vip_counter(run.evidence))  # the counter may have stood at 1 before

    told(run, 1, 1, 2)
    assert violation(vip_counter(run.evidence)).subject == "table"


def test_a_service_that_tells_no_numbers_is_judged_by_its_rows() -> None:
    run = Run(vip_table(3))
    for attempt in (FIRST, SECOND, THIRD):
        run.change(attempt, checked_in_guests=None)
    assert holds(vip_counter(run.evidence))

    run.hide_records()
    assert vip_counter(run.evidence).status is CheckStatus.NOT_JUDGED


def with_a_revoked_pass() -> Plan:
    """Gates 1 and 2 show p1 and p2, gate 3 the cancelled p3."""
    return plan_of(
        Burst(shows=(Show("guests"), Show("revoked"))),
        tickets=(
            TicketGroup("guests", "vip_pass", 2, reservation="table"),
            TicketGroup("revoked", "vip_pass", 1, reservation="table", status="cancelled"),
        ),
        reservations=(Reservation("table", 3),),
    )


def test_an_honest_log_holds() -> None:
    assert holds(vip_log(Run(vip_table(3, phases=2)).evidence), examined=3)
    assert holds(vip_log(Run(with_a_revoked_pass()).evidence), examined=3)


def test_a_pass_that_nobody_has_issued_is_left_out() -> None:
    plan = plan_of(
        Burst(shows=(Show("invented"), Show("good"))),
        devices=2,
        tickets=(
            TicketGroup("invented", "vip_pass", 1, reservation="table", status="unknown"),
            TicketGroup("good", "vip_pass", 1, reservation="table"),
        ),
        reservations=(Reservation("table", 3),),
    )

    assert holds(vip_log(Run(plan).evidence))


def test_a_refusal_that_is_not_logged_is_shown_by_the_one_who_was_refused() -> None:
    run = Run(with_a_revoked_pass())
    run.unlog_pass("p3", "refused")

    assert violation(vip_log(run.evidence)) == Violation(
        "p3",
        "refused: 1 answer, but 0 log rows",
        (
            (
                "gate-03: refused (cancelled), let go at 2.000002 s, decided at 2.010002 s "
                "(drill-1.1:gate-03)"
            ),
        ),
    )


def test_a_doubled_row_is_shown_by_the_rows() -> None:
    run = Run(with_a_revoked_pass())
    run.log_pass("p3", "refused", "PASS_CANCELLED")

    found = violation(vip_log(run.evidence))

    assert found.what == "refused: 1 answer, but 2 log rows"
    assert found.witness == (
        "log row 3: refused (PASS_CANCELLED)",
        "log row 4: refused (PASS_CANCELLED)",
    )


def test_a_re_entry_logged_as_a_first_one_is_not_logged() -> None:
    run = Run(vip_table(1, phases=2))
    run.unlog_pass("p1", "reentry")
    run.log_pass("p1", "first_entry")

    assert violation(vip_log(run.evidence)).what == "reentry: 1 answer, but 0 log rows"


def test_a_row_of_a_pass_that_nobody_showed_is_found() -> None:
    run = Run(vip_table(2))
    run.lose(SECOND)

    assert violation(vip_log(run.evidence)).what == "first_entry: 0 answers, but 1 log row"


@pytest.mark.parametrize("rows", [0, 1])
@pytest.mark.parametrize("open_answer", [UNKNOWN, BUSY, NOT_FOUND])
def test_a_question_that_nobody_can_tell_the_answer_of_may_be_logged_or_not(
    rows: int, open_answer: Outcome
) -> None:
    run = Run(vip_table(2))
    run.show(SECOND, open_answer)
    if not rows:
        run.unlog_pass("p2", "first_entry")

    assert holds(vip_log(run.evidence), examined=2)


def test_a_silent_device_may_have_left_any_rows() -> None:
    run = Run(vip_table(2))
    run.fall_silent("drill-1.1", "gate-02")
    run.log_pass("p2", "reentry")

    assert holds(vip_log(run.evidence), examined=2)


@pytest.mark.parametrize(
    ("plan", "why"),
    [
        (race(), "there was nothing to look at"),
        (vip_table(), "table vip_scan_logs: HTTP 403"),
        (vip_table(), "the service's logs may lack rows"),
    ],
)
def test_without_a_log_that_promises_to_be_complete_it_is_not_judged(plan: Plan, why: str) -> None:
    run = Run(plan)
    run.complete_logs = False
    if why.startswith("table"):
        run.hide("logs", "vip_scan_logs", why)

    assert vip_log(run.evidence).why_not_judged == why


def test_whichever_way_the_service_spells_its_ids_both_checks_find_them() -> None:
    run = Run(vip_table(2))
    run.spell_in_capitals()
    assert holds(vip_counter(run.evidence))
    assert holds(vip_log(run.evidence), examined=2)

    run.count("table", 1)
    assert violation(vip_counter(run.evidence)).subject == "table"


def test_a_refusal_of_a_valid_pass_is_logged_as_one() -> None:
    run = Run(vip_table(1))
    run.show(FIRST, CANCELLED)

    assert violation(vip_log(run.evidence)).what == "refused: 1 answer, but 0 log rows"
