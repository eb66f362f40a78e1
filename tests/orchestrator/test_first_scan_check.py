"""Of two scans of a ticket the earlier one stands on record, by times that are corrected."""

import pytest
from evidence_builder import BUDGET_NS, Alone, Run, apart, own_tickets, race
from honest_service import changed, time_of_day

from gatedrill.contract.messages import QueueState
from gatedrill.contract.outcome import Authority
from gatedrill.orchestrator.checks.check import CheckStatus, Violation
from gatedrill.orchestrator.checks.first_scan_wins import first_scan_wins

ONE, TWO, THREE = (f"drill-1.1:gate-{number:02}" for number in (1, 2, 3))
DECIDED_NS = 10_000_000_000 + BUDGET_NS
S_NS = 1_000_000_000


def cut(apart_ns: int = S_NS, **of_first: object) -> Run:
    """Two gates let one guest in, the second one so much later; all is uploaded."""
    plan = apart(race(devices=2, probe=False), Authority.OFFLINE)
    run = Run(plan, {ONE: Alone(**of_first), TWO: Alone()})  # type: ignore[arg-type]
    run.fail("uplink-down")
    record = run.attempts[TWO].record
    run.change(TWO, decided_ns=record.decided_ns + apart_ns)
    run.journal(TWO, scanned_at=time_of_day(record.decided_ns + apart_ns))
    return run


def stands(run: Run, device: str, at_ns: int, attempt: str | None = None) -> None:
    """Let the ticket's row be this one's."""
    nonce = None if attempt is None else f"nonce of {attempt}"
    run.after.tickets["t1"] = changed(
        run.after.tickets["t1"], device_id=device, scanned_at=time_of_day(at_ns), nonce=nonce
    )


def found(run: Run) -> tuple[Violation, ...]:
    return first_scan_wins(run.evidence).shown


def test_the_earlier_scan_stands() -> None:
    result = first_scan_wins(cut().evidence)

    assert (result.status, result.examined) == (CheckStatus.HOLDS, 1 + 2)


def test_a_later_one_that_stands_is_shown_beside_the_first() -> None:
    run = cut()
    stands(run, "gate-02", DECIDED_NS + S_NS, TWO)

    [violation] = found(run)
    assert violation.subject == "t1"
    assert violation.what == "stands as scanned at gate-02, though another scan came first"
    assert [line.partition(":")[0] for line in violation.witness] == [
        "gate-01",
        "journal of gate-01",
        "gate-02",
        "journal of gate-02",
    ]


def test_what_is_closer_than_the_clocks_are_known_may_stand_either_way() -> None:
    run = cut(apart_ns=8_000_000)
    stands(run, "gate-02", DECIDED_NS + 8_000_000, TWO)
    assert not found(run)

    for attempt in (ONE, TWO):
        run.journal(attempt, clock_bound_ms=1.0)
    assert found(run)


def test_an_earlier_scan_that_was_never_uploaded_need_not_stand() -> None:
    run = cut(state=QueueState.PENDING)
    assert run.after.tickets["t1"].device_id == "gate-02"
    stands(run, "gate-02", DECIDED_NS + S_NS, TWO)
    run.change(ONE, asks=())

    assert not found(run)


def test_an_admission_that_the_service_gave_before_stands_against_later_uploads() -> None:
    plan = apart(race(devices=2, probe=False), Authority.OFFLINE)
    run = Run(plan, {TWO: Alone()})
    assert not found(run)

    stands(run, "gate-02", DECIDED_NS, TWO)
    assert [each.subject for each in found(run)] == ["t1"]


def test_a_question_that_the_service_had_received_counts_from_when_it_did() -> None:
    run = cut(received=True)
    assert run.after.tickets["t1"].scanned_at == time_of_day(10_005_000_000)
    assert not found(run)

    stands(run, "gate-02", DECIDED_NS + S_NS, TWO)
    assert found(run)


def test_a_question_that_reached_the_service_after_its_gate_gave_up_counts_from_then() -> None:
    run = cut(received=True)
    late = time_of_day(DECIDED_NS + 20 * S_NS)
    rows = run.logs.scan_logs
    run.logs.scan_logs = [
        changed(row, scanned_at=late) if row.device_id == "gate-01" else row for row in rows
    ]
    stands(run, "gate-01", DECIDED_NS + 20 * S_NS, ONE)
    assert not found(run)

    stands(run, "gate-01", DECIDED_NS + 40 * S_NS, ONE)
    assert [each.what for each in found(run)] == [
        f"stands as scanned at {time_of_day(DECIDED_NS + 40 * S_NS)}, which is not when it was"
    ]


