"""Which cells a self-test has, and what they make of it."""

import msgspec
import pytest
from judged_runs import shipped

from gatedrill.cli import selftest_matrix
from gatedrill.cli.planted import planted_faults
from gatedrill.cli.selftest_matrix import (
    HONEST,
    MOST_DEVICES,
    Cell,
    CellResult,
    Ending,
    make_cells,
    print_matrix,
)
from gatedrill.cli.selftest_runs import STREAM_S, _ending, _rounds_needed, _shortened
from gatedrill.contract.errors import UsageError
from gatedrill.fixtures.loader import load_scenario, shipped_scenarios
from gatedrill.orchestrator.checks.check import CheckResult, CheckStatus
from gatedrill.orchestrator.hunts import Hunt
from gatedrill.orchestrator.result import Result, Verdict
from gatedrill.orchestrator.thresholds import ThresholdResult

RACE = load_scenario("race")


def test_the_matrix_is_the_honest_service_in_every_scenario_and_every_claim() -> None:
    cells = make_cells(faults=None, scenarios=None, everything=False)
    named = [(cell.fault, cell.scenario.name) for cell in cells]
    every = [each for each in shipped_scenarios() if each.devices <= MOST_DEVICES]
    assert named[: len(every)] == [(None, each.name) for each in every]
    claims = {(fault, each.name) for each in every for fault in each.catches}
    assert set(named[len(every) :]) == claims
    assert all(cell.must_catch for cell in cells)


NOT_FOR_CERTAIN = {
    "reopens-200us",  # a hunt finds it more often than not, and a claim is a promise
    "sync-trusts-clocks",  # an honest gate tells no wrong time
    "registrar-repeats-itself-differently",  # a grant would have to be lost on its way
}


def test_every_fault_that_can_be_caught_for_certain_is_claimed_by_a_scenario() -> None:
    cells = make_cells(faults=None, scenarios=None, everything=False)
    claimed = {cell.fault for cell in cells}
    assert claimed | NOT_FOR_CERTAIN == {None, *planted_faults()}
    assert not claimed & NOT_FOR_CERTAIN


def test_the_full_matrix_has_a_cell_for_every_pair_and_demands_what_is_claimed() -> None:
    cells = make_cells(faults=None, scenarios=None, everything=True)
    assert len(cells) == len(shipped_scenarios()) * (1 + len(planted_faults()))
    demanded = [cell for cell in cells if cell.must_catch and cell.scenario.devices <= MOST_DEVICES]
    assert demanded == make_cells(faults=None, scenarios=None, everything=False)


def test_faults_and_scenarios_can_be_chosen() -> None:
    cells = make_cells(faults=[HONEST, "double-log"], scenarios=["race"], everything=False)
    assert [(cell.fault, cell.scenario.name) for cell in cells] == [
        (None, "race"),
        ("double-log", "race"),
    ]


def test_a_fault_that_only_slows_breaks_no_safety() -> None:
    [slow] = make_cells(faults=["slow-350ms"], scenarios=["scanner-burst"], everything=False)
    [wrong] = make_cells(faults=["double-log"], scenarios=["race"], everything=False)
    assert (slow.breaks_safety, wrong.breaks_safety) == (False, True)


def test_a_scenario_that_claims_a_fault_that_there_is_not_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    boastful = msgspec.structs.replace(RACE, catches=("typo",))
    monkeypatch.setattr(selftest_matrix, "shipped_scenarios", lambda: [boastful])
    with pytest.raises(UsageError, match=r"there is no fault \(caught by race\) 'typo'"):
        make_cells(faults=None, scenarios=None, everything=False)


def cell_result(
    ending: Ending, *, must_catch: bool = True, fault: str = "double-log"
) -> CellResult:
    return CellResult(fault, "race", "SQLite", must_catch, ending, 1, ())


@pytest.mark.parametrize(
    ("ending", "demanded", "promised_nothing"),
    [
        (Ending.PASSED, 0, 0),
        (Ending.CAUGHT, 0, 0),
        (Ending.MISSED, 1, 0),
        (Ending.FALSE_ALARM, 1, 0),
        (Ending.UNCLEAR, 4, 0),
    ],
)
def test_a_cell_fails_what_it_promised(
    ending: Ending, demanded: int, promised_nothing: int
) -> None:
    assert cell_result(ending).exit_code == demanded
    assert cell_result(ending, must_catch=False).exit_code == promised_nothing


