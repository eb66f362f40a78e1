"""Which bursts and scans are drawn where there are too many."""

import msgspec
from evidence_builder import ADMITTED, UNKNOWN, Run, own_tickets, race
from judged_runs import judged

from gatedrill.orchestrator.reports.page import render_page
from gatedrill.orchestrator.reports.selection import (
    MAX_ROWS_A_BURST,
    MAX_ROWS_DRAWN,
    choose_bursts,
    most_telling,
)


def drawn(run: Run) -> list[str]:
    told = judged(run)
    return [step.id for step in choose_bursts(told.result, told.evidence)]


def test_all_bursts_are_drawn_while_they_fit() -> None:
    assert drawn(Run(race(rounds=3))) == ["drill-1.1", "drill-1.2", "drill-1.3"]


def test_no_more_rows_are_drawn_than_a_page_bears() -> None:
    run = Run(race(rounds=100, devices=10))
    assert len(drawn(run)) == MAX_ROWS_DRAWN // 10
    page = render_page([judged(run)])
    assert page.count("<svg") == MAX_ROWS_DRAWN // 10 + 1
    assert "Bursts without a timeline: 20." in page


def test_the_burst_that_a_witness_tells_of_is_always_drawn() -> None:
    run = Run(race(rounds=100, devices=10))
    run.show("drill-1.97:gate-02", ADMITTED)
    assert drawn(run)[-1] == "drill-1.97"
    assert drawn(run)[:2] == ["drill-1.1", "drill-1.2"]


def test_a_burst_of_which_nothing_was_heard_has_no_timeline() -> None:
    run = Run(race(rounds=2, probe=False))
    run.fall_silent("drill-1.2", "gate-01", "gate-02", "gate-03")
    assert drawn(run) == ["drill-1.1"]
    assert "Bursts without a timeline: 1." in render_page([judged(run)])


def devices(run: Run) -> list[str]:
    [scans] = run.evidence.by_step.values()
    return [scan.device for scan in most_telling(scans)]


def test_a_small_burst_is_drawn_whole_in_the_order_of_its_decisions() -> None:
    run = Run(own_tickets())
    event = run.scans["drill-1.1:gate-01"]
    late = msgspec.structs.replace(event.scan, decided_ns=event.scan.decided_ns + 5_000_000)
    run.scans["drill-1.1:gate-01"] = msgspec.structs.replace(event, scan=late)
    assert devices(run) == ["gate-02", "gate-03", "gate-01"]


def test_of_a_large_burst_the_slowest_are_drawn() -> None:
    chosen = devices(Run(own_tickets(devices=MAX_ROWS_A_BURST + 2)))
    assert len(chosen) == MAX_ROWS_A_BURST
    assert chosen[0] == "gate-03"


def test_of_a_large_race_the_admission_and_open_answers_are_drawn_however_fast() -> None:
    run = Run(race(devices=MAX_ROWS_A_BURST + 9, probe=False))
    run.show("drill-1.1:gate-02", UNKNOWN)
    chosen = devices(run)
    assert len(chosen) == MAX_ROWS_A_BURST
    assert chosen[:3] == ["gate-01", "gate-02", "gate-12"]
