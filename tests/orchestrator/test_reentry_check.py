"""Who may come back comes back."""

import pytest
from evidence_builder import (
    ANSWER_NS,
    BUSY,
    CANCELLED,
    IGNORED,
    INVALID,
    LOST,
    READMITTED,
    STEP_NS,
    UNKNOWN,
    UNREAD,
    USED,
    Run,
    linked_family,
    linking,
    plan_of,
    race,
    vip_table,
)

from gatedrill.contract.attempt import Ask, AskKind
from gatedrill.contract.outcome import Outcome, Reason
from gatedrill.fixtures.scenario import Burst, Reservation, Show, TicketGroup
from gatedrill.orchestrator.checks.check import CheckStatus, Violation
from gatedrill.orchestrator.checks.reentry import reentry_granted
from gatedrill.orchestrator.plan import Plan

BACK = "drill-2.1:gate-02"


def holds(run: Run, *, examined: int) -> bool:
    result = reentry_granted(run.evidence)
    return (result.status, result.examined) == (CheckStatus.HOLDS, examined)


def violation(run: Run) -> Violation:
    result = reentry_granted(run.evidence)
    assert (result.status, result.violations) == (CheckStatus.VIOLATED, 1)
    return result.shown[0]


def told(*links: Reason | None) -> tuple[Ask, ...]:
    """What a device asked of a used ticket, and what it was told about its links."""
    scan = Ask(0, 1, 200, Reason.ALREADY_USED)
    return (scan, *(Ask(2, 3, 200, reason, kind=AskKind.LINKED_TICKET) for reason in links))


@pytest.mark.parametrize(
    ("plan", "examined"),
    [(vip_table(3, phases=2), 3), (linked_family(), 2), (linking(guests=2, tickets=3), 2)],
)
def test_an_honest_service_lets_back_in_who_may_come_back(plan: Plan, examined: int) -> None:
    assert holds(Run(plan), examined=examined)


def test_without_anybody_who_may_come_back_it_is_not_judged() -> None:
    assert reentry_granted(Run(race()).evidence).status is CheckStatus.NOT_JUDGED


@pytest.mark.parametrize("refusal", [INVALID, USED, LOST, CANCELLED])
def test_a_guest_with_a_pass_who_is_not_let_back_in_is_shown_by_entry_and_refusal(
    refusal: Outcome,
) -> None:
    run = Run(vip_table(3, phases=2))
    run.show(BACK, refusal)

    assert violation(run) == Violation(
        "p2",
        f"told {refusal.reason}, though its guest may come back",
        (
            "gate-02: admitted, let go at 2.000001 s, decided at 2.010001 s (drill-1.1:gate-02)",
            f"gate-02: {refusal}, let go at 4.000001 s, decided at 4.010001 s ({BACK})",
        ),
    )


@pytest.mark.parametrize("open_answer", [UNKNOWN, UNREAD, BUSY, IGNORED])
def test_an_open_answer_is_no_refusal(open_answer: Outcome) -> None:
    run = Run(vip_table(3, phases=2))
    run.show(BACK, open_answer)

    assert holds(run, examined=2)


def test_who_was_never_let_in_does_not_come_back() -> None:
    run = Run(vip_table(3))
    run.show("drill-1.1:gate-02", INVALID)

    assert reentry_granted(run.evidence).status is CheckStatus.NOT_JUDGED


def test_a_first_entry_is_no_coming_back() -> None:
    assert reentry_granted(Run(vip_table(3)).evidence).status is CheckStatus.NOT_JUDGED


def test_a_guest_who_was_inside_before_the_run_must_be_let_in_again() -> None:
    run = Run(vip_table(1))
    run.was_before("p1", "checked_in")
    run.show("drill-1.1:gate-01", READMITTED)
    assert holds(run, examined=1)

    run.show("drill-1.1:gate-01", INVALID)
    assert len(violation(run).witness) == 1


