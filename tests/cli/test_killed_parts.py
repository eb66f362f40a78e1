"""Parts of the venue that die in the middle of a stream: a report all the same, and no hang."""

import json
import os
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from command import Ended, running
from runs import attempt_count, await_first_attempt, folders, outcomes, result


class Drill(NamedTuple):
    ended: Ended
    folders: list[Path]

    @property
    def folder(self) -> Path:
        """The first scenario's."""
        return self.folders[0]


@pytest.fixture(scope="module")
def drills(duel: str, stroll: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Drill]:
    """By part, a drill in which it was killed amid scans; all at the same time.

    After "two:" stands a part that was killed in the first of two scenarios.
    """
    commands = {
        "backend": ("scanner-burst", "--devices", "2", "--duration", "3s"),
        "broker": (stroll, "--log-json"),
        "fleet": (stroll,),
        "two: broker": (stroll, duel),
    }
    outs = {part: tmp_path_factory.mktemp(part) for part in commands}
    with ExitStack() as stack:
        started = {
            part: stack.enter_context(running("run", *arguments, "--out", str(outs[part])))
            for part, arguments in commands.items()
        }
        for part, command in started.items():
            await_first_attempt(outs[part])
            os.kill(command.part(part.removeprefix("two: ")), signal.SIGKILL)
        return {
            part: Drill(command.ended(), folders(outs[part])) for part, command in started.items()
        }


@pytest.mark.parametrize("part", ["backend", "broker", "fleet", "two: broker"])
def test_a_run_that_lost_a_part_stops_the_others(part: str, drills: dict[str, Drill]) -> None:
    assert drills[part].ended.left_running == {}


@pytest.mark.parametrize("part", ["broker", "fleet"])
def test_devices_that_are_heard_of_no_more_are_named_as_silent(
    part: str, drills: dict[str, Drill]
) -> None:
    ended, folder = drills[part].ended, drills[part].folder
    assert ended.code == result(folder).exit_code == 4
    assert "devices fell silent: gate-01, gate-02" in ended.out
    [silent] = result(folder).silent
    assert silent.devices == ("gate-01", "gate-02")


def test_a_killed_service_is_unknown_and_never_a_violation(drills: dict[str, Drill]) -> None:
    ended, folder = drills["backend"].ended, drills["backend"].folder
    assert ended.code in (3, 4)
    assert outcomes(folder)["unknown"] > 0
    assert result(folder).counters.scans == attempt_count(folder)
    [records_agree] = [each for each in result(folder).checks if each.name == "records agree"]
    assert records_agree.status == "not judged"


def test_json_lines_of_every_process_name_the_run_and_those_of_a_fleet_its_name(
    drills: dict[str, Drill],
) -> None:
    ended, folder = drills["broker"].ended, drills["broker"].folder
    lines = [json.loads(line) for line in ended.err_lines]
    assert {line["run"] for line in lines} == {folder.parent.name}
    lost = [line for line in lines if "lost the broker" in line["message"]]
    assert {line.get("fleet") for line in lost} == {None, "gate"}
    assert {line["level"] for line in lost} == {"warning"}


def test_a_broker_lost_in_the_first_of_two_scenarios_leaves_both_judged_and_kept(
    drills: dict[str, Drill],
) -> None:
    ended, kept = drills["two: broker"]
    assert [folder.name for folder in kept] == ["1-stroll", "2-duel"]
    first, second = map(result, kept)
    # Something was fired, so it is no peer out of reach any more (5) but what was seen of it.
    assert ended.code == first.exit_code == second.exit_code == 4
    assert ended.out.count("INCONCLUSIVE  ") == 2
    assert first.counters.scans == attempt_count(kept[0]) > 0
    assert second.counters.attempts == attempt_count(kept[1]) == 0
    assert "no connection to the broker" in (second.cut_short or "")


def test_a_fleet_that_cannot_tell_how_its_step_went_says_so_in_a_line(
    drills: dict[str, Drill],
) -> None:
    ended = drills["two: broker"].ended  # and that is free of tracebacks, or we had not come here
    [line] = [line for line in ended.err_lines if " failed: " in line]
    assert " warning " in line
    assert "fleet=gate" in line
    assert "step stroll-1 failed: cannot publish" in line
