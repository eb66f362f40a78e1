"""Which bursts and scans are drawn where there are too many."""

from collections.abc import Callable

import pytest
from evidence_builder import (
    ADMITTED,
    CANCELLED,
    LINKED,
    UNKNOWN,
    Run,
    checkouts,
    linking,
    own_tickets,
    race,
    vip_table,
)
from judged_runs import judged
from parsed_page import parse_page

from gatedrill.orchestrator.plan import Plan
from gatedrill.orchestrator.reports.page import render_page
from gatedrill.orchestrator.reports.selection import (
    MAX_ROWS_A_BURST,
    MAX_ROWS_DRAWN,
    choose_bursts,
    most_telling,
    steps_of_witnesses,
    subjects_told,
)
from gatedrill.orchestrator.rounds import LISTED_UP_TO


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
    told = judged(run)
    [seen] = told.evidence.by_step.values()
    return [each.device for each in most_telling(seen, subjects_told(told.result, told.evidence))]


def test_a_small_burst_is_drawn_whole_in_the_order_of_its_decisions() -> None:
    run = Run(own_tickets())
    decided_ns = run.attempts["drill-1.1:gate-01"].record.decided_ns
    run.change("drill-1.1:gate-01", decided_ns=decided_ns + 5_000_000)
    assert devices(run) == ["gate-02", "gate-03", "gate-01"]


def test_of_a_large_burst_the_slowest_are_drawn() -> None:
    chosen = devices(Run(own_tickets(devices=MAX_ROWS_A_BURST + 2)))
    assert len(chosen) == MAX_ROWS_A_BURST
    assert chosen[0] == "gate-03"


def test_of_a_large_burst_what_a_check_tells_of_is_drawn_however_fast() -> None:
    run = Run(own_tickets(devices=MAX_ROWS_A_BURST + 9))
    run.answer("drill-1.1:gate-02", CANCELLED)
    chosen = devices(run)
    assert len(chosen) == MAX_ROWS_A_BURST
    assert chosen[:2] == ["gate-02", "gate-11"]


def test_of_many_checkouts_the_bookings_are_drawn_however_fast() -> None:
    chosen = devices(Run(checkouts(capacity=2, kiosks=MAX_ROWS_A_BURST + 9)))
    assert len(chosen) == MAX_ROWS_A_BURST
    assert chosen[:3] == ["kiosk-01", "kiosk-02", "kiosk-12"]


def opened(run: Run) -> list[str]:
    folds = parse_page(render_page([judged(run)])).all("details")
    heads = [each[0].text or "" for each in folds if "open" in each.attrib]
    return [head.split(":")[0] for head in heads if head.startswith("Timeline")]


def test_the_first_timeline_is_unfolded_if_it_is_short() -> None:
    assert opened(Run(race(rounds=3))) == ["Timeline of drill-1.1"]
    assert opened(Run(checkouts(kiosks=LISTED_UP_TO + 1))) == []


def test_the_first_few_timelines_that_a_check_tells_of_are_unfolded() -> None:
    run = Run(race(rounds=6))
    for number in (2, 3, 4, 5):
        run.show(f"drill-1.{number}:gate-02", ADMITTED)
    assert opened(run) == [f"Timeline of drill-1.{number}" for number in (2, 3, 4)]


@pytest.mark.parametrize(
    ("plan", "bend", "telling"),
    [
        (checkouts(), lambda run: run.leave("evening", -1), {"drill-1.1"}),
        (vip_table(), lambda run: run.count("table", 9), {"drill-1.1"}),
        (linking(), lambda run: run.show("drill-1.1:kiosk-03", LINKED), {"drill-1.1"}),
        (race(rounds=2, expect={"admitted": 2}), lambda _: None, {"drill-1.1", "drill-1.2"}),
    ],
    ids=["slot", "counter", "reservation", "round"],
)
def test_a_burst_is_told_of_by_whatever_its_attempts_want(
    plan: Plan, bend: Callable[[Run], None], telling: set[str]
) -> None:
    run = Run(plan)
    bend(run)
    told = judged(run)
    assert steps_of_witnesses(told.result, told.evidence) >= telling


def test_of_a_large_race_the_admission_and_open_answers_are_drawn_however_fast() -> None:
    run = Run(race(devices=MAX_ROWS_A_BURST + 9, probe=False))
    run.show("drill-1.1:gate-02", UNKNOWN)
    chosen = devices(run)
    assert len(chosen) == MAX_ROWS_A_BURST
    assert chosen[:3] == ["gate-01", "gate-02", "gate-12"]
