"""Parts of the venue that die in the middle of a stream: a report all the same, and no hang."""

import json
import os
import signal
from pathlib import Path

import pytest
from command import Ended, Running, running
from runs import await_first_scan, only_folder, outcomes, result, scan_count


def kill_amid_scans(command: Running, part: str, out: Path) -> Ended:
    await_first_scan(out)
    os.kill(command.part(part), signal.SIGKILL)
    # A fleet that cannot reach its broker for ten seconds may log why it gave its step up.
    return command.ended(may_trace=part == "broker")


def test_devices_of_a_killed_fleet_are_named_as_silent(stroll: str, tmp_path: Path) -> None:
    with running("run", stroll, "--out", str(tmp_path)) as command:
        ended = kill_amid_scans(command, "fleet", tmp_path)
    assert (ended.code, ended.left_running) == (4, {})
    assert "devices fell silent: gate-01, gate-02" in ended.out
    [silent] = result(only_folder(tmp_path)).silent
    assert silent.devices == ("gate-01", "gate-02")


def test_a_killed_service_is_unknown_and_never_a_violation(tmp_path: Path) -> None:
    arguments = ("scanner-burst", "--devices", "2", "--duration", "3s")
    with running("run", *arguments, "--out", str(tmp_path)) as command:
        ended = kill_amid_scans(command, "backend", tmp_path)
    assert ended.code in (3, 4)
    assert ended.left_running == {}
    folder = only_folder(tmp_path)
    assert outcomes(folder)["unknown"] > 0
    assert result(folder).counters.scans == scan_count(folder)
    [records_agree] = [each for each in result(folder).checks if each.name == "records agree"]
    assert records_agree.status == "not judged"


@pytest.fixture(scope="module")
def brokerless(stroll: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, Path]:
    out = tmp_path_factory.mktemp("brokerless")
    arguments = ("run", stroll, "--duration", "3s", "--log-json", "--out", str(out))
    with running(*arguments) as command:
        ended = kill_amid_scans(command, "broker", out)
    return ended, only_folder(out)


def test_a_killed_broker_leaves_every_device_silent(brokerless: tuple[Ended, Path]) -> None:
    ended, folder = brokerless
    assert (ended.code, ended.left_running) == (4, {})
    assert "devices fell silent: gate-01, gate-02" in ended.out
    assert result(folder).exit_code == 4


def test_json_lines_of_every_process_name_the_run_and_those_of_a_fleet_its_name(
    brokerless: tuple[Ended, Path],
) -> None:
    ended, folder = brokerless
    lines = [json.loads(line) for line in ended.err_lines]
    assert {line["run"] for line in lines} == {folder.parent.name}
    lost = [line for line in lines if "lost the broker" in line["message"]]
    assert {line.get("fleet") for line in lost} == {None, "gate"}
    assert {line["level"] for line in lost} == {"warning"}
