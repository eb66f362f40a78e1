"""What devices decided by themselves gets to the service, once, in time, and nothing is lost."""

import msgspec
import pytest
from evidence_builder import (
    ADMITTED,
    ANSWER_NS,
    BUDGET_NS,
    FLEET,
    NOT_RECORDED,
    OFFLINE_UNKNOWN,
    REGISTRAR,
    UNKNOWN,
    UPLOAD_NS,
    Alone,
    Run,
    apart,
    own_tickets,
    vip_table,
)
from honest_service import changed

from gatedrill.contract.attempt import ClaimAsk
from gatedrill.contract.messages import QueueReport, QueueState
from gatedrill.contract.outcome import Authority
from gatedrill.orchestrator.checks.check import CheckStatus
from gatedrill.orchestrator.checks.grants import grants_before_admissions
from gatedrill.orchestrator.checks.no_scan_lost import no_scan_lost
from gatedrill.orchestrator.checks.queues_drained import queues_drained
from gatedrill.orchestrator.checks.synced_once import synced_once
from gatedrill.orchestrator.history import Journaled, JournalUnread
from gatedrill.orchestrator.journals import Journals
from gatedrill.orchestrator.offline_facts import count_uploads, pending_scans
from gatedrill.orchestrator.step_watch import Part

ONE, TWO, THREE = (f"drill-1.1:gate-{number:02}" for number in (1, 2, 3))
T_NS = 10_000_000_000


def alone(**fields: object) -> Run:
    """Three gates with a ticket each, of which the second one decides by itself."""
    return Run(apart(own_tickets(), Authority.OFFLINE), {TWO: Alone(**fields)})  # type: ignore[arg-type]


def lost(run: Run) -> list[tuple[str, str]]:
    """What is lost, and how."""
    return [(each.subject, each.what) for each in no_scan_lost(run.evidence).shown]


def without_nonces(run: Run) -> None:
    """Let the service have no such column."""
    run.logs.scan_logs = [changed(row, nonce=None) for row in run.logs.scan_logs]


def test_what_is_uploaded_is_not_lost() -> None:
    result = no_scan_lost(alone().evidence)

    assert (result.status, result.examined) == (CheckStatus.HOLDS, 3)


@pytest.mark.parametrize("outcome", [ADMITTED, OFFLINE_UNKNOWN])
def test_what_the_journal_has_as_uploaded_and_the_log_does_not_is_lost(outcome: object) -> None:
    run = alone(outcome=outcome)
    assert not lost(run)
    run.logs.scan_logs = [row for row in run.logs.scan_logs if row.device_id != "gate-02"]

    told = "let in" if outcome is ADMITTED else "turned away"
    assert lost(run) == [("t2", f"was {told}, and the service never heard of it")]
    [violation] = no_scan_lost(run.evidence).shown
    assert [line.partition(":")[0] for line in violation.witness] == [
        "gate-02",
        "journal of gate-02",
    ]


def test_another_ones_scan_of_the_ticket_is_not_this_one() -> None:
    run = alone()
    run.unlog("t2", "synced")
    run.log("t2", "success", "gate-03")

    assert lost(run) == [("t2", "was let in, and the service never heard of it")]


def test_at_a_service_without_nonces_a_row_of_the_device_will_do() -> None:
    run = alone()
    without_nonces(run)
    assert not lost(run)

    run.unlog("t2", "synced")
    assert lost(run)


def test_a_refusal_that_is_logged_by_what_stood_in_the_code_is_on_record() -> None:
    run = alone(outcome=OFFLINE_UNKNOWN)
    without_nonces(run)
    logged = {row.ticket_id for row in run.logs.scan_logs if row.result == "offline_refused"}
    [ticket] = [each for each in run.plan.tickets if each.id in logged]
    code = changed(ticket, symbol='{"token":"T2"}')
    tickets = tuple(code if each is ticket else each for each in run.plan.tickets)
    run.plan = changed(run.plan, tickets=tickets)
    run.logs.scan_logs = [
        changed(row, ticket_id=code.symbol) if row.ticket_id in logged else row
        for row in run.logs.scan_logs
    ]

    assert lost(run) == []


