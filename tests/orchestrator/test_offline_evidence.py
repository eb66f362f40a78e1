"""What journals and faults add to what was heard, and what they make doubtful."""

import msgspec
import pytest
from evidence_builder import (
    ADMITTED,
    BUDGET_NS,
    FLEET,
    OFFLINE_UNKNOWN,
    UNKNOWN,
    Alone,
    Run,
    apart,
    own_tickets,
    plan_of,
    race,
    vip_table,
)
from honest_service import changed

from gatedrill.contract.messages import QueueState
from gatedrill.contract.outcome import Authority
from gatedrill.fixtures.scenario import Burst, FaultName, Show
from gatedrill.orchestrator.checks.admission import admitted_once, valid_guests_admitted
from gatedrill.orchestrator.checks.expectation import as_expected
from gatedrill.orchestrator.checks.order import in_order
from gatedrill.orchestrator.checks.records_agree import records_agree
from gatedrill.orchestrator.checks.vip_counter import vip_counter
from gatedrill.orchestrator.checks.vip_log import vip_log
from gatedrill.orchestrator.history import FaultEnded, JournalUnread
from gatedrill.orchestrator.offline_facts import count_authorities, fault_spans
from gatedrill.orchestrator.plan import Plan
from gatedrill.orchestrator.result import Verdict
from gatedrill.orchestrator.rounds import judge_rounds

ONE, TWO = "drill-1.1:gate-01", "drill-1.1:gate-02"
T_NS = 10_000_000_000


def cut(plan: Plan | None = None, **alone: object) -> Run:
    """Three gates with a ticket each, of which the second decides by itself, its uplink down."""
    here = apart(plan or own_tickets(), Authority.OFFLINE)
    run = Run(here, {TWO: Alone(**alone)})  # type: ignore[arg-type]
    run.fail("uplink-down", "gate-02", from_ns=T_NS - 1)
    return run


def test_an_honest_run_with_a_cut_passes() -> None:
    result = cut().judge()

    assert result.verdict is Verdict.PASSED
    assert result.inconclusive_because == ()


def test_faults_are_told_with_begin_and_end() -> None:
    run = cut()
    run.fail("broker-frozen", from_ns=2_000_000_000, to_ns=3_500_000_000)

    down, frozen = fault_spans(run.evidence)
    assert (down.kind, down.devices, down.ended_s) == ("uplink-down", ("gate-02",), None)
    assert (frozen.began_s, frozen.ended_s) == (2.0, 3.5)
    assert len(frozen.devices) == 3


def test_a_fault_that_ended_without_a_beginning_is_none() -> None:
    run = cut()
    run.faults = [FaultEnded("x", 1)]

    assert fault_spans(run.evidence) == ()


def test_who_decided_is_counted() -> None:
    counts = count_authorities(cut(outcome=OFFLINE_UNKNOWN).evidence)

    assert [msgspec.structs.astuple(each) for each in counts] == [
        ("online", 2, 2),
        ("offline", 1, 0),
    ]
    assert count_authorities(Run(own_tickets()).evidence) == ()


def test_a_silent_device_speaks_through_its_journal() -> None:
    run = cut()
    run.fall_silent("drill-1.1", "gate-02")

    [seen] = run.evidence.testimonies
    assert (seen.planned.ticket, seen.record.outcome, seen.record.authority) == (
        "t2",
        ADMITTED,
        Authority.OFFLINE,
    )
    assert seen.record.decided_ns == pytest.approx(T_NS + BUDGET_NS, abs=20_000_000)
    assert valid_guests_admitted(run.evidence).examined == 3


def test_a_journal_that_has_no_decision_leaves_the_scan_open() -> None:
    run = cut()
    run.fall_silent("drill-1.1", "gate-02")
    run.journal(TWO, outcome=None, authority=None, state=QueueState.ASKED)

    assert run.evidence.testimonies == []
    assert valid_guests_admitted(run.evidence).examined == 2


def test_what_was_heard_needs_no_testimony() -> None:
    assert cut().evidence.testimonies == []


def test_an_admission_of_a_dead_device_counts_against_a_second_one() -> None:
    run = Run(apart(race(devices=2, probe=False), Authority.OFFLINE), {TWO: Alone()})
    run.fall_silent("drill-1.1", "gate-02")

    [violation] = admitted_once(run.evidence).shown
    assert violation.what == "admitted 2 times, though gate-02 could reach the service in between"


def test_expectations_count_whoever_decided_and_whoever_died() -> None:
    plan = plan_of(Burst(shows=(Show("fresh"),), expect={"admitted": 3}))
    run = cut(plan)
    run.fall_silent("drill-1.1", "gate-02")
    assert as_expected(run.evidence).violations == 0

    run.journal(TWO, outcome=OFFLINE_UNKNOWN)
    assert as_expected(run.evidence).shown[0].what == "3 admitted expected, 2 seen"


