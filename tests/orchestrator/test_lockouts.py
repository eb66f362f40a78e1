"""Guests whom devices turned away by themselves, and questions that the service did not answer."""

import msgspec
import pytest
from evidence_builder import (
    ADMITTED,
    CANCELLED,
    NOT_RECORDED,
    OFFLINE_UNKNOWN,
    READMITTED,
    USED,
    Alone,
    Run,
    apart,
    own_tickets,
    race,
    vip_table,
)
from honest_service import changed

from gatedrill.contract.outcome import Authority, Outcome
from gatedrill.fixtures.scenario import FaultName
from gatedrill.orchestrator.checks.admission import valid_guests_admitted
from gatedrill.orchestrator.checks.locked_out import locked_out
from gatedrill.orchestrator.checks.reentry import reentry_granted
from gatedrill.orchestrator.coming_back import SERVICE_RETURN_S
from gatedrill.orchestrator.history import Sold
from gatedrill.orchestrator.offline_facts import LockedOut, locked_out_guests
from gatedrill.orchestrator.timeouts import count_timeouts

RETURN_NS = round(SERVICE_RETURN_S * 1e9)
ONE, TWO = "drill-1.1:gate-01", "drill-1.1:gate-02"


def refused(outcome: Outcome = OFFLINE_UNKNOWN, *, received: bool = False) -> Run:
    """Three gates with a ticket each, of which the second one turns its guest away by itself."""
    plan = apart(own_tickets(), Authority.OFFLINE)
    return Run(plan, {TWO: Alone(outcome, received=received)})


def told(run: Run) -> list[LockedOut]:
    """Who is locked out; both checks find just those wrong whom nothing explains."""
    guests = list(locked_out_guests(run.evidence))
    unexplained = [each.ticket for each in guests if not each.because]
    for check in (locked_out, valid_guests_admitted):
        assert [each.subject for each in check(run.evidence).shown] == unexplained
    return guests


def test_whom_a_gate_did_not_know_is_named_with_the_fault_that_explains_it() -> None:
    run = refused()
    fault = run.fail("uplink-down", "gate-02")

    [guest] = told(run)
    assert (guest.ticket, guest.because) == ("t2", (fault,))
    assert guest.why == "the gate's own copy of the tickets lacks it"
    assert [line.partition(",")[0] for line in guest.witness] == [
        "gate-02: refused (offline_unknown)"
    ]


def test_what_no_fault_explains_is_a_violation() -> None:
    run = refused()
    run.fail("uplink-down", "gate-01")
    run.fail("uplink-down", "gate-02", from_ns=-2 * RETURN_NS, to_ns=-RETURN_NS)

    [guest] = told(run)
    assert guest.because == ()
    assert locked_out(run.evidence).shown[0].what == (
        "locked out, and no fault explains it: the gate's own copy of the tickets lacks it"
    )


@pytest.mark.parametrize(("after_ns", "is_explained"), [(RETURN_NS, True), (RETURN_NS + 1, False)])
@pytest.mark.parametrize("kind", ["uplink-down", "uplink-lossy", "device-paused"])
def test_whom_a_gate_refused_on_its_way_back_is_explained(
    kind: FaultName, after_ns: int, is_explained: bool
) -> None:
    run = refused()
    released_ns = run.attempts[TWO].record.released_ns
    run.fail(kind, "gate-02", from_ns=-RETURN_NS, to_ns=released_ns - after_ns)

    [guest] = told(run)
    assert bool(guest.because) == is_explained


@pytest.mark.parametrize("kind", ["device-killed", "disk-full"])
def test_what_needs_no_time_to_come_back_explains_nothing_when_it_is_over(kind: FaultName) -> None:
    run = refused(NOT_RECORDED if kind == "disk-full" else OFFLINE_UNKNOWN)
    run.fail(kind, "gate-02", from_ns=0, to_ns=run.attempts[TWO].record.released_ns - 1)

    [guest] = told(run)
    assert guest.because == ()


@pytest.mark.parametrize(("kind", "is_explained"), [("disk-full", True), ("uplink-down", False)])
def test_what_could_not_be_written_is_explained_by_the_disk(
    kind: FaultName, is_explained: bool
) -> None:
    run = refused(NOT_RECORDED)
    run.fail(kind)

    [guest] = told(run)
    assert guest.why == "the gate could not write the scan down"
    assert bool(guest.because) == is_explained


def test_the_worst_is_a_guest_whom_the_service_let_in_and_the_device_did_not() -> None:
    run = refused(received=True)
    run.fail("uplink-answers-lost", "gate-02")

    [guest] = told(run)
    assert guest.why == "the service let it in at gate-02, which did not hear of it"