def test_where_the_log_may_lack_rows_the_ticket_has_to_be_used() -> None:
    run = alone()
    run.complete_logs = False
    run.unlog("t2", "synced")
    assert not lost(run)

    run.record("t2", "valid")
    assert lost(run) == [("t2", "was let in, and the service never heard of it")]


def test_a_pass_is_looked_for_in_its_own_log() -> None:
    run = Run(apart(vip_table(2), Authority.OFFLINE), {TWO: Alone()})
    assert not lost(run)

    run.logs.vip_scan_logs = [row for row in run.logs.vip_scan_logs if row.pass_id != "p2"]
    assert lost(run) == [("p2", "was let in, and the service never heard of it")]


@pytest.mark.parametrize("state", [QueueState.PENDING, QueueState.SYNCING, QueueState.FAILED])
def test_what_is_kept_is_named_and_not_lost(state: QueueState) -> None:
    run = alone(state=state)
    run.journal(TWO, error="HTTP 503" if state is QueueState.FAILED else None)

    assert not lost(run)
    [kept] = pending_scans(run.evidence)
    assert (kept.device, kept.ticket, kept.outcome, kept.state) == (
        "gate-02",
        "t2",
        "admitted",
        state,
    )
    assert kept.why == {"pending": "not sent yet", "syncing": "sent, no answer yet"}.get(
        state, "HTTP 503"
    )


@pytest.mark.parametrize("attempt", [ONE, TWO])
def test_a_scan_that_was_shown_and_is_in_no_journal_was_dropped(attempt: str) -> None:
    run = alone()
    del run.journals[attempt]

    ticket = "t1" if attempt == ONE else "t2"
    assert lost(run) == [(ticket, "is in no journal, though it was shown")]


def test_a_journal_that_was_not_read_drops_nothing() -> None:
    run = alone()
    del run.journals[TWO]
    run.unread.append(JournalUnread(FLEET, ("gate-02",), "no answer"))

    assert not lost(run)


def test_a_run_that_was_cut_short_asked_for_no_journal() -> None:
    run = alone()
    run.journals.clear()
    run.cut_short = "interrupted"

    assert not lost(run)


def test_what_could_not_be_written_need_not_be_in_the_journal() -> None:
    run = alone(outcome=NOT_RECORDED)
    del run.journals[TWO]

    assert not lost(run)


def test_a_decision_that_the_journal_lacks_was_shown_too_early() -> None:
    run = alone()
    run.journal(TWO, outcome=None, state=QueueState.ASKED)

    assert lost(run) == [("t2", "was shown before it was written down")]


def test_what_only_a_journal_tells_is_looked_for_like_all_else() -> None:
    run = alone()
    run.fall_silent("drill-1.1", "gate-02")
    assert no_scan_lost(run.evidence).status is CheckStatus.HOLDS

    run.unlog("t2", "synced")
    [violation] = no_scan_lost(run.evidence).shown
    assert violation.what == "was let in, and the service never heard of it"
    assert violation.witness[0].endswith("as its journal has it")


def stuck() -> Run:
    """The second gate died after its scan was sent, came back, and a drain went by."""
    run = alone(state=QueueState.SYNCING)
    died_ns = T_NS + BUDGET_NS + 1_000_000
    run.fail("device-killed", "gate-02", from_ns=died_ns, to_ns=died_ns + 1_000_000)
    return run


def test_a_row_that_is_in_transit_since_before_its_device_died_is_stuck() -> None:
    assert lost(stuck()) == [("t2", "is stuck: in transit since before its device last started")]


def test_a_row_that_is_sent_again_just_now_is_not_stuck() -> None:
    run = stuck()
    run.drained.clear()

    assert not lost(run)


def test_a_scan_of_after_the_device_came_back_is_not_stuck() -> None:
    run = stuck()
    run.faults.clear()
    run.fail("device-killed", "gate-02", from_ns=T_NS - 2_000, to_ns=T_NS - 1_000)

    assert not lost(run)


