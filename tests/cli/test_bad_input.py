"""What a user can get wrong: one clear line each, the right exit code, and nothing started."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Ended, gatedrill, on_closed_pipe
from own_command_line import OwnCommandLine

KEY = {"SUPABASE_SERVICE_ROLE_KEY": "some-key"}
NOWHERE = "http://127.0.0.1:1"
STORE = "postgresql://someone:open-sesame@127.0.0.1:1/venue"
FIVE_MISTAKES = """
version = 1
name = "Five"
title = "Five mistakes"
devices = "2"
speed = 3
[[tickets]]
name = "own"
status = "scanned"
[[phases]]
kind = "burst"
shows = [{ tickets = "own" }]
probe = "yes"
"""
TICKETS = '{"tickets": [{"id": "1", "event_id": "e", "type": "general"}]}'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with everything that is wrong in it."""
    (tmp_path / "malformed.toml").write_text("version = 1\nname =\n")
    (tmp_path / "malformed.json").write_text('{"tickets": [')
    (tmp_path / "tickets.json").write_text(TICKETS)
    (tmp_path / "five.toml").write_text(FIVE_MISTAKES)
    (tmp_path / "file").write_text("in the way")
    return tmp_path


def assert_one_line(ended: Ended, code: int, pattern: str) -> None:
    assert ended.code == code, ended.err
    assert ended.out == ""
    [line] = ended.err_lines
    assert line.startswith("gatedrill: ")
    assert re.search(pattern, line), line


