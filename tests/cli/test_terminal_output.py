"""What is written for whom: terminals, pipes, machines, and those who want no colours."""

import json
from pathlib import Path
from typing import NamedTuple

import pytest
from command import Ended, gatedrill, on_terminal, running
from runs import only_folder

ESCAPE = "\x1b"
SHIPPED = [
    *("clock-skew", "crash-full-queue", "drill-duplicate", "drill-outage", "drill-vip"),
    *("flapping-uplink", "linked-ticket", "mixed-rush"),
    *("outage-heal", "race", "race-hunt", "reconnect-storm", "scanner-burst"),
    *(f"slot-{number}" for number in range(1, 9)),
    *("timeout-outcomes", "two-islands", "uplink-cut", "vip-checkin", "vip-reentry"),
]


class LoggedRun(NamedTuple):
    ended: Ended
    folder: Path


@pytest.fixture(scope="module")
def logged_run(duel: str, tmp_path_factory: pytest.TempPathFactory) -> LoggedRun:
    out = tmp_path_factory.mktemp("logged")
    arguments = ("run", duel, "--log-json", "--log-level", "info", "--out", str(out))
    with running(*arguments) as command:
        return LoggedRun(command.ended(), only_folder(out))


@pytest.mark.parametrize("variables", [{"COLUMNS": "40"}, {"COLUMNS": "40", "FORCE_COLOR": "1"}])
def test_scenarios_are_a_line_each_with_the_name_first_and_unwrapped(
    variables: dict[str, str],
) -> None:
    ended = gatedrill("scenarios", **variables)
    assert (ended.code, ended.err) == (0, "")
    assert [line.split("  ")[0].strip() for line in ended.out.splitlines()] == SHIPPED
    assert max(len(line) for line in ended.out.splitlines()) > 80


def test_scenarios_as_json_have_all_details() -> None:
    listed = json.loads(gatedrill("scenarios", "--json").out)
    assert [each["name"] for each in listed] == SHIPPED
    race = listed[SHIPPED.index("race")]
    assert race["thresholds"]["scan_duration"] == ["p(95)<200"]
    assert race["phases"][0]["shows"][0]["tickets"] == race["tickets"][0]["name"]


def test_a_narrow_terminal_does_not_cut_what_is_piped(logged_run: LoggedRun) -> None:
    wide = gatedrill("report", str(logged_run.folder))
    narrow = gatedrill("report", str(logged_run.folder), COLUMNS="40")
    assert narrow == wide
    assert "…" not in narrow.out


def test_a_report_is_coloured_on_a_terminal_and_plain_where_no_color_is_set(
    logged_run: LoggedRun,
) -> None:
    coloured = on_terminal("report", str(logged_run.folder))
    plain = on_terminal("report", str(logged_run.folder), NO_COLOR="1")
    assert ESCAPE in coloured[1]
    assert ESCAPE not in plain[1]
    assert "PASSED  duel" in plain[1]
    assert coloured[0] == plain[0] == 0


@pytest.mark.parametrize("command", ["scenarios", "--help", "run nope"])
def test_no_color_gives_no_escape_codes(command: str) -> None:
    assert ESCAPE not in on_terminal(*command.split(), NO_COLOR="1")[1]


def test_no_color_has_lines_instead_of_a_progress_bar(duel: str, tmp_path: Path) -> None:
    code, written = on_terminal("run", duel, "--out", str(tmp_path), NO_COLOR="1")
    assert code == 0, written
    assert ESCAPE not in written
    assert "duel-1.1: up to 2 attempts" in written


def test_logs_as_json_are_one_object_a_line_with_the_run_in_each(logged_run: LoggedRun) -> None:
    lines = [json.loads(line) for line in logged_run.ended.err_lines]
    assert logged_run.ended.code == 0
    assert {line["run"] for line in lines} == {logged_run.folder.parent.name}
    assert all(line.keys() >= {"time", "level", "logger", "message"} for line in lines)
    assert any("duel-1.1: up to 2 attempts" in line["message"] for line in lines)


def test_what_goes_wrong_is_json_too() -> None:
    ended = gatedrill("run", "nope", "--log-json")
    [line] = ended.err_lines
    assert ended.code == 2
    assert json.loads(line)["message"].startswith("gatedrill: unknown scenario 'nope'")


def test_the_version_is_told() -> None:
    assert gatedrill("--version").out.startswith("gatedrill 0.")
