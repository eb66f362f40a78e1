"""Exit codes, and one line for what went wrong."""

import errno
import itertools
import subprocess
from pathlib import Path

import pytest
from command import COMMAND, environment
from typer.exceptions import TyperException

from gatedrill.cli.exits import OUR_FAULT, PRECEDENCE, gravest, run_to_exit
from gatedrill.contract.errors import PeerError, UsageError

BROKEN = """
import gatedrill.orchestrator.planning

def make_plans(*_):
    raise ZeroDivisionError("nobody foresaw this")

gatedrill.orchestrator.planning.make_plans = make_plans
"""


@pytest.mark.parametrize("codes", list(itertools.permutations([0, 1, 3, 4])))
def test_the_gravest_of_all_verdicts_is_a_violation_in_any_order(codes: tuple[int, ...]) -> None:
    assert gravest(list(codes)) == 1


@pytest.mark.parametrize(("graver", "lighter"), list(itertools.pairwise(PRECEDENCE)))
def test_violated_outranks_inconclusive_outranks_threshold_outranks_passed(
    graver: int, lighter: int
) -> None:
    assert gravest([lighter, graver, lighter]) == graver


def test_the_precedence_is_that_of_the_documentation() -> None:
    assert PRECEDENCE == (1, 4, 3, 0)


def test_no_verdict_at_all_is_no_failure() -> None:
    assert gravest([]) == 0


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (UsageError("file x: key y"), 2, "gatedrill: file x: key y\n"),
        (PeerError("cannot   reach it "), 5, "gatedrill: cannot reach it\n"),
        (TyperException("No such option"), 2, "gatedrill: No such option\n"),
        (UsageError("one\n  two"), 2, "gatedrill: one\ngatedrill: two\n"),
        (KeyboardInterrupt(), 130, "gatedrill: interrupted\n"),
        (
            OSError(errno.EDQUOT, "Disk quota exceeded", "drills/x"),
            2,
            "gatedrill: cannot write drills/x: Disk quota exceeded; make room, or choose another\n",
        ),
    ],
)
def test_a_known_failure_is_its_code_and_a_line_for_each_problem(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def command() -> None:
        raise error

    assert run_to_exit(command) == code
    assert capsys.readouterr() == ("", line)


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (3, 3)])
def test_a_command_that_returns_ends_with_what_it_returned(
    returned: int | None, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_to_exit(lambda: returned) == code
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    "error", [ZeroDivisionError("by design"), ExceptionGroup("of", [OSError()])]
)
def test_a_fault_of_our_own_has_its_own_code_a_traceback_and_a_line_to_act_on(
    error: Exception, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    def command() -> None:
        raise error

    assert run_to_exit(command) == OUR_FAULT == 70
    [record] = caplog.records
    assert record.exc_info is not None
    assert record.exc_info[1] is error
    last_line = capsys.readouterr().err.splitlines()[-1]
    assert last_line == "gatedrill: this is a fault of gatedrill itself: please report it"


@pytest.mark.parametrize("arguments", [("scenarios",), ("run", "race", "--dry-run"), ("--help",)])
def test_output_for_which_there_is_no_room_is_no_fault_of_ours(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        ended = subprocess.run(
            [*COMMAND, *arguments],
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    why = "No space left on device; make room, or choose another"
    assert (ended.returncode, ended.stderr) == (2, f"gatedrill: cannot write the output: {why}\n")


@pytest.mark.parametrize("options", [(), ("--log-json",)])
def test_a_fault_of_our_own_ends_the_real_command_with_a_traceback_on_stderr(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    (tmp_path / "sitecustomize.py").write_text(BROKEN)
    ended = subprocess.run(
        [*COMMAND, "run", "race", "--dry-run", *options],
        env=environment(PYTHONPATH=str(tmp_path)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (70, "")
    assert "Traceback (most recent call last)" in ended.stderr
    assert "ZeroDivisionError: nobody foresaw this" in ended.stderr
    last_line = ended.stderr.splitlines()[-1]
    assert "this is a fault of gatedrill itself: please report it" in last_line