@pytest.mark.parametrize(
    ("command", "pattern"),
    [
        ("bogus", "No such command 'bogus'"),
        ("run --bogus", "No such option: --bogus"),
        ("run nope", "unknown scenario 'nope': known are .*, race, race-hunt, .*"),
        ("run malformed.toml", r"malformed\.toml: not valid TOML: .*line 2"),
        ("run race race", "named twice"),
        ("run --duration 60", "'60' is no duration: .*like 60s"),
        ("run --duration 2h", "--duration 2h.*3600"),
        ("run --devices 0", "--devices"),
        ("run race --fault nope", "there is no fault 'nope': choose from read-then-update"),
        ("run race --decoder nope", "unknown decoder 'nope': choose one of zxing, zbar"),
        ("run race --out file", "--out file: cannot be made: File exists"),
        ("run race --tickets tickets.json", "--tickets .* say which one with --target"),
        ("run race --vip-argument p_id", "--vip-argument.*p_pass_id.*p_qr_token"),
        ("selftest --full", "--full needs a PostgreSQL: .* --store, or set GATEDRILL_STORE"),
        ("selftest --fault nope", "there is no fault 'nope': choose from none, read-then-update"),
        ("selftest --scenario nope", "there is no scenario 'nope': choose from clock-skew, cra"),
        (f"run race --target {NOWHERE}", "key .* is missing: set SUPABASE_SERVICE_ROLE_KEY"),
        ("backend --port 0", "key is missing: set SUPABASE_SERVICE_ROLE_KEY"),
        ("report nowhere", "nowhere: holds no run"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(
    here: OwnCommandLine, command: str, pattern: str, folder: Path
) -> None:
    assert_one_line(here.ended(*command.split(), cwd=folder), 2, pattern)


@pytest.mark.parametrize(
    ("command", "code", "pattern"),
    [
        (f"run race --target {NOWHERE}", 5, f"cannot reach the service at {NOWHERE}"),
        ("run race --broker mqtt://127.0.0.1:1", 5, "cannot reach the broker at mqtt://127.0.0.1"),
        ("backend --db x.db --store postgresql://x", 2, "--db and --store both say where records"),
        ("backend --port 0 --store postgresql://127.0.0.1:1/x", 5, "127.0.0.1"),
        ("backend --port 0 --wait 5s", 2, "--wait is for a PostgreSQL: name one with --store"),
        ("backend --port 0 --store postgresql://x --wait 5", 2, "'5' is no duration"),
        ("selftest --scenario race --store postgresql://127.0.0.1:1/x", 5, "127.0.0.1"),
        (f"fleet --broker mqtt://127.0.0.1:1 --target {NOWHERE}", 5, "cannot reach the broker"),
        ("fleet --broker mqtt://127.0.0.1:1", 2, "--target is missing: .*set SUPABASE_URL"),
        ("backend --port 0 --fault nope", 2, "there is no fault 'nope'"),
        ("backend --port 0 --db file/x", 2, "file/x"),
    ],
)
def test_peers_and_files_that_are_not_there_are_one_line(
    command: str, code: int, pattern: str, folder: Path
) -> None:
    assert_one_line(gatedrill(*command.split(), cwd=folder, **KEY), code, pattern)


@pytest.mark.parametrize(
    ("command", "pattern"),
    [
        ("run race --broker http://127.0.0.1:1", "broker url is not allowed"),
        ("run race --target http://gate.example", "add --allow-target gate.example"),
        (f"run race --target {NOWHERE} --fault slow-350ms", "--fault is for the backend"),
        (f"run race --target {NOWHERE} --tickets x.json", r"x\.json: cannot be read"),
        (f"run race --target {NOWHERE} --tickets malformed.json", "malformed.json: not valid J"),
    ],
)
def test_what_a_run_is_told_of_peers_and_files_is_wrong_in_one_line(
    here: OwnCommandLine, command: str, pattern: str, folder: Path
) -> None:
    assert_one_line(here.ended(*command.split(), cwd=folder, **KEY), 2, pattern)


def test_every_mistake_of_a_scenario_has_a_line_of_its_own_with_file_and_key(
    here: OwnCommandLine, folder: Path
) -> None:
    ended = here.ended("run", "five.toml", cwd=folder)
    assert (ended.code, ended.out) == (2, "")
    for line, pattern in zip(
        ended.err_lines,
        [
            r"object contains unknown field `speed` \(allowed: authorities, .*devices, .*\)",
            r"key name: expected `str` matching .*",
            r"key phases\[0\]\.probe: expected `bool`, got `str`",
            r"key devices: expected `int`, got `str`",
            r"key tickets\[0\]\.status: .*'scanned' \(allowed: cancelled, unknown, valid\)",
        ],
        strict=True,
    ):
        assert re.fullmatch(f"gatedrill: five\\.toml: {pattern}", line), line
    assert not (folder / "drills").exists()


def test_every_phase_that_a_new_size_does_not_suit_has_a_line_of_its_own(
    here: OwnCommandLine,
) -> None:
    ended = here.ended("run", "mixed-rush", "--devices", "1", "--dry-run")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err_lines == [
        "gatedrill: mixed-rush: key phases[0]: needs 3 devices, the scenario has 1",
        "gatedrill: mixed-rush: key phases[1]: needs 16 devices, the scenario has 1",
    ]


@pytest.mark.parametrize("command", ["run race", "backend --port 0", "selftest --scenario race"])
def test_a_password_in_a_store_option_is_not_repeated(
    here: OwnCommandLine, command: str, folder: Path
) -> None:
    ended = here.ended(*command.split(), "--store", STORE, cwd=folder, **KEY)
    assert_one_line(ended, 2, "--store carries a password.* GATEDRILL_STORE instead, or PGPASSWORD")
    assert "open-sesame" not in ended.err


@pytest.mark.parametrize("command", ["run race --out drills", "backend --port 0"])
def test_a_key_that_no_header_can_carry_is_refused_and_not_told(command: str, folder: Path) -> None:
    ended = gatedrill(*command.split(), cwd=folder, SUPABASE_SERVICE_ROLE_KEY="geheim\nnis")
    assert_one_line(ended, 2, "SUPABASE_SERVICE_ROLE_KEY holds what no HTTP header can carry")
    assert "geheim" not in ended.err


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.mark.parametrize("part", ["backend", "broker", "broker --kind embedded"])
def test_a_taken_port_is_named(part: str, taken_port: int) -> None:
    ended = gatedrill(*part.split(), "--port", str(taken_port), **KEY)
    assert_one_line(ended, 2, f"port {taken_port} on 127.0.0.1 is taken: choose another")


@pytest.mark.parametrize(
    ("command", "package", "extra"),
    [
        ("run race", "uvicorn", "backend"),
        ("run race", "zxingcpp", "devices"),
        ("broker --port 0 --kind embedded", "amqtt", "embedded-broker"),
    ],
)
def test_a_missing_extra_is_named_with_the_way_to_install_it(
    command: str, package: str, extra: str, folder: Path
) -> None:
    (folder / f"{package}.py").write_text(
        f"raise ModuleNotFoundError('not here', name={package!r})\n"
    )
    ended = gatedrill(*command.split(), cwd=folder, PYTHONPATH=str(folder))
    assert_one_line(ended, 2, rf"{package}: .*install .*gatedrill\[{extra}\]")


@pytest.mark.parametrize("command", ["scenarios", "scenarios --json", "--version", "run --help"])
def test_a_reader_that_went_away_is_no_failure(command: str) -> None:
    assert on_closed_pipe(*command.split()) == Ended(0, "", "")


def test_no_command_at_all_shows_the_help() -> None:
    ended = gatedrill()
    assert (ended.code, ended.err) == (2, "")
    assert "Commands:" in ended.out
