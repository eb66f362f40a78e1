"""One ticket, one guest: nobody twice, nobody valid left outside."""

from collections.abc import Callable

import pytest
from evidence_builder import (
    ADMITTED,
    BUSY,
    IGNORED,
    INVALID,
    NOT_FOUND,
    READMITTED,
    UNKNOWN,
    UNREAD,
    USED,
    Run,
    linked_family,
    linking,
    own_tickets,
    plan_of,
    race,
    stream,
    vip_table,
)

from gatedrill.contract.outcome import Outcome
from gatedrill.fixtures.scenario import Burst, LinkTickets, Reservation, Show, TicketGroup
from gatedrill.orchestrator.checks.admission import (
    admitted_once,
    used_ticket_refused,
    valid_guests_admitted,
)
from gatedrill.orchestrator.checks.check import MAX_SHOWN, CheckResult, CheckStatus, Violation
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.plan import Plan

CHECKS = (admitted_once, valid_guests_admitted)
PROBE = "drill-1.1-probe:gate-02"


def verdict(result: CheckResult) -> tuple[CheckStatus, int, int]:
    """Status, how many tickets were examined, how many were wrong."""
    return result.status, result.examined, result.violations


HOLDS = CheckStatus.HOLDS
VIOLATED = CheckStatus.VIOLATED
NOT_JUDGED = CheckStatus.NOT_JUDGED


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(
    ("plan", "tickets"), [(race(rounds=2), 2), (own_tickets(), 3), (stream(), 6)]
)
def test_an_honest_run_holds(
    check: Callable[[Evidence], CheckResult], plan: Plan, tickets: int
) -> None:
    assert verdict(check(Run(plan).evidence)) == (HOLDS, tickets, 0)


def test_a_double_admission_is_shown_by_the_two_scans_that_admitted_first() -> None:
    run = Run(race(devices=4))
    for attempt in ("drill-1.1:gate-03", "drill-1.1:gate-04"):
        run.show(attempt, ADMITTED)

    result = admitted_once(run.evidence)

    assert verdict(result) == (VIOLATED, 1, 1)
    assert result.shown == (
        Violation(
            "t1",
            "admitted 3 times",
            (
                (
                    "gate-01: admitted, let go at 2.000000 s, decided at 2.010000 s "
                    "(drill-1.1:gate-01)"
                ),
                (
                    "gate-03: admitted, let go at 2.000002 s, decided at 2.010002 s "
                    "(drill-1.1:gate-03)"
                ),
            ),
        ),
    )


@pytest.mark.parametrize("second", [ADMITTED, READMITTED])
def test_a_guest_let_in_again_by_the_probe_was_let_in_twice(second: Outcome) -> None:
    run = Run(race())
    run.show(PROBE, second)

    assert verdict(admitted_once(run.evidence)) == (VIOLATED, 1, 1)


def test_one_admission_of_each_of_many_tickets_is_no_double_admission() -> None:
    run = Run(race(rounds=2))
    run.show("drill-1.2:gate-01", USED)
    run.show("drill-1.2:gate-02", ADMITTED)

    assert verdict(admitted_once(run.evidence)) == (HOLDS, 2, 0)


@pytest.mark.parametrize("status", ["scanned", "cancelled"])
@pytest.mark.parametrize("second", [USED, ADMITTED])
def test_a_ticket_that_was_not_valid_before_must_not_admit_even_once(
    status: str, second: Outcome
) -> None:
    run = Run(race())
    run.was_before("t1", status)
    run.show("drill-1.1:gate-02", second)

    result = admitted_once(run.evidence)

    assert verdict(result) == (VIOLATED, 1, 1)
    assert result.shown[0].what == "admitted, though not valid before"
    assert [line.split(":")[0] for line in result.shown[0].witness] == ["gate-01"]


def test_a_few_violations_are_written_out_and_all_are_counted() -> None:
    run = Run(race(rounds=MAX_SHOWN + 2))
    for number in range(1, MAX_SHOWN + 3):
        run.show(f"drill-1.{number}:gate-02", ADMITTED)

    result = admitted_once(run.evidence)

    assert verdict(result) == (VIOLATED, MAX_SHOWN + 2, MAX_SHOWN + 2)
    assert [violation.subject for violation in result.shown] == ["t1", "t2", "t3", "t4", "t5"]


def test_where_nothing_was_scanned_no_check_holds() -> None:
    run = Run(race())
    run.lose(*run.attempts)

    for check in (*CHECKS, used_ticket_refused):
        assert verdict(check(run.evidence)) == (NOT_JUDGED, 0, 0)