def test_a_scan_counts_once() -> None:
    run = Run(apart(own_tickets(), Authority.OFFLINE), {TWO: Alone(received=True)})
    result = synced_once(run.evidence)

    assert (result.status, result.examined) == (CheckStatus.HOLDS, 3)


@pytest.mark.parametrize("second", ["synced", "took_over"])
def test_a_nonce_that_let_two_in_is_shown_by_its_rows(second: str) -> None:
    run = Run(apart(own_tickets(), Authority.OFFLINE), {TWO: Alone(received=True)})
    [row] = [row for row in run.logs.scan_logs if row.ticket_id == "t2"]
    run.logs.scan_logs.append(changed(row, id=99, result=second, scan_method="offline"))

    [violation] = synced_once(run.evidence).shown
    assert (violation.subject, violation.what) == ("t2", "counts twice at the service")
    assert violation.witness[1].startswith(f"log row 99: {second} by offline at gate-02, ")


def test_a_conflict_under_the_same_nonce_lets_nobody_in() -> None:
    run = Run(apart(own_tickets(), Authority.OFFLINE), {TWO: Alone(received=True)})
    [row] = [row for row in run.logs.scan_logs if row.ticket_id == "t2"]
    run.logs.scan_logs.append(changed(row, id=99, result="conflict", scan_method="offline"))

    assert synced_once(run.evidence).status is CheckStatus.HOLDS


def test_two_rows_of_a_pass_under_one_nonce_are_two_entries() -> None:
    run = Run(apart(vip_table(2), Authority.OFFLINE), {TWO: Alone(received=True)})
    assert synced_once(run.evidence).status is CheckStatus.HOLDS
    [row] = [row for row in run.logs.vip_scan_logs if row.pass_id == "p2"]
    run.logs.vip_scan_logs.append(changed(row, id=99, entry_type="reentry"))

    assert [each.subject for each in synced_once(run.evidence).shown] == ["p2"]


def test_an_upload_that_lost_against_its_own_scan_had_no_nonce() -> None:
    run = Run(apart(own_tickets(), Authority.OFFLINE), {TWO: Alone(received=True)})
    run.journal(TWO, state=QueueState.CONFLICT, winner_device="gate-02")

    [violation] = synced_once(run.evidence).shown
    assert violation.what == "lost against its own scan: it was uploaded without its nonce"


@pytest.mark.parametrize("winner", ["gate-03", None])
def test_an_upload_that_lost_against_another_device_is_a_conflict(winner: str | None) -> None:
    run = alone()
    run.journal(TWO, state=QueueState.CONFLICT, winner_device=winner)

    assert synced_once(run.evidence).status is CheckStatus.HOLDS


def drained(run: Run) -> list[tuple[str, str]]:
    result = queues_drained(run.evidence)
    assert result.examined == len(run.drained)
    return [(each.subject, each.what) for each in result.shown]


def test_queues_that_are_empty_in_time_hold() -> None:
    assert drained(alone()) == []


def test_without_a_drain_nothing_is_said() -> None:
    run = alone()
    run.drained.clear()

    assert queues_drained(run.evidence).why_not_judged == "no queue was drained"


def test_what_is_left_is_told_by_device() -> None:
    run = alone(state=QueueState.PENDING)
    run.drained = [changed(run.drained[0], left={"gate-02": 3, "gate-01": 0})]

    assert drained(run) == [("drain-1", "3 scans were left after 2.0 s")]
    assert queues_drained(run.evidence).shown[0].witness == ("gate-02: 3 left",)


@pytest.mark.parametrize("state", [QueueState.PENDING, QueueState.SYNCING])
def test_a_queue_that_was_said_to_be_empty_must_be(state: QueueState) -> None:
    assert drained(alone(state=state)) == [
        ("drain-1", "was not uploaded, though the queue was said to be empty")
    ]


def test_what_the_service_will_not_take_is_settled() -> None:
    assert drained(alone(state=QueueState.FAILED)) == []


