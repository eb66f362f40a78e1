"""Parts of the venue that die in the middle of a stream: a report all the same, and no hang."""

import json
import os
import signal
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from command import Ended, running
from runs import await_first_scan, only_folder, outcomes, result, scan_count


class Drill(NamedTuple):
    ended: Ended
    folder: Path


@pytest.fixture(scope="module")
def drills(stroll: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Drill]:
    """By part, a drill in which it was killed amid scans; all at the same time."""
    commands = {
        "backend": ("scanner-burst", "--devices", "2", "--duration", "3s"),
        "broker": (stroll, "--log-json"),
        "fleet": (stroll,),
    }
    outs = {part: tmp_path_factory.mktemp(part) for part in commands}
    with ExitStack() as stack:
        started = {
            part: stack.enter_context(running("run", *arguments, "--out", str(outs[part])))
            for part, arguments in commands.items()
        }
        for part, command in started.items():
            await_first_scan(outs[part])
            os.kill(command.part(part), signal.SIGKILL)
        # A fleet that cannot reach its broker for ten seconds may log why it gave its step up.
        return {
            part: Drill(command.ended(may_trace=part == "broker"), only_folder(outs[part]))
            for part, command in started.items()
        }


@pytest.mark.parametrize("part", ["backend", "broker", "fleet"])
def test_a_run_that_lost_a_part_stops_the_others(part: str, drills: dict[str, Drill]) -> None:
    assert drills[part].ended.left_running == {}


@pytest.mark.parametrize("part", ["broker", "fleet"])
def test_devices_that_are_heard_of_no_more_are_named_as_silent(
    part: str, drills: dict[str, Drill]
) -> None:
    ended, folder = drills[part]
    assert ended.code == result(folder).exit_code == 4
    assert "devices fell silent: gate-01, gate-02" in ended.out
    [silent] = result(folder).silent
    assert silent.devices == ("gate-01", "gate-02")


def test_a_killed_service_is_unknown_and_never_a_violation(drills: dict[str, Drill]) -> None:
    ended, folder = drills["backend"]
    assert ended.code in (3, 4)
    assert outcomes(folder)["unknown"] > 0
    assert result(folder).counters.scans == scan_count(folder)
    [records_agree] = [each for each in result(folder).checks if each.name == "records agree"]
    assert records_agree.status == "not judged"


def test_json_lines_of_every_process_name_the_run_and_those_of_a_fleet_its_name(
    drills: dict[str, Drill],
) -> None:
    ended, folder = drills["broker"]
    lines = [json.loads(line) for line in ended.err_lines]
    assert {line["run"] for line in lines} == {folder.parent.name}
    lost = [line for line in lines if "lost the broker" in line["message"]]
    assert {line.get("fleet") for line in lost} == {None, "gate"}
    assert {line["level"] for line in lost} == {"warning"}