def test_a_valid_guest_refused_at_every_gate_is_shown_by_two_of_them() -> None:
    run = Run(race())
    run.show("drill-1.1:gate-01", USED)

    result = valid_guests_admitted(run.evidence)

    assert verdict(result) == (VIOLATED, 1, 1)
    [violation] = result.shown
    assert (violation.subject, violation.what) == ("t1", "refused at every gate, though valid")
    assert [line.partition(", ")[0] for line in violation.witness] == [
        "gate-01: refused (already_used)",
        "gate-02: refused (already_used)",
    ]


def test_an_unknown_ticket_that_the_service_had_as_valid_was_wrongly_refused() -> None:
    run = Run(own_tickets())
    run.show("drill-1.1:gate-02", NOT_FOUND)

    result = valid_guests_admitted(run.evidence)

    assert verdict(result) == (VIOLATED, 3, 1)
    assert result.shown[0].subject == "t2"


@pytest.mark.parametrize("undecided", [UNKNOWN, UNREAD, BUSY, IGNORED])
@pytest.mark.parametrize("gate", ["gate-01", "gate-02"])
def test_a_ticket_with_an_open_answer_is_left_out_for_there_the_admission_may_hide(
    undecided: Outcome, gate: str
) -> None:
    run = Run(race(rounds=2))
    run.show("drill-1.1:gate-01", USED)
    run.show(f"drill-1.1:{gate}", undecided)

    assert verdict(valid_guests_admitted(run.evidence)) == (HOLDS, 1, 0)


@pytest.mark.parametrize("undecided", [UNKNOWN, UNREAD, BUSY, IGNORED])
def test_an_open_answer_beside_an_admission_leaves_nothing_open(undecided: Outcome) -> None:
    run = Run(race())
    run.show("drill-1.1:gate-02", undecided)

    assert verdict(valid_guests_admitted(run.evidence)) == (HOLDS, 1, 0)


def test_where_every_answer_is_open_the_check_does_not_claim_to_hold() -> None:
    run = Run(own_tickets(devices=2))
    for attempt in run.attempts:
        run.show(attempt, UNKNOWN)

    result = valid_guests_admitted(run.evidence)

    assert verdict(result) == (NOT_JUDGED, 0, 0)
    assert result.why_not_judged == "there was nothing to look at"


def test_an_admission_by_the_probe_alone_does_not_save_the_guest() -> None:
    run = Run(race())
    run.show("drill-1.1:gate-01", USED)
    run.show(PROBE, ADMITTED)

    assert verdict(valid_guests_admitted(run.evidence)) == (VIOLATED, 1, 1)


def test_an_open_answer_to_the_probe_does_not_excuse_the_round() -> None:
    run = Run(race())
    run.show("drill-1.1:gate-01", USED)
    run.show(PROBE, UNKNOWN)

    assert verdict(valid_guests_admitted(run.evidence)) == (VIOLATED, 1, 1)


def test_a_ticket_of_which_only_the_probe_was_heard_is_left_out() -> None:
    run = Run(race())
    run.lose("drill-1.1:gate-01", "drill-1.1:gate-02", "drill-1.1:gate-03")

    assert verdict(valid_guests_admitted(run.evidence)) == (NOT_JUDGED, 0, 0)


def test_the_admission_may_hide_with_a_silent_device() -> None:
    run = Run(race(rounds=2))
    run.fall_silent("drill-1.1", "gate-01")

    assert verdict(valid_guests_admitted(run.evidence)) == (HOLDS, 1, 0)


def test_an_admission_seen_counts_though_another_device_fell_silent() -> None:
    run = Run(race())
    run.fall_silent("drill-1.1", "gate-02")

    assert verdict(valid_guests_admitted(run.evidence)) == (HOLDS, 1, 0)


@pytest.mark.parametrize("why", ["interrupted", None], ids=["interrupted", "torn off"])
def test_the_admission_may_hide_behind_the_end_of_a_run_that_was_cut_short(
    why: str | None,
) -> None:
    run = Run(race(rounds=2))
    run.cut_short, run.torn = why, why is None
    run.lose("drill-1.1:gate-01")

    assert verdict(valid_guests_admitted(run.evidence)) == (HOLDS, 1, 0)


def test_silence_in_one_round_does_not_excuse_another() -> None:
    run = Run(race(rounds=2))
    run.fall_silent("drill-1.1", "gate-02")
    run.show("drill-1.2:gate-01", USED)

    assert verdict(valid_guests_admitted(run.evidence)) == (VIOLATED, 2, 1)


