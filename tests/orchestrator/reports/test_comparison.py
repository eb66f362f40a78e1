"""Two runs side by side."""

import io

import pytest
from evidence_builder import (
    ADMITTED,
    STEP_NS,
    UNKNOWN,
    Run,
    checkouts,
    hunt,
    plan_of,
    race,
    vip_table,
)
from judged_runs import judged, recorded, shipped
from rich.console import Console

from gatedrill.contract.messages import ReleaseMode
from gatedrill.fixtures.scenario import Book, Burst, Show, Slot
from gatedrill.orchestrator.history import ClockRead, Released
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.comparison import Pair, Row, compare, pair_up
from gatedrill.orchestrator.reports.comparison_table import print_comparison
from gatedrill.orchestrator.reports.figures import Figure
from gatedrill.orchestrator.result import Result

HONEST = Run(race()).judge()


def faulty() -> Result:
    run = Run(race())
    run.show("drill-1.1:gate-02", ADMITTED)
    return run.judge()


def rows(first: Result, second: Result) -> dict[str, Row]:
    return {row.name: row for block in compare(first, second) for row in block.rows}


def shown(pairs: list[Pair]) -> str:
    file = io.StringIO()
    print_comparison(pairs, Console(file=file, width=200))
    return file.getvalue()


def test_a_run_does_not_differ_from_itself() -> None:
    assert [row for row in rows(HONEST, HONEST).values() if row.change] == []


def test_what_differs_is_said_by_how_much() -> None:
    told = rows(HONEST, faulty())
    assert told["verdict"] == Row("verdict", "passed", "safety violated", "differs")
    assert told["admitted"] == Row("admitted", "1", "2", "+1 (+100%)")
    assert told["refused (already_used)"] == Row("refused (already_used)", "2", "1", "-1 (-50%)")
    assert told["admitted once"] == Row("admitted once", "holds", "violated, 1 wrong", "differs")


def test_what_only_one_run_has_is_a_dash_in_the_other() -> None:
    run = Run(race())
    run.show("drill-1.1:gate-02", UNKNOWN)
    told = rows(HONEST, run.judge())
    assert told["unknown (timeout)"] == Row("unknown (timeout)", "-", "1", "differs")
    assert told["scan errors"] == Row("scan errors", "0.00%", "33.33%", "+33.33%")


def test_thresholds_are_compared_by_figure_and_by_status() -> None:
    strict = Run(
        plan_of(Burst(shows=(Show("fresh"),)), thresholds={"scan_duration": ["max<10.001"]})
    )
    kept = Run(plan_of(Burst(shows=(Show("fresh"),)), thresholds={"scan_duration": ["max<10.001"]}))
    kept.lose("drill-1.1:gate-02", "drill-1.1:gate-03")
    told = rows(strict.judge(), kept.judge())
    assert told["scan_duration: max<10.001, status"].change == "differs"


@pytest.mark.parametrize(
    ("first", "second", "change"),
    [
        (figures.latency_ms(10.0), figures.latency_ms(15.0), "+5.00 (+50%)"),
        (figures.latency_ms(10.0), figures.latency_ms(10.004), ""),
        (figures.latency_ms(0.0), figures.latency_ms(1.0), "+1.00"),
        (figures.count(10), figures.count(5), "-5 (-50%)"),
        (figures.share(0.5), figures.share(0.25), "-25.00%"),
        (figures.latency_ms(None), figures.latency_ms(1.0), "differs"),
        (figures.latency_ms(None), figures.latency_ms(None), ""),
        (figures.instant_ms(-1.0), figures.instant_ms(1.0), "+2.0 (-200%)"),
    ],
)
def test_a_change_is_written_as_its_figures_are(first: Figure, second: Figure, change: str) -> None:
    assert figures.change(first, second) == change


def test_scenarios_are_paired_by_name_and_repetitions_in_their_order() -> None:
    [other] = [run.result for run in recorded("passed")]
    bad = faulty()
    assert pair_up([HONEST, other, bad], [bad, HONEST]) == [
        Pair(HONEST, bad),
        Pair(bad, HONEST),
        Pair(other, None),
    ]


