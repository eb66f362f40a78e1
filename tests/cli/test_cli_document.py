"""docs/cli.md says all of the command line and nothing else."""

import re
import shlex
from enum import Enum
from pathlib import Path

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from gatedrill.backend.faults import FAULTS
from gatedrill.broker.registrar.faults import REGISTRAR_FAULTS
from gatedrill.cli import environment
from gatedrill.cli.exits import INTERRUPTED, OUR_FAULT, PRECEDENCE
from gatedrill.cli.main import app
from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.devices.planted_faults import GATE_FAULTS

DOCUMENT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
GROUP = get_command(app)
assert isinstance(GROUP, TyperGroup)
COMMANDS = {
    name: command
    for first, one_or_more in GROUP.commands.items()
    for name, command in (
        [(first, one_or_more)]
        if not isinstance(one_or_more, TyperGroup)
        else [
            *([(first, one_or_more)] if one_or_more.params else []),  # does something by itself
            *((f"{first} {second}", each) for second, each in one_or_more.commands.items()),
        ]
    )
}


def section(heading: str) -> str:
    """The text below a heading, up to the next one of any level; the heading is part of it."""
    found = re.search(rf"(?m)^#+ {heading}.*\n(?:(?!#).*\n)*", DOCUMENT)
    return found[0] if found else ""


def rows(text: str) -> list[list[str]]:
    """The cells of every row whose first cell is code, without the code's backticks."""
    cells = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| `")]
    return [[cell.strip().strip("`") for cell in row] for row in cells]


def as_documented(default: object) -> str:
    if default is None or isinstance(default, bool):
        return ""
    return str(default.value if isinstance(default, Enum) else default)


def test_every_command_has_a_section_and_every_section_a_command() -> None:
    headings = re.findall(r"(?m)^### `gatedrill ([a-z-]+(?: [a-z-]+)?)", DOCUMENT)
    assert set(headings) == set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_options_of_a_command_and_their_defaults_are_those_of_its_section(command: str) -> None:
    documented = {row[0].split()[0]: row[1] for row in rows(section(f"`gatedrill {command}"))}
    assert documented == {
        option.opts[0]: as_documented(option.default)
        for option in COMMANDS[command].params
        if option.param_type_name == "option" and not getattr(option, "hidden", False)
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_the_arguments_of_a_command_stand_in_its_heading(command: str) -> None:
    heading = section(f"`gatedrill {command}").splitlines()[0]
    documented = {word.lower() for word in re.findall(r"[A-Z]{2,}", heading)}
    assert documented == {
        (argument.metavar or argument.name or "").lower()
        for argument in COMMANDS[command].params
        if argument.param_type_name == "argument"
    }


def test_the_options_of_the_whole_are_told() -> None:
    for option in GROUP.params:
        assert f"{option.opts[0]}`" in section("Commands")


def test_every_environment_variable_is_told_and_read() -> None:
    read = {
        value
        for name, value in vars(environment).items()
        if name.isupper() and isinstance(value, str) and not name.startswith("DEFAULT_")
    }
    assert {row[0] for row in rows(section("Environment variables"))} == read | {"NO_COLOR"}


def test_every_exit_code_is_told_and_used() -> None:
    used = {*PRECEDENCE, UsageError.exit_code, PeerError.exit_code, OUR_FAULT, INTERRUPTED}
    assert {int(row[0]) for row in rows(section("Exit codes"))} == used


def test_every_fault_is_told_and_can_be_planted() -> None:
    assert [row[0] for row in rows(section("Faults"))] == [fault.name for fault in FAULTS]


def test_every_fault_of_a_registrar_is_told_as_it_is() -> None:
    assert rows(section("Faults of a registrar")) == [
        [fault.name, fault.meaning] for fault in REGISTRAR_FAULTS
    ]


def test_every_fault_of_a_gate_is_told_as_it_is() -> None:
    assert rows(section("Faults of a gate")) == [
        [fault.name, fault.meaning] for fault in GATE_FAULTS
    ]


@pytest.mark.parametrize("example", re.findall(r"(?m)^\$ gatedrill (.+)$", DOCUMENT))
def test_an_example_is_what_the_command_takes(example: str) -> None:
    words = shlex.split(example)
    length = 2 if " ".join(words[:2]) in COMMANDS else 1
    name = " ".join(words[:length])
    COMMANDS[name].make_context(name, words[length:])


def test_there_are_examples_for_each_of_the_three_readers() -> None:
    assert section("Examples").count("```console") >= 3
