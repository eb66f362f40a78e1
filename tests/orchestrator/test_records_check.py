"""Two witnesses: what the devices showed is what the service has on record."""

import pytest
from evidence_builder import (
    ADMITTED,
    BUSY,
    CANCELLED,
    IGNORED,
    LOST,
    NOT_FOUND,
    UNKNOWN,
    UNREAD,
    USED,
    Run,
    linked_family,
    own_tickets,
    plan_of,
    race,
    stream,
    vip_table,
)

from gatedrill.contract.attempt import Ask, AskKind
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.fixtures.scenario import Burst, Show, TicketGroup
from gatedrill.orchestrator.checks.check import CheckResult, CheckStatus
from gatedrill.orchestrator.checks.records_agree import records_agree
from gatedrill.orchestrator.plan import Plan


def holds(run: Run, *, examined: int = 1) -> bool:
    result = records_agree(run.evidence)
    return (result.status, result.examined) == (CheckStatus.HOLDS, examined)


def violation(run: Run) -> tuple[str, str]:
    """The only violation: the ticket and what is wrong with it."""
    result = records_agree(run.evidence)
    assert (result.status, result.violations) == (CheckStatus.VIOLATED, 1)
    return result.shown[0].subject, result.shown[0].what


def witness(result: CheckResult) -> list[str]:
    """Who bears witness to the only violation."""
    return [line.partition(":")[0] for line in result.shown[0].witness]


@pytest.mark.parametrize(
    ("plan", "tickets"), [(race(rounds=2), 2), (own_tickets(), 3), (stream(), 6)]
)
def test_an_honest_service_tells_the_same_story(plan: Plan, tickets: int) -> None:
    assert holds(Run(plan), examined=tickets)


def test_unreadable_records_are_not_judged_and_the_reason_is_told() -> None:
    run = Run(race())
    run.hide_records("table tickets: HTTP 403")

    result = records_agree(run.evidence)

    assert (result.status, result.why_not_judged) == (
        CheckStatus.NOT_JUDGED,
        "table tickets: HTTP 403",
    )


def test_records_that_nobody_read_are_not_judged() -> None:
    run = Run(race())
    run.hide_records()
    run.unreadable = ()

    assert records_agree(run.evidence).why_not_judged == "table tickets was not read"


def test_two_admissions_in_the_log_are_shown_by_two_rows() -> None:
    run = Run(race())
    run.log("t1", "success", "gate-03")
    run.unlog("t1", "already_scanned", but=2)

    result = records_agree(run.evidence)

    assert violation(run) == ("t1", "the service logged 2 admissions")
    assert result.shown[0].witness == (
        "log row 1: success at gate-01",
        "log row 5: success at gate-03",
    )


def test_of_many_admissions_in_the_log_two_bear_witness() -> None:
    run = Run(own_tickets(devices=1))
    for _ in range(3):
        run.log("t1", "success", "gate-01")

    assert violation(run)[1] == "the service logged 4 admissions"
    assert len(records_agree(run.evidence).shown[0].witness) == 2


def test_two_admissions_in_the_log_are_found_where_the_log_promises_nothing() -> None:
    run = Run(race())
    run.log("t1", "success", "gate-03")
    run.complete_logs = False

    assert violation(run)[1] == "the service logged 2 admissions"


@pytest.mark.parametrize("status", ["valid", "cancelled"])
def test_an_admission_that_is_not_on_record_is_shown_by_its_scan(status: str) -> None:
    run = Run(race())
    run.record("t1", status)

    assert violation(run) == ("t1", f"admitted, but the service has it as {status}")
    assert witness(records_agree(run.evidence)) == ["gate-01"]


def test_of_many_admissions_that_are_not_on_record_one_bears_witness() -> None:
    run = Run(race())
    run.show("drill-1.1:gate-02", ADMITTED)
    run.record("t1", "valid")

    assert violation(run)[1] == "admitted, but the service has it as valid"
    assert witness(records_agree(run.evidence)) == ["gate-01"]


@pytest.mark.parametrize("status", ["valid", "cancelled"])
def test_a_refused_ticket_that_is_not_on_record_as_scanned_is_one_story(status: str) -> None:
    run = Run(own_tickets())
    run.answer("drill-1.1:gate-02", USED)
    run.record("t2", status)

    assert holds(run, examined=3)


def test_a_ticket_that_was_not_found_and_is_not_on_record_is_one_story() -> None:
    run = Run(own_tickets())
    run.answer("drill-1.1:gate-02", NOT_FOUND)
    del run.after.tickets["t2"]

    assert holds(run, examined=3)


def test_an_admission_of_a_ticket_that_is_not_on_record_at_all_is_shown() -> None:
    run = Run(own_tickets())
    del run.after.tickets["t2"]

    assert violation(run) == ("t2", "admitted, but the service has no such ticket")