def test_a_scan_that_was_answered_late_may_be_the_admission_that_others_are_told_of() -> None:
    plan = apart(race(devices=2, probe=False), Authority.OFFLINE)
    run = Run(plan, {ONE: Alone(OFFLINE_UNKNOWN, received=True)})
    assert in_order(run.evidence).violations == 0
    assert records_agree(run.evidence).violations == 0

    run.change(ONE, asks=())
    assert in_order(run.evidence).violations == 1
    assert records_agree(run.evidence).violations == 1


def test_uploads_are_no_answers_of_the_scan_function() -> None:
    run = cut()
    assert records_agree(run.evidence).violations == 0

    run.logs.scan_logs = [changed(row, scan_method="qr") for row in run.logs.scan_logs]
    run.change(TWO, asks=())
    assert records_agree(run.evidence).violations == 1


def test_whom_a_device_let_in_by_itself_the_service_need_not_know() -> None:
    run = cut(state=QueueState.PENDING)

    assert run.after.tickets["t2"].status == "valid"
    assert records_agree(run.evidence).violations == 0


@pytest.mark.parametrize("received", [True, False])
@pytest.mark.parametrize("state", [QueueState.SYNCED, QueueState.PENDING])
def test_the_counter_of_a_party_hears_of_entries_later(received: bool, state: QueueState) -> None:
    run = cut(vip_table(3), received=received, state=state)
    assert vip_counter(run.evidence).violations == 0
    assert vip_log(run.evidence).violations == 0

    run.count("table", 1)
    assert vip_counter(run.evidence).violations == 1


def test_a_counter_that_missed_an_upload_is_wrong() -> None:
    run = cut(vip_table(3))
    run.count("table", 2)

    assert [each.what for each in vip_counter(run.evidence).shown] == [
        "first entries: 3, but the counter grew by 2"
    ]


def test_an_upload_leaves_one_row_of_a_pass() -> None:
    run = cut(vip_table(3))
    for _ in range(2):
        run.log_pass("p2", "reentry")

    assert vip_log(run.evidence).violations == 1


def test_numbers_that_a_device_makes_up_are_not_the_services() -> None:
    run = cut(vip_table(3))
    run.change(TWO, checked_in_guests=99)

    assert vip_counter(run.evidence).violations == 0


def test_where_devices_may_decide_alone_no_round_is_a_race() -> None:
    run = Run(apart(race(devices=3, probe=False)))
    [judged] = judge_rounds(run.evidence)

    assert (judged.counts, judged.why_not) == (None, None)
    assert not run.judge().inconclusive_because


@pytest.mark.parametrize(
    ("kind", "gates", "is_explained"),
    [
        ("device-killed", ("gate-02",), True),
        ("device-paused", ("gate-02",), True),
        ("device-killed", ("gate-01",), False),
        ("broker-stopped", (), True),
        ("broker-frozen", (), True),
        ("registrar-stopped", (), False),
        ("uplink-down", (), False),
    ],
)
def test_silence_is_no_doubt_if_a_planned_fault_explains_it(
    kind: FaultName, gates: tuple[str, ...], is_explained: bool
) -> None:
    run = cut()
    run.fall_silent("drill-1.1", "gate-02")
    run.fail(kind, *gates, from_ns=T_NS + 1, to_ns=T_NS + 2)
    result = run.judge()

    doubts = () if is_explained else ("devices fell silent: gate-02",)
    assert result.inconclusive_because == doubts
    assert [each.devices for each in result.silent] == [("gate-02",)]


def test_a_fault_that_was_over_before_explains_no_silence() -> None:
    plan = plan_of(*[Burst(shows=(Show("fresh"),))] * 3)
    run = Run(apart(plan, Authority.OFFLINE))
    run.fall_silent("drill-3.1", "gate-02")
    run.fail("device-killed", "gate-02", from_ns=T_NS, to_ns=T_NS + 1)

    assert run.judge().inconclusive_because == ("devices fell silent: gate-02",)


def test_who_was_not_ready_because_he_was_dead_is_no_doubt() -> None:
    run = cut()
    run.not_ready("drill-1.1", "gate-01")
    del run.journals[ONE]
    assert run.judge().inconclusive_because == ("devices were not ready: gate-01",)

    run.fail("device-killed", "gate-01", from_ns=1)
    assert run.judge().inconclusive_because == ()


def test_journals_that_were_not_read_are_a_doubt_unless_their_device_is_still_down() -> None:
    run = cut()
    run.unread.append(JournalUnread(FLEET, ("gate-02", "gate-03"), "no answer"))
    run.fail("device-killed", "gate-02")
    run.fail("device-paused", "gate-03", to_ns=T_NS)
    result = run.judge()

    assert result.inconclusive_because == ("journals were not read: gate-03",)
    [unread] = result.unread_journals
    assert (unread.devices, unread.why) == (("gate-02", "gate-03"), "no answer")


def test_an_unknown_outcome_stays_open_where_nobody_else_may_decide() -> None:
    run = cut(outcome=UNKNOWN, authority=Authority.ONLINE)

    assert valid_guests_admitted(run.evidence).examined == 2