@pytest.mark.parametrize(
    ("result", "mark"),
    [
        (cell_result(Ending.PASSED, fault=HONEST), "ok"),
        (cell_result(Ending.FALSE_ALARM, fault=HONEST), "FALSE"),
        (cell_result(Ending.CAUGHT), "1"),
        (cell_result(Ending.MISSED), "MISSED"),
        (cell_result(Ending.MISSED, must_catch=False), "-"),
        (cell_result(Ending.UNCLEAR), "?"),
    ],
)
def test_every_ending_has_its_mark(
    result: CellResult, mark: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_matrix([result])
    row = capsys.readouterr().out.splitlines()[3]
    assert row.split()[-1] == mark


def test_each_store_has_a_matrix_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    caught = cell_result(Ending.CAUGHT)
    print_matrix([caught, msgspec.structs.replace(caught, store="PostgreSQL")])
    said = capsys.readouterr().out
    assert [line for line in said.splitlines() if line in ("SQLite", "PostgreSQL")] == [
        "SQLite",
        "PostgreSQL",
    ]
    assert "2 of 2 claims hold over 1 faults; the honest service passed 0 of 0" in said


HONEST_RACE = shipped("race").judge()
VIOLATED = CheckResult("in order", "", CheckStatus.VIOLATED, 1, 1)
CROSSED = ThresholdResult("scan_duration", "p(95)<200", 350.0, False)


def judged(
    verdict: Verdict, checks: tuple[CheckResult, ...] = (), *thresholds: ThresholdResult
) -> Result:
    return msgspec.structs.replace(
        HONEST_RACE, verdict=verdict, checks=checks, thresholds=thresholds
    )


@pytest.mark.parametrize(
    ("fault", "breaks_safety", "result", "ending", "by"),
    [
        (None, True, judged(Verdict.PASSED), Ending.PASSED, ()),
        (None, True, judged(Verdict.VIOLATED, (VIOLATED,)), Ending.FALSE_ALARM, ("in order",)),
        (None, True, judged(Verdict.THRESHOLD_CROSSED, (), CROSSED), Ending.UNCLEAR, ()),
        (None, True, judged(Verdict.INCONCLUSIVE), Ending.UNCLEAR, ()),
        ("f", True, judged(Verdict.PASSED), Ending.MISSED, ()),
        ("f", True, judged(Verdict.VIOLATED, (VIOLATED,)), Ending.CAUGHT, ("in order",)),
        ("f", True, judged(Verdict.THRESHOLD_CROSSED, (), CROSSED), Ending.UNCLEAR, ()),
        ("f", False, judged(Verdict.VIOLATED, (VIOLATED,)), Ending.CAUGHT, ("in order",)),
        (
            *("f", False, judged(Verdict.THRESHOLD_CROSSED, (), CROSSED), Ending.CAUGHT),
            ("threshold scan_duration",),
        ),
        ("f", False, judged(Verdict.INCONCLUSIVE), Ending.UNCLEAR, ()),
    ],
)
def test_only_a_check_tells_of_unsafe_faults_and_a_threshold_of_slow_ones_too(
    fault: str | None, breaks_safety: bool, result: Result, ending: Ending, by: tuple[str, ...]
) -> None:
    cell = Cell(fault, RACE, must_catch=True, breaks_safety=breaks_safety)
    assert _ending(cell, result) == (ending, by)


def hunted(*hunts: Hunt) -> Result:
    return msgspec.structs.replace(HONEST_RACE, hunts=hunts)


@pytest.mark.parametrize(
    ("result", "runs", "rounds"),
    [
        (HONEST_RACE, 1, 1),
        (HONEST_RACE, 3, 3),
        (hunted(Hunt("hunt-1", 24, 40.0, 7)), 1, 7),
        (hunted(Hunt("hunt-1", 24, 40.0, 7)), 3, 55),
        (hunted(Hunt("hunt-1", 24, 40.0, None)), 2, 2),
        (hunted(Hunt("hunt-1", 9, 40.0, None), Hunt("hunt-2", 24, 40.0, 5)), 1, 5),
    ],
)
def test_of_a_hunt_the_matrix_shows_the_round_that_found_it(
    result: Result, runs: int, rounds: int
) -> None:
    assert _rounds_needed(result, runs) == rounds


def test_a_hunt_keeps_its_rounds_and_any_other_scenario_is_cut_short() -> None:
    assert _shortened(load_scenario("race-hunt")) == load_scenario("race-hunt")
    assert _shortened(RACE) == RACE.adjusted(rounds=1)
    stream = load_scenario("scanner-burst")
    assert _shortened(stream) == stream.adjusted(duration_s=STREAM_S)