def test_an_admission_on_record_that_no_device_showed_is_shown_by_those_who_refused() -> None:
    run = Run(race())
    run.show("drill-1.1:gate-01", USED)
    run.record("t1", "scanned", "gate-09")

    assert violation(run) == (
        "t1",
        "the service counts an admission at gate-09, no device showed one",
    )
    assert witness(records_agree(run.evidence)) == ["gate-01", "gate-02"]


@pytest.mark.parametrize("undecided", [UNKNOWN, BUSY])
def test_a_recorded_admission_may_be_the_one_whose_answer_is_open(undecided: Outcome) -> None:
    run = Run(race())
    run.show("drill-1.1:gate-01", undecided)
    run.complete_logs = False

    assert holds(run)


def test_a_ticket_used_before_is_on_record_as_used_without_anybody_showing_it() -> None:
    run = Run(race())
    run.was_before("t1", "scanned")
    run.answer("drill-1.1:gate-01", USED)

    assert holds(run)


def test_with_records_of_the_end_alone_a_ticket_refused_by_all_counts_as_used_before() -> None:
    run = Run(race())
    run.hide("before", "tickets")
    run.answer("drill-1.1:gate-01", USED)

    assert holds(run)


def test_a_recorded_admission_may_be_that_of_a_silent_device() -> None:
    run = Run(race())
    run.fall_silent("drill-1.1", "gate-01")

    assert holds(run)


def test_the_rows_of_a_silent_device_are_in_the_log_though_it_told_of_nothing() -> None:
    run = Run(own_tickets())
    run.fall_silent("drill-1.1", "gate-01", "gate-02", "gate-03")

    assert holds(run, examined=3)


@pytest.mark.parametrize("torn", [False, True])
def test_what_a_run_that_was_cut_short_did_not_hear_may_be_on_record(torn: bool) -> None:
    run = Run(race(devices=4))
    run.cut_short, run.torn = "interrupted", torn
    run.lose("drill-1.1:gate-01", "drill-1.1:gate-02")

    assert holds(run)


def test_an_admission_on_record_of_a_ticket_that_no_device_told_of_is_found() -> None:
    run = Run(stream(each=2, devices=2))
    run.lose("drill-1:gate-01:2")

    assert violation(run) == (
        "t3",
        "the service counts an admission at gate-01, no device showed one",
    )


def test_a_ticket_used_before_that_a_stream_did_not_get_to_is_nobodys_admission() -> None:
    run = Run(stream(each=2, devices=1))
    run.lose("drill-1:gate-01:2")
    run.was_before("t2", "scanned")
    run.unlog("t2", "success")

    assert holds(run, examined=2)


def test_without_records_of_before_only_the_tickets_that_were_scanned_are_examined() -> None:
    run = Run(stream(each=2, devices=1))
    run.lose("drill-1:gate-01:2")
    run.hide("before", "tickets")

    assert holds(run, examined=1)


def test_an_answer_without_its_log_row_is_shown_by_those_who_got_it() -> None:
    run = Run(race())
    run.unlog("t1", "already_scanned", but=2)

    assert violation(run) == ("t1", "already_scanned: 3 answers, but 2 log rows")
    assert witness(records_agree(run.evidence)) == ["gate-02", "gate-03"]


def test_a_doubled_log_row_is_shown_by_the_rows_that_were_written_last() -> None:
    run = Run(race())
    run.log("t1", "already_scanned", "gate-03")

    assert violation(run) == ("t1", "already_scanned: 3 answers, but 4 log rows")
    assert records_agree(run.evidence).shown[0].witness == (
        "log row 4: already_scanned at gate-02",
        "log row 5: already_scanned at gate-03",
    )


@pytest.mark.parametrize(
    ("told", "logged", "what"),
    [
        (CANCELLED, "already_scanned", "cancelled: 1 answer, but 0 log rows"),
        (LOST, "already_scanned", "lost_race: 1 answer, but 0 log rows"),
        (USED, "success", "already_scanned: 1 answer, but 0 log rows"),
    ],
)
def test_a_row_of_another_kind_than_the_answer_is_no_row_of_it(
    told: Outcome, logged: str, what: str
) -> None:
    run = Run(own_tickets(devices=1))
    run.show("drill-1.1:gate-01", told)
    run.unlog("t1", "success")
    run.log("t1", logged, "gate-01")
    run.record("t1", "valid")

    assert violation(run) == ("t1", what)