def test_a_ticket_that_was_sold_later_is_told_as_such_and_is_valid_once_it_is_sold() -> None:
    run = refused()
    run.plan = msgspec.structs.replace(run.plan, late=("t2",))
    del run.before.tickets["t2"]
    run.fail("uplink-down")
    assert told(run) == []

    run.sold.append(Sold(("t2",), 1_000))
    [guest] = told(run)
    assert guest.why == "the gate's own copy of the tickets lacks it, as it was sold later"


def test_that_a_ticket_is_used_which_nobody_can_have_used_is_not_explained_by_a_fault() -> None:
    run = refused(USED)
    run.fail("uplink-down")

    [guest] = told(run)
    assert (guest.why, guest.because) == ("it was taken for used", ())


def test_that_a_ticket_is_used_is_explained_by_a_scan_of_which_the_service_knows_more() -> None:
    plan = apart(race(devices=2, probe=False), Authority.OFFLINE)
    run = Run(plan, {ONE: Alone(NOT_RECORDED, received=True)})
    run.fail("disk-full", "gate-01")
    assert run.attempts[TWO].record.outcome == USED

    [guest] = told(run)
    assert guest.because == (run.faults[0].fault,)
    assert guest.why == "the service let it in at gate-01, which did not hear of it"


def test_whom_another_gate_let_in_is_not_locked_out() -> None:
    plan = apart(race(devices=2, probe=False), Authority.OFFLINE)
    run = Run(plan, {TWO: Alone(OFFLINE_UNKNOWN)})

    assert told(run) == []


def test_whom_the_service_alone_refused_is_no_matter_of_devices() -> None:
    run = Run(apart(own_tickets(), Authority.OFFLINE))
    run.show(TWO, CANCELLED)

    assert locked_out_guests(run.evidence) == ()
    assert [each.subject for each in valid_guests_admitted(run.evidence).shown] == ["t2"]


def test_a_refusal_that_only_a_journal_tells_counts() -> None:
    run = refused()
    run.fail("uplink-down")
    run.fall_silent("drill-1.1", "gate-02")

    [guest] = told(run)
    assert guest.witness[0].endswith("as its journal has it")


def test_who_may_come_back_and_is_turned_away_by_a_gate_alone_is_locked_out() -> None:
    back = "drill-2.1:gate-02"
    plan = apart(vip_table(2, phases=2), Authority.OFFLINE)
    run = Run(plan, {back: Alone(OFFLINE_UNKNOWN)})
    assert reentry_granted(run.evidence).violations == 1

    fault = run.fail("uplink-down")
    assert reentry_granted(run.evidence).violations == 0
    [guest] = locked_out_guests(run.evidence)
    assert (guest.ticket, guest.because) == ("p2", (fault,))


def test_who_is_let_back_in_by_a_gate_alone_need_not_be_told_since_when() -> None:
    back = "drill-2.1:gate-02"
    plan = apart(vip_table(2, phases=2), Authority.OFFLINE)
    run = Run(plan, {back: Alone(READMITTED)})
    run.fail("uplink-down")

    assert reentry_granted(run.evidence).violations == 0


@pytest.mark.parametrize(
    ("outcome", "received", "counted"),
    [
        (ADMITTED, True, (1, 0, 0, 0, 0)),
        (OFFLINE_UNKNOWN, True, (0, 1, 0, 0, 0)),
        (ADMITTED, False, (0, 0, 1, 0, 0)),
        (OFFLINE_UNKNOWN, False, (0, 0, 0, 1, 0)),
    ],
)
def test_the_four_ends_of_a_question_without_an_answer_are_told_apart(
    outcome: Outcome, received: bool, counted: tuple[int, ...]
) -> None:
    timeouts = count_timeouts(refused(outcome, received=received).evidence)

    assert timeouts is not None
    assert msgspec.structs.astuple(timeouts) == counted


@pytest.mark.parametrize(
    ("received", "counted"), [(True, (1, 0, 0, 0, 0)), (False, (0, 0, 1, 0, 0))]
)
def test_the_time_of_a_pass_row_tells_the_question_from_the_upload(
    received: bool, counted: tuple[int, ...]
) -> None:
    run = Run(apart(vip_table(2), Authority.OFFLINE), {TWO: Alone(received=received)})
    timeouts = count_timeouts(run.evidence)

    assert timeouts is not None
    assert msgspec.structs.astuple(timeouts) == counted


def test_where_the_service_tells_no_nonces_it_is_not_known() -> None:
    run = refused(ADMITTED, received=True)
    run.logs.scan_logs = [changed(row, nonce=None) for row in run.logs.scan_logs]
    timeouts = count_timeouts(run.evidence)
    assert timeouts is not None
    assert timeouts.not_known == 1

    run.journal(TWO, recognised=True)
    timeouts = count_timeouts(run.evidence)
    assert timeouts is not None
    assert timeouts.received_admitted == 1


def test_where_every_question_was_answered_there_is_nothing_to_count() -> None:
    assert count_timeouts(Run(apart(own_tickets())).evidence) is None
