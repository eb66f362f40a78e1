"""Runs that really took place are judged today as they were then.

Recorded with the reference backend on one machine: an honest race, one with a planted fault, one at
a slow service, and one whose fleet was killed in the middle; payments at kiosks, guests who come
back, and a rush of tickets of all kinds.
"""

from pathlib import Path

import msgspec
import pytest

from gatedrill.contract.attempt import CheckoutRecord, ScanRecord, WebhookRecord
from gatedrill.orchestrator.checks.check import CheckResult
from gatedrill.orchestrator.history import Attempted, read_history
from gatedrill.orchestrator.result import Result, Verdict
from gatedrill.orchestrator.run_folder import RunFolder, find_runs

RECORDED = Path(__file__).parent / "recorded"
EXPECTED = {
    "inconclusive": (Verdict.INCONCLUSIVE, 4),
    "passed": (Verdict.PASSED, 0),
    "passed-mixed": (Verdict.PASSED, 0),
    "passed-payments": (Verdict.PASSED, 0),
    "passed-reentries": (Verdict.PASSED, 0),
    "threshold-crossed": (Verdict.THRESHOLD_CROSSED, 3),
    "violated": (Verdict.VIOLATED, 1),
}


def recorded(name: str) -> Result:
    """The result of that time."""
    return msgspec.json.decode((RECORDED / name / "result.json").read_bytes(), type=Result)


def test_every_recorded_run_is_expected_here() -> None:
    assert [run.path.name for run in find_runs(RECORDED)] == sorted(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_run_comes_to_the_verdict_of_that_time(name: str) -> None:
    result = RunFolder(RECORDED / name).read().judge()

    assert (result.verdict, result.exit_code) == EXPECTED[name]
    assert result.inconclusive_because == recorded(name).inconclusive_because


def _gist(check: CheckResult) -> tuple[str, str, int, int]:
    return check.name, check.status, check.examined, check.violations


@pytest.mark.parametrize("name", EXPECTED)
def test_its_checks_thresholds_rounds_and_figures_are_those_of_that_time(name: str) -> None:
    today, then = RunFolder(RECORDED / name).read().judge(), recorded(name)

    assert [_gist(check) for check in today.checks] == [_gist(check) for check in then.checks]
    assert today.thresholds == then.thresholds
    assert today.rounds == then.rounds
    assert (today.counters, today.scan_duration) == (then.counters, then.scan_duration)
    assert (today.checkout_duration, today.stages) == (then.checkout_duration, then.stages)
    assert (today.outcomes, today.records) == (then.outcomes, then.records)
    assert (today.silent, today.release_skew) == (then.silent, then.release_skew)


def test_the_planted_fault_is_shown_by_two_admissions_of_one_ticket() -> None:
    violated = RunFolder(RECORDED / "violated").read().judge()
    wrong = {check.name: check for check in violated.checks if check.violations}

    assert set(wrong) == {"admitted once", "as expected", "records agree"}
    [violation] = wrong["admitted once"].shown
    assert len(violation.witness) == 2
    assert all(": admitted, let go at " in line for line in violation.witness)


def test_the_killed_fleets_devices_are_named() -> None:
    inconclusive = RunFolder(RECORDED / "inconclusive").read().judge()

    assert inconclusive.inconclusive_because == (
        "devices fell silent: gate-01, gate-02, gate-03, gate-04",
    )
    assert inconclusive.silent[0].why == "its process has gone"


def test_an_honest_run_loses_its_verdict_when_one_answer_is_turned(tmp_path: Path) -> None:
    for file in (RECORDED / "passed").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    history = tmp_path / "history.jsonl"
    refusal, admission = b'{"kind":"refused","reason":"already_used"}', b'{"kind":"admitted"}'
    turned = history.read_bytes().replace(refusal, admission, 1)
    history.write_bytes(turned)

    assert RunFolder(tmp_path).read().judge().verdict is Verdict.VIOLATED


@pytest.mark.parametrize("name", EXPECTED)
def test_a_recorded_history_holds_tickets_and_no_names_of_guests(name: str) -> None:
    history = read_history(RECORDED / name / "history.jsonl")
    plan = msgspec.json.decode((RECORDED / name / "plan.json").read_bytes())
    symbols = {ticket["symbol"] for ticket in plan["tickets"]}

    shown = {
        event.record.symbol
        for event in history
        if isinstance(event, Attempted) and isinstance(event.record, ScanRecord)
    }
    assert shown <= symbols


def test_every_kind_of_attempt_but_a_link_was_recorded() -> None:
    kinds = {
        type(event.record)
        for name in EXPECTED
        for event in read_history(RECORDED / name / "history.jsonl")
        if isinstance(event, Attempted)
    }

    assert kinds == {ScanRecord, CheckoutRecord, WebhookRecord}


def test_guests_who_come_back_are_shown_when_they_came_in_before() -> None:
    first, back = RunFolder(RECORDED / "passed-reentries").read().judge().rounds

    assert {each.note for each in first.attempts} == {None}
    assert all((each.note or "").startswith("last entry 20") for each in back.attempts)


def test_a_rush_of_tickets_of_all_kinds_got_the_answers_that_they_deserve() -> None:
    result = RunFolder(RECORDED / "passed-mixed").read().judge()

    assert {(each.kind, each.reason): each.count for each in result.outcomes} == {
        ("admitted", None): 7,
        ("readmitted", None): 3,
        ("refused", "already_used"): 3,
        ("refused", "cancelled"): 3,
        ("refused", "not_found"): 1,
        ("refused", "tampered"): 1,
        ("refused", "wrong_event"): 1,
    }