@pytest.mark.parametrize(("late_ns", "found"), [(-1_000_000, 0), (1_000_000, 1)])
def test_what_was_settled_too_late_is_told(late_ns: int, found: int) -> None:
    run = alone()
    began_ns = run.drained[0].began_ns
    run.journal(TWO, settled_ns=began_ns + 10 * UPLOAD_NS + late_ns)

    assert len(drained(run)) == found


def test_a_gate_that_was_restarted_is_not_too_late_unseen() -> None:
    run = alone()
    late_ns = run.drained[0].began_ns + 10 * UPLOAD_NS + 1_000_000
    run.journal(TWO, settled_ns=late_ns, boot="boot-before")
    told = QueueReport("boot-1", "e1", (run.journals[TWO],))
    [journaled] = Journals({"boot-1": Part(FLEET, ("gate-02",), 0)}).take(told)
    assert isinstance(journaled, Journaled)
    run.journals[TWO] = journaled.entry

    assert len(drained(run)) == 1


def test_what_was_decided_after_a_drain_began_is_not_its_business() -> None:
    run = alone(state=QueueState.PENDING)
    run.drained = [changed(run.drained[0], began_ns=T_NS, ended_ns=T_NS + 1)]

    assert drained(run) == []


def granted(**fields: object) -> list[str]:
    """What is wrong with a claim that has these fields instead."""
    venue = {TWO: Alone(authority=Authority.VENUE)}
    run = Run(apart(own_tickets(), Authority.VENUE), venue)
    asked_ns = T_NS + BUDGET_NS
    claim = ClaimAsk(asked_ns, asked_ns + ANSWER_NS, REGISTRAR, granted=True)
    run.change(TWO, claim=changed(claim, **fields))
    result = grants_before_admissions(run.evidence)
    assert result.examined == 1
    return [each.what for each in result.shown]


def test_who_is_let_in_after_the_grant_is_let_in_rightly() -> None:
    assert granted() == []


def test_who_is_let_in_without_a_grant_is_told() -> None:
    assert granted(granted=None) == ["let in by the registrar, which did not answer"]
    assert granted(granted=False) == ["let in by the registrar, which refused"]


def test_who_is_let_in_before_the_grant_is_told() -> None:
    decided_ns = T_NS + BUDGET_NS + 10_000_000 + 1_000
    assert granted(answered_ns=decided_ns + 12_000_000) == [
        "let in 12.000 ms before the registrar's grant came"
    ]


def test_an_admission_by_the_registrar_needs_a_claim() -> None:
    run = Run(apart(own_tickets(), Authority.VENUE), {TWO: Alone(authority=Authority.VENUE)})
    run.change(TWO, claim=None)

    assert [each.what for each in grants_before_admissions(run.evidence).shown] == [
        "let in by the registrar, which was not asked"
    ]


def test_refusals_and_silent_devices_need_no_grant() -> None:
    run = Run(apart(own_tickets(), Authority.VENUE), {TWO: Alone(UNKNOWN, Authority.VENUE)})
    run.change(TWO, claim=ClaimAsk(T_NS, T_NS + 1, REGISTRAR, granted=False))
    assert grants_before_admissions(run.evidence).examined == 0

    silent = Run(apart(own_tickets(), Authority.VENUE), {TWO: Alone(authority=Authority.VENUE)})
    silent.fall_silent("drill-1.1", "gate-02")
    assert grants_before_admissions(silent.evidence).examined == 0


def test_uploads_are_counted_by_what_became_of_them() -> None:
    run = Run(
        apart(own_tickets(devices=4), Authority.OFFLINE),
        {
            ONE: Alone(),
            TWO: Alone(state=QueueState.PENDING),
            THREE: Alone(state=QueueState.FAILED),
        },
    )
    run.journal(ONE, flag="in_future", recognised=True)
    told = count_uploads(run.evidence)

    assert told is not None
    assert msgspec.structs.astuple(told) == (1, 0, 1, 1, 1, 1)
    assert count_uploads(Run(apart(own_tickets())).evidence) is None