def test_a_pass_that_was_cancelled_before_the_run_may_be_refused() -> None:
    run = Run(vip_table(2, phases=2))
    run.was_before("p2", "cancelled")
    run.show(BACK, CANCELLED)

    assert holds(run, examined=1)


def test_a_reservation_that_was_closed_before_the_run_lets_nobody_back_in() -> None:
    run = Run(vip_table(2, phases=2))
    row = run.before.vip_reservations["table"]
    run.before.vip_reservations["table"] = type(row)(
        row.id, row.event_id, row.total_guests, status="completed"
    )
    run.show(BACK, INVALID)

    assert reentry_granted(run.evidence).status is CheckStatus.NOT_JUDGED


def test_a_re_entry_with_a_pass_tells_when_the_guest_came_in_last() -> None:
    run = Run(vip_table(3, phases=2))
    run.change(BACK, last_entry_at=None)

    found = violation(run)

    assert (found.subject, found.what) == ("p2", "readmitted without the time of the last entry")
    assert len(found.witness) == 1


def test_of_a_first_entry_before_the_run_the_time_need_not_be_known() -> None:
    run = Run(vip_table(1))
    run.was_before("p1", "checked_in")
    run.show("drill-1.1:gate-01", READMITTED)
    run.change("drill-1.1:gate-01", last_entry_at=None)

    assert holds(run, examined=1)


def test_a_linked_ticket_refused_as_used_is_found_when_the_service_was_asked_about_links() -> None:
    run = Run(linked_family())
    run.show(BACK, USED, asks=told(Reason.ALREADY_USED))

    assert violation(run).what == "told already_used, though its guest may come back"


@pytest.mark.parametrize("links", [(), (Reason.TIMEOUT,), (Reason.BAD_ANSWER,)])
def test_who_got_no_answer_about_links_cannot_know_that_the_guest_may_come_back(
    links: tuple[Reason, ...],
) -> None:
    run = Run(linked_family())
    run.show(BACK, USED, asks=told(*links))

    assert holds(run, examined=1)


def test_a_ticket_of_a_closed_reservation_lets_nobody_back_in() -> None:
    plan = plan_of(
        Burst(shows=(Show("family"),), rounds=2),
        devices=1,
        tickets=(TicketGroup("family", count=1, reservation="table"),),
        reservations=(Reservation("table", 2, status="pending"),),
    )
    run = Run(plan)
    run.show("drill-1.2:gate-01", USED, asks=told(Reason.ALREADY_USED))

    assert reentry_granted(run.evidence).status is CheckStatus.NOT_JUDGED


def test_a_ticket_linked_in_the_run_lets_its_guest_back_in_from_then_on() -> None:
    run = Run(linking(guests=2, tickets=3))
    run.show("drill-3.1:gate-01", USED, asks=told(Reason.ALREADY_USED))
    assert holds(run, examined=1)  # it was asked before the link was made

    linked_ns = STEP_NS + ANSWER_NS
    late = Ask(linked_ns + 400_001, linked_ns + 500_000, 200, Reason.ALREADY_USED)
    run.show("drill-3.1:gate-01", USED, asks=(late, *told(Reason.ALREADY_USED)[1:]))
    ticket = {seen.planned.attempt: seen.planned.ticket for seen in run.evidence.scans}
    assert violation(run).subject == ticket["drill-3.1:gate-01"]


@pytest.mark.parametrize("sent_ns", [0, 400_000])
def test_within_the_error_of_the_clocks_the_link_may_have_come_later(sent_ns: int) -> None:
    run = Run(linking(guests=2, tickets=3))
    asked_ns = STEP_NS + ANSWER_NS + sent_ns
    ask = Ask(asked_ns, asked_ns + 100, 200, Reason.ALREADY_USED)
    run.show("drill-3.1:gate-01", USED, asks=(ask, *told(Reason.ALREADY_USED)[1:]))

    assert holds(run, examined=1)


def test_a_link_that_is_open_binds_nobody() -> None:
    run = Run(linking(guests=2, tickets=3))
    run.show("drill-1.1:kiosk-01", UNKNOWN)

    assert holds(run, examined=1)
