"""The self-test as a user runs it: what it says of faults, of claims that fail, and its end."""

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from command import Ended, gatedrill, running
from runs import await_first_attempt, folders, result

ONE_GUEST = """
version = 1
name = "{name}"
title = "One guest"
devices = 1
{catches}
[[tickets]]
name = "own"

[[phases]]
kind = "burst"
shows = [{{ tickets = "own" }}]
expect = {{ admitted = {admitted} }}
"""
"""One guest cannot show a fault of the VIP counter; and the guest is admitted, once."""

OTHER_SCENARIOS = """
from pathlib import Path

import gatedrill.cli.selftest_matrix, gatedrill.cli.selftest_runs
from gatedrill.fixtures.loader import load_scenario

here = Path(__file__).parent
gatedrill.cli.selftest_matrix.shipped_scenarios = lambda: [
    load_scenario(str(here / f"{name}.toml")) for name in ("boastful", "alarmist")
]
gatedrill.cli.selftest_runs.MAX_ROUNDS = 2
"""


class SelfTests(NamedTuple):
    race: Ended
    slot: Ended
    wrong: Ended
    out: Path


class Interrupted(NamedTuple):
    ended: Ended
    temporary: Path


@pytest.fixture(scope="module")
def selftests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SelfTests]:
    """Three self-tests at the same time: two of shipped scenarios, one of scenarios that err."""
    folder, out = tmp_path_factory.mktemp("wrong"), tmp_path_factory.mktemp("kept")
    catches = 'catches = ["vip-counter-uncapped"]'
    boastful = ONE_GUEST.format(name="boastful", catches=catches, admitted=1)
    (folder / "boastful.toml").write_text(boastful)
    alarmist = ONE_GUEST.format(name="alarmist", catches="", admitted=0)
    (folder / "alarmist.toml").write_text(alarmist)
    (folder / "sitecustomize.py").write_text(OTHER_SCENARIOS)
    race = ("--scenario", "race", "--fault", "read-then-update", "--fault", "none")
    slot = ("--scenario", "slot-1", "--fault", "slots-500-when-full", "--out", str(out))
    with ExitStack() as stack:
        started = [
            stack.enter_context(running("selftest", *race)),
            stack.enter_context(running("selftest", *slot, "--json", "--seed", "5")),
            stack.enter_context(running("selftest", PYTHONPATH=str(folder))),
        ]
        ended = [command.ended() for command in started]
        yield SelfTests(ended[0], ended[1], ended[2], out)


def test_a_fault_that_is_caught_and_an_honest_service_make_a_matrix_and_exit_code_0(
    selftests: SelfTests,
) -> None:
    race = selftests.race
    assert (race.code, race.left_running) == (0, {}), race.out
    lines = [line.split() for line in race.out.splitlines()]
    [caught] = [line for line in lines if line[:1] == ["read-then-update"] and len(line) == 2]
    assert int(caught[1]) in range(1, 6)
    assert ["no", "fault", "ok"] in lines
    assert "read-then-update in race: admitted once, " in race.out
    assert "1 of 1 claims hold over 1 faults; the honest service passed 1 of 1" in race.out
    assert race.err_lines == ["SQLite: none in race", "SQLite: read-then-update in race"]


def test_as_json_every_cell_says_how_it_came_out_and_what_told(selftests: SelfTests) -> None:
    assert selftests.slot.code == 0, selftests.slot.out
    [cell] = json.loads(selftests.slot.out)
    assert cell.pop("rounds") in range(1, 6)
    assert cell == {
        "fault": "slots-500-when-full",
        "scenario": "slot-1",
        "store": "SQLite",
        "must_catch": True,
        "ending": "caught",
        "by": ["checkouts answered"],
    }


def test_the_runs_of_a_self_test_can_be_kept_and_judged_again(selftests: SelfTests) -> None:
    [cell] = json.loads(selftests.slot.out)
    kept = [result(folder) for folder in folders(selftests.out)]
    assert len(kept) == cell["rounds"]
    assert {each.scenario for each in kept} == {"slot-1"}
    assert sorted(each.seed for each in kept) == list(range(5, 5 + len(kept)))
    assert gatedrill("report", str(folders(selftests.out)[-1])).code in (0, 1)


def test_a_claim_that_fails_and_a_false_alarm_end_with_1_and_are_named(
    selftests: SelfTests,
) -> None:
    wrong = selftests.wrong
    assert (wrong.code, wrong.left_running) == (1, {})
    matrix = [line.split() for line in wrong.out.splitlines()]
    assert ["no", "fault", "ok", "FALSE"] in matrix
    assert ["vip-counter-uncapped", "MISSED"] in matrix
    assert "none in alarmist: as expected" in wrong.out
    assert "0 of 1 claims hold over 1 faults; the honest service passed 1 of 2" in wrong.out


def test_faults_that_no_scenario_claims_are_not_a_self_test_that_holds() -> None:
    ended = gatedrill("selftest", "--scenario", "slot-1", "--fault", "slow-350ms")
    assert (ended.code, ended.out) == (2, "")
    [line] = ended.err_lines
    assert line == "gatedrill: none of these scenarios claims to catch any of these faults"


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Interrupted]]:
    """By signal, a self-test that got it in the middle of a run; both at the same time."""
    with ExitStack() as stack:
        started = {}
        for number in (signal.SIGINT, signal.SIGTERM):
            temporary = tmp_path_factory.mktemp("temporary")
            arguments = ("selftest", "--scenario", "scanner-burst", "--fault", "none")
            command = stack.enter_context(running(*arguments, TMPDIR=str(temporary)))
            started[number] = command, temporary
        for number, (command, temporary) in started.items():
            await_first_attempt(temporary)
            assert len(command.family()) >= 4
            command.send_signal(number)
        yield {
            number.name: Interrupted(command.ended(), temporary)
            for number, (command, temporary) in started.items()
        }


@pytest.mark.parametrize("number", ["SIGINT", "SIGTERM"])
def test_an_interrupted_self_test_leaves_nothing_behind(
    number: str, interrupted: dict[str, Interrupted]
) -> None:
    ended, temporary = interrupted[number]
    assert (ended.code, ended.out, ended.left_running) == (130, "", {})
    assert ended.err_lines[-1] == "gatedrill: interrupted"
    assert list(temporary.iterdir()) == []