def test_a_device_that_was_not_ready_asked_nobody_and_excuses_nothing() -> None:
    run = Run(race())
    run.not_ready("drill-1.1", "gate-01")

    assert verdict(valid_guests_admitted(run.evidence)) == (VIOLATED, 1, 1)


@pytest.mark.parametrize("status", ["scanned", "cancelled"])
def test_nobody_is_wronged_who_is_refused_with_a_ticket_on_record_as_used(status: str) -> None:
    run = Run(race(rounds=2))
    run.was_before("t1", status)
    run.show("drill-1.1:gate-01", USED)

    assert verdict(valid_guests_admitted(run.evidence)) == (HOLDS, 1, 0)


def test_nobody_is_wronged_who_is_refused_with_a_ticket_that_the_service_never_had() -> None:
    run = Run(own_tickets())
    del run.before.tickets["t2"]
    run.show("drill-1.1:gate-02", NOT_FOUND)

    assert verdict(valid_guests_admitted(run.evidence)) == (HOLDS, 2, 0)


def test_a_valid_ticket_on_record_is_wronged_by_already_used_at_every_gate() -> None:
    run = Run(own_tickets(devices=1))
    run.show("drill-1.1:gate-01", USED)

    assert verdict(valid_guests_admitted(run.evidence)) == (VIOLATED, 1, 1)


@pytest.mark.parametrize("refusal", [USED, NOT_FOUND])
def test_without_records_a_ticket_refused_so_at_every_gate_counts_as_never_valid(
    refusal: Outcome,
) -> None:
    run = Run(own_tickets())
    run.hide_records()
    run.show("drill-1.1:gate-02", refusal)

    assert verdict(valid_guests_admitted(run.evidence)) == (HOLDS, 2, 0)


def test_a_used_ticket_that_is_refused_when_shown_again_holds() -> None:
    assert verdict(used_ticket_refused(Run(race(rounds=2)).evidence)) == (HOLDS, 2, 0)


def test_a_used_ticket_that_admits_again_is_shown_by_both_admissions() -> None:
    run = Run(race())
    run.show(PROBE, ADMITTED)

    result = used_ticket_refused(run.evidence)

    assert verdict(result) == (VIOLATED, 1, 1)
    [violation] = result.shown
    assert (violation.subject, violation.what) == ("t1", "admitted again after its round")
    assert [line.partition(":")[0] for line in violation.witness] == ["gate-01", "gate-02"]
    assert violation.witness[1].endswith(f"({PROBE})")


def test_of_several_admissions_in_the_round_the_first_bears_witness_beside_the_probe() -> None:
    run = Run(race())
    run.show("drill-1.1:gate-03", ADMITTED)
    run.show(PROBE, ADMITTED)

    [violation] = used_ticket_refused(run.evidence).shown
    assert [line.partition(":")[0] for line in violation.witness] == ["gate-01", "gate-02"]


def test_a_ticket_that_nobody_was_seen_to_admit_may_admit_when_shown_again() -> None:
    run = Run(race())
    run.show("drill-1.1:gate-01", UNKNOWN)
    run.show(PROBE, ADMITTED)

    assert verdict(used_ticket_refused(run.evidence)) == (NOT_JUDGED, 0, 0)


@pytest.mark.parametrize("undecided", [UNKNOWN, UNREAD, BUSY, IGNORED])
def test_an_open_answer_to_a_probe_is_not_a_refusal(undecided: Outcome) -> None:
    run = Run(race(rounds=2))
    run.show(PROBE, undecided)

    assert verdict(used_ticket_refused(run.evidence)) == (HOLDS, 1, 0)


def test_without_probes_nothing_is_said_about_used_tickets() -> None:
    result = used_ticket_refused(Run(race(probe=False)).evidence)

    assert verdict(result) == (NOT_JUDGED, 0, 0)
    assert result.why_not_judged == "no ticket was shown again"


def only(*groups: TicketGroup, rounds: int = 1) -> Plan:
    """A plan in which each gate shows the first ticket of another group, again in each round."""
    shows = tuple(Show(group.name, devices=1) for group in groups)
    return plan_of(
        Burst(shows=shows, rounds=rounds),
        devices=len(groups),
        tickets=groups,
        reservations=(Reservation("table", 3), Reservation("closed", 3, status="pending")),
    )