def test_another_scan_of_the_same_gate_is_told_apart_by_its_nonce() -> None:
    run = cut()
    stands(run, "gate-01", DECIDED_NS, TWO)

    assert [each.what for each in found(run)] == [
        "stands as scanned at gate-01, though another scan came first"
    ]


def test_the_time_that_stands_is_that_of_the_scan() -> None:
    run = cut()
    stands(run, "gate-01", DECIDED_NS + 600 * S_NS, ONE)

    assert [each.what for each in found(run)] == [
        "stands as scanned at 2026-11-20T12:10:11.500000+00:00, which is not when it was"
    ]


def test_a_time_that_was_not_believed_counts_from_when_it_was_told() -> None:
    run = cut()
    run.journal(ONE, flag="before_event")
    stands(run, "gate-02", DECIDED_NS + S_NS, TWO)
    assert not found(run)

    settled_ns = run.journals[ONE].settled_ns
    assert settled_ns is not None
    stands(run, "gate-01", settled_ns, ONE)
    assert not found(run)


@pytest.mark.parametrize("bound_ms", [5.0, None])
@pytest.mark.parametrize("skew_s", [600, -600, 3])
def test_a_device_that_trusts_its_own_clock_is_shown_beside_another(
    skew_s: int, bound_ms: float | None
) -> None:
    run = Run(apart(own_tickets(), Authority.OFFLINE), {ONE: Alone(), TWO: Alone(), THREE: Alone()})
    assert not found(run)
    run.fail("clock-skewed", "gate-02")
    wrong = time_of_day(DECIDED_NS + skew_s * S_NS)
    run.journal(TWO, scanned_at=wrong, clock_bound_ms=bound_ms)
    run.after.tickets["t2"] = changed(run.after.tickets["t2"], scanned_at=wrong)

    [violation] = [each for each in found(run) if each.subject == "gate-02"]
    assert violation.what == (
        f"wrote down times that are {skew_s:+.1f} s off: it trusts its own clock"
    )
    assert [line.partition(":")[0] for line in violation.witness] == [
        "journal of gate-02",
        "journal of gate-01",
    ]


@pytest.mark.parametrize(("early_s", "is_wrong"), [(0.0, False), (0.9, False), (1.1, True)])
def test_a_disk_that_stalls_between_stamp_and_verdict_makes_no_clock_wrong(
    early_s: float, is_wrong: bool
) -> None:
    run = Run(apart(own_tickets(), Authority.OFFLINE), {TWO: Alone()})
    run.change(TWO, decided_ns=DECIDED_NS + 8 * S_NS)
    stamp_ns = run.attempts[TWO].record.released_ns - round(early_s * S_NS)
    run.journal(TWO, scanned_at=time_of_day(stamp_ns))

    subjects = [each.subject for each in found(run)]
    assert ("gate-02" in subjects) == is_wrong


def test_most_clocks_may_be_wrong_where_the_service_tells_the_time() -> None:
    run = Run(apart(own_tickets(), Authority.OFFLINE), {TWO: Alone(), THREE: Alone()})
    for attempt in (TWO, THREE):
        run.journal(attempt, scanned_at=time_of_day(DECIDED_NS + 600 * S_NS))

    assert {"gate-02", "gate-03"} <= {each.subject for each in found(run)}


def test_the_offset_between_a_run_and_the_time_of_day_is_no_skew() -> None:
    """The history says for people when it began, and may be wrong by any amount."""
    run = Run(apart(own_tickets(), Authority.OFFLINE), {ONE: Alone(), TWO: Alone(), THREE: Alone()})
    for number, attempt in enumerate((ONE, TWO, THREE), 1):
        at = time_of_day(DECIDED_NS + 3600 * S_NS)
        run.journal(attempt, scanned_at=at)
        ticket = f"t{number}"
        run.after.tickets[ticket] = changed(run.after.tickets[ticket], scanned_at=at)

    assert not found(run)


def test_where_tickets_could_not_be_read_it_is_not_judged() -> None:
    run = cut()
    run.hide("after", "tickets", "table tickets: HTTP 403")

    assert first_scan_wins(run.evidence).why_not_judged == "table tickets: HTTP 403"


def test_what_the_service_alone_admitted_is_no_matter_of_order() -> None:
    result = first_scan_wins(Run(apart(own_tickets())).evidence)

    assert result.status is CheckStatus.NOT_JUDGED
