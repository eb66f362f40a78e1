"""A rehearsal must be able to fail: services with a planted fault, and what the command says."""

from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from command import Ended, gatedrill, on_closed_pipe, running
from runs import only_folder, outcomes, result, round_tickets

RACE = ("race", "--rounds", "1")
STREAM = ("scanner-burst", "--devices", "4", "--duration", "500ms")
COMMANDS = {
    "read-then-update": RACE,
    "slow-350ms": (*RACE, "--devices", "2"),
    "drops-connections": STREAM,
    "html-500": STREAM,
}


class Drill(NamedTuple):
    ended: Ended
    folder: Path


@pytest.fixture(scope="module")
def drills(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Drill]:
    """A drill against each fault, all at the same time."""
    with ExitStack() as stack:
        started = {}
        for fault, arguments in COMMANDS.items():
            out = tmp_path_factory.mktemp(fault)
            command = running("run", *arguments, "--fault", fault, "--out", str(out))
            started[fault] = stack.enter_context(command), out
        ended = {fault: (command.ended(), out) for fault, (command, out) in started.items()}
    return {fault: Drill(each, only_folder(out)) for fault, (each, out) in ended.items()}


@pytest.fixture(scope="module")
def double_admission(drills: dict[str, Drill]) -> Drill:
    return drills["read-then-update"]


def test_a_double_admission_violates_safety(double_admission: Drill) -> None:
    assert double_admission.ended.code == 1
    assert double_admission.ended.out.startswith("SAFETY VIOLATED  race: ")


def test_the_smallest_witness_is_two_scans_with_device_answer_and_times(
    double_admission: Drill,
) -> None:
    lines = double_admission.ended.out.splitlines()
    [start] = [n for n, line in enumerate(lines) if line.startswith("  FAIL  admitted once ")]
    ticket, first, second, after = lines[start + 1 : start + 5]
    assert ticket == f"        {round_tickets(double_admission.folder)[0]}: admitted 10 times"
    for scan in (first, second):
        assert " admitted, let go at " in scan
        assert "decided at " in scan
    assert first.split(":")[0].strip() != second.split(":")[0].strip()
    assert after.startswith("  PASS")


def test_the_service_s_own_records_witness_it_too(double_admission: Drill) -> None:
    violated = {
        check.name for check in result(double_admission.folder).checks if check.status == "violated"
    }
    assert violated == {"admitted once", "as expected", "records agree"}


def test_a_report_of_it_ends_with_the_same_code(double_admission: Drill) -> None:
    assert gatedrill("report", str(double_admission.folder)).code == 1


def test_the_code_says_the_verdict_even_if_nobody_reads_it(double_admission: Drill) -> None:
    assert on_closed_pipe("report", str(double_admission.folder)) == Ended(1, "", "")


def test_the_fault_is_named_where_the_service_is(double_admission: Drill) -> None:
    assert "reference backend, fault read-then-update at http" in double_admission.ended.err


def test_a_slow_service_crosses_a_threshold_and_violates_nothing(drills: dict[str, Drill]) -> None:
    slow = drills["slow-350ms"].ended
    assert slow.code == 3
    assert "FAIL  scan_duration: p(95)<200" in slow.out
    assert "PASS  scan_errors: rate<0.001" in slow.out


@pytest.mark.parametrize("fault", ["drops-connections", "html-500"])
def test_a_service_that_fails_to_answer_yields_unknowns(
    fault: str, drills: dict[str, Drill]
) -> None:
    failing = drills[fault]
    assert failing.ended.code in (3, 4)
    assert outcomes(failing.folder)["unknown"] > 0
    assert outcomes(failing.folder)["admitted"] > 0
    assert "FAIL  scan_errors: rate<0.001" in failing.ended.out