@pytest.mark.parametrize(
    ("group", "what"),
    [
        (TicketGroup("bad", status="cancelled"), "admitted, though it is cancelled"),
        (TicketGroup("bad", status="unknown"), "admitted, though nobody has issued it"),
        (TicketGroup("bad", code="forged"), "admitted, though its code is forged"),
        (TicketGroup("bad", code="unsigned"), "admitted, though its code is forged"),
        (
            TicketGroup("bad", code="signed", event="other"),
            "admitted, though it is for another event",
        ),
        (
            TicketGroup("bad", "vip_pass", 1, reservation="closed"),
            "admitted, though its reservation is not confirmed",
        ),
        (
            TicketGroup("bad", "vip_pass", 1, reservation="table", status="cancelled"),
            "admitted, though it is cancelled",
        ),
    ],
)
@pytest.mark.parametrize("wrongly", [ADMITTED, READMITTED])
def test_whom_the_plan_has_refused_must_not_come_in(
    group: TicketGroup, what: str, wrongly: Outcome
) -> None:
    run = Run(only(group))
    assert verdict(admitted_once(run.evidence)) == (HOLDS, 1, 0)

    run.show("drill-1.1:gate-01", wrongly)

    result = admitted_once(run.evidence)
    assert verdict(result) == (VIOLATED, 1, 1)
    assert result.shown[0].what == what
    assert len(result.shown[0].witness) == 1


@pytest.mark.parametrize("plan", [vip_table(3, phases=3), linked_family(phases=3)])
def test_who_may_come_back_is_let_in_as_often_as_he_likes(plan: Plan) -> None:
    run = Run(plan)

    for check in CHECKS:
        assert verdict(check(run.evidence)) == (HOLDS, 3, 0)


def test_a_pass_has_one_first_entry() -> None:
    run = Run(vip_table(3, phases=2))
    run.show("drill-2.1:gate-02", ADMITTED)

    result = admitted_once(run.evidence)

    assert verdict(result) == (VIOLATED, 3, 1)
    assert (result.shown[0].subject, result.shown[0].what) == ("p2", "admitted 2 times")
    assert result.shown[0].witness == (
        "gate-02: admitted, let go at 2.000001 s, decided at 2.010001 s (drill-1.1:gate-02)",
        "gate-02: admitted, let go at 4.000001 s, decided at 4.010001 s (drill-2.1:gate-02)",
    )


def test_only_who_may_come_back_is_readmitted() -> None:
    run = Run(own_tickets())
    run.show("drill-1.1:gate-02", READMITTED)

    [violation] = admitted_once(run.evidence).shown
    assert (violation.subject, violation.what) == ("t2", "readmitted, though it admits only once")


@pytest.mark.parametrize("open_answer", [UNKNOWN, BUSY])
def test_a_ticket_that_was_perhaps_linked_in_the_run_may_let_its_guest_back_in(
    open_answer: Outcome,
) -> None:
    run = Run(linking(guests=2, tickets=3))
    run.show("drill-1.1:kiosk-03", open_answer)
    run.show("drill-3.1:gate-02", READMITTED)
    run.show("drill-3.1:gate-03", READMITTED)
    run.show("drill-3.1:gate-01", READMITTED)

    assert verdict(admitted_once(run.evidence)) == (HOLDS, 3, 0)


@pytest.mark.parametrize(("status", "found"), [("checked_in", 0), ("cancelled", 1)])
def test_a_pass_used_before_the_run_may_let_its_guest_back_in_but_no_cancelled_one(
    status: str, found: int
) -> None:
    run = Run(vip_table(1))
    run.was_before("p1", status)
    run.show("drill-1.1:gate-01", READMITTED)
    assert admitted_once(run.evidence).violations == found

    run.show("drill-1.1:gate-01", ADMITTED)
    assert admitted_once(run.evidence).shown[0].what == "admitted, though not valid before"


def test_a_valid_pass_that_is_refused_at_every_gate_is_a_guest_left_outside() -> None:
    run = Run(vip_table(3))
    run.show("drill-1.1:gate-03", INVALID)

    [violation] = valid_guests_admitted(run.evidence).shown
    assert (violation.subject, violation.what) == ("p3", "refused at every gate, though valid")


def test_whom_the_plan_has_refused_is_not_left_outside() -> None:
    run = Run(only(TicketGroup("bad", status="cancelled"), TicketGroup("good")))

    assert verdict(valid_guests_admitted(run.evidence)) == (HOLDS, 1, 0)


def test_a_ticket_linked_in_the_run_may_admit_when_shown_again() -> None:
    plan = plan_of(
        Burst(links=(LinkTickets("late", "table"),)),
        Burst(shows=(Show("late"),), probe=True),
        devices=1,
        kiosks=1,
        tickets=(TicketGroup("late", count=1),),
        reservations=(Reservation("table", 1),),
    )

    assert verdict(used_ticket_refused(Run(plan).evidence)) == (NOT_JUDGED, 0, 0)