def test_single_runs_are_paired_whatever_they_are_of() -> None:
    [other] = [run.result for run in recorded("passed")]
    assert pair_up([HONEST], [other]) == [Pair(HONEST, other)]
    assert shown([Pair(HONEST, other)]).startswith("drill and race\n")


def test_runs_of_two_kinds_have_their_records_side_by_side() -> None:
    table, slot = Run(vip_table()).judge(), Run(checkouts(capacity=2)).judge()
    told = rows(table, slot)
    counter, places = "reservation: checked_in_guests, of 3", "slot: available, of 2"
    assert told[counter] == Row(counter, "0 -> 3", "-", "differs")
    assert told[places] == Row(places, "-", "2 -> 0", "differs")
    assert told["scan errors"] == Row("scan errors", "0.00%", "-", "differs")
    assert told["checkout errors"] == Row("checkout errors", "-", "0.00%", "differs")
    assert told["slot capacity"] == Row("slot capacity", "not judged", "holds", "differs")


def test_two_runs_of_a_scenario_have_their_slots_in_one_row_whatever_the_seed() -> None:
    first, second = (
        judged(shipped("slot-6", seed=1)).result,
        judged(shipped("slot-6", seed=2)).result,
    )
    assert first.records[0].what != second.records[0].what
    name = "slot: available, of 1"
    assert rows(first, second)[name] == Row(name, "1 -> 0", "1 -> 0", "")


def test_slots_are_told_apart_by_their_ids_where_there_are_several() -> None:
    slots = (Slot("early", 1), Slot("late", 1))
    books = (Book("early", kiosks=1), Book("late", kiosks=1))
    result = Run(plan_of(Burst(books=books), devices=0, kiosks=2, slots=slots)).judge()
    told = [name for name in rows(result, result) if name.startswith("slot ")]
    assert told[:2] == ["slot early: available, of 1", "slot late: available, of 1"]


def test_a_check_that_neither_run_could_judge_has_no_row() -> None:
    told = rows(HONEST, HONEST)
    assert "admitted once" in told
    assert "slot capacity" not in told


def test_however_narrow_the_terminal_nothing_is_cut() -> None:
    file = io.StringIO()
    result = Run(vip_table()).judge()
    print_comparison([Pair(result, result)], Console(file=file, width=40))
    assert "…" not in file.getvalue()


def test_what_has_no_partner_is_named() -> None:
    assert shown([Pair(HONEST, None)]) == "drill: only in the first\n\n"
    assert shown([Pair(None, HONEST)]) == "drill: only in the second\n\n"


def test_the_table_has_a_line_for_each_row_and_no_markup_of_its_own() -> None:
    table = shown([Pair(HONEST, faulty())])
    assert [line.split() for line in table.splitlines() if "admitted once" in line] == [
        ["admitted", "once", "holds", "violated,", "1", "wrong", "differs"]
    ]
    assert "latency, ms" in table


def test_hunts_are_compared_by_the_round_that_found_something() -> None:
    found = Run(hunt(rounds=4))
    found.show("drill-1.2:gate-02", ADMITTED)
    later = Run(hunt(rounds=4))
    later.show("drill-1.3:gate-02", ADMITTED)
    name = "drill-1, found in round"

    assert rows(found.judge(), later.judge())[name] == Row(name, "2", "3", "+1 (+50%)")
    assert rows(Run(hunt(rounds=4)).judge(), found.judge())[name] == Row(
        name, "not found", "2", "differs"
    )
    assert name not in rows(HONEST, HONEST)


def test_how_it_was_let_go_and_how_well_that_is_known_stand_side_by_side() -> None:
    run = Run(race())
    run.released = [Released("drill-1.1", "east", ReleaseMode.REAL_TIME)]
    run.clocks += [ClockRead("west", 0, 100_000), ClockRead("west", 50_000, 100_000)]
    run.move("drill-1.1:gate-02", "west")
    run.change("drill-1.1:gate-02", released_ns=STEP_NS + 6_000_000)

    told = rows(HONEST, run.judge())

    assert told["let go"] == Row("let go", "-", "with real-time priority", "differs")
    bound = "release skew, known to ±"
    assert told[bound] == Row(bound, "-", "0.350", "differs")
    assert told["clock drift of west"].second == "0.050"
    assert told["let go late"] == Row("let go late", "-", "1", "differs")
