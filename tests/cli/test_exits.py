"""Exit codes, and one line for what went wrong."""

import itertools

import pytest
from typer.exceptions import TyperException

from gatedrill.cli.exits import PRECEDENCE, gravest, run_to_exit
from gatedrill.contract.errors import PeerError, UsageError


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
        (PeerError("cannot reach\n  it"), 5, "gatedrill: cannot reach it\n"),
        (TyperException("No such option"), 2, "gatedrill: No such option\n"),
        (KeyboardInterrupt(), 130, "gatedrill: interrupted\n"),
    ],
)
def test_a_known_failure_is_one_line_and_its_code(
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


def test_a_fault_of_our_own_is_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        run_to_exit(lambda: 1 // 0)