@pytest.mark.parametrize("reason", [Reason.TAMPERED, Reason.WRONG_EVENT])
def test_whom_the_device_itself_refuses_is_not_in_the_log(reason: Reason) -> None:
    run = Run(own_tickets(devices=1))
    refused = Outcome(OutcomeKind.REFUSED, reason)
    run.show("drill-1.1:gate-01", refused, asks=(Ask(0, 1, 200, reason, kind=AskKind.VERIFY),))
    run.unlog("t1", "success")
    run.record("t1", "valid")

    assert holds(run)


def test_a_guest_let_back_in_with_a_linked_ticket_is_in_the_log_as_already_scanned() -> None:
    run = Run(linked_family())
    assert holds(run, examined=3)
    run.unlog("t2", "already_scanned")

    assert violation(run) == ("t2", "already_scanned: 1 answer, but 0 log rows")


def test_where_a_device_fell_silent_rows_may_be_too_many_but_not_too_few() -> None:
    run = Run(race(probe=False))
    run.fall_silent("drill-1.1", "gate-03")
    run.log("t1", "busy", "gate-03")
    assert holds(run)

    run.unlog("t1", "already_scanned")
    assert violation(run)[1] == "already_scanned: 1 answer, but 0 log rows"


def test_a_refused_ticket_that_became_used_in_the_run_was_admitted_by_somebody() -> None:
    plan = plan_of(
        Burst(shows=(Show("gone"),)), tickets=(TicketGroup("gone", status="cancelled"),), devices=1
    )
    run = Run(plan)
    run.record("t1", "scanned", "gate-01")

    assert violation(run) == (
        "t1",
        "the service counts an admission at gate-01, no device showed one",
    )


def test_without_tickets_there_is_nothing_to_agree_on() -> None:
    result = records_agree(Run(vip_table()).evidence)

    assert (result.status, result.why_not_judged) == (
        CheckStatus.NOT_JUDGED,
        "there was nothing to look at",
    )


def test_a_log_that_promises_nothing_may_lack_rows() -> None:
    run = Run(race())
    run.unlog("t1", "already_scanned")
    run.complete_logs = False

    assert holds(run)


def test_a_log_that_could_not_be_read_says_nothing_against_anybody() -> None:
    run = Run(race())
    run.hide("logs", "scan_logs", "table scan_logs: HTTP 500")

    assert holds(run)


def test_of_a_question_without_an_answer_there_is_one_row_at_most() -> None:
    run = Run(race(probe=False))
    run.show("drill-1.1:gate-03", UNKNOWN)
    run.log("t1", "busy", "gate-03")

    what = "already_scanned: 1 answer and 1 question without one, but 2 log rows"
    assert violation(run)[1] == what


@pytest.mark.parametrize("rows", [2, 3])
def test_a_question_without_an_answer_may_be_in_the_log_or_not(rows: int) -> None:
    run = Run(race(probe=False))
    run.show("drill-1.1:gate-03", UNKNOWN)
    run.unlog("t1", "already_scanned", but=rows - 1)

    assert holds(run)


def test_a_question_without_an_answer_excuses_one_row_only() -> None:
    run = Run(race(probe=False))
    run.show("drill-1.1:gate-03", UNKNOWN)
    run.unlog("t1", "already_scanned")

    assert violation(run)[1] == "already_scanned: 1 answer, but 0 log rows"


@pytest.mark.parametrize("unasked", [UNREAD, IGNORED])
def test_who_asked_nobody_is_not_in_the_log(unasked: Outcome) -> None:
    run = Run(race(probe=False))
    run.show("drill-1.1:gate-03", unasked)
    assert violation(run)[1] == "already_scanned: 1 answer, but 2 log rows"

    run.unlog("t1", "already_scanned", but=1)
    assert holds(run)


def test_a_busy_answer_and_the_question_after_it_are_two_rows() -> None:
    run = Run(race(probe=False))
    asks = (Ask(0, 1, 200, Reason.BUSY), Ask(2, 3, 200, Reason.ALREADY_USED))
    run.show("drill-1.1:gate-03", USED, asks=asks)
    assert violation(run)[1] == "busy: 1 answer, but 0 log rows"

    run.log("t1", "busy", "gate-03")
    assert holds(run)


def test_one_ticket_is_reported_once_by_the_first_rule_that_it_breaks() -> None:
    run = Run(race())
    run.log("t1", "success", "gate-02")
    run.record("t1", "valid")

    assert violation(run) == ("t1", "the service logged 2 admissions")


def test_a_service_may_spell_the_ids_of_its_tickets_in_its_own_way() -> None:
    run = Run(own_tickets())
    run.spell_in_capitals()

    assert holds(run, examined=3)
    assert run.evidence.not_valid_before == set()


def test_a_fault_is_found_whichever_way_the_service_spells_its_tickets() -> None:
    run = Run(own_tickets())
    run.log("t2", "success", "gate-01")
    run.spell_in_capitals()

    assert violation(run) == ("t2", "the service logged 2 admissions")
