"""Neither a service's key nor a broker's password shows up anywhere but where it is needed."""

import re
from pathlib import Path

from command import Ended, Running, running
from runs import await_first_scan
from venue_processes import KEY, running_venue

PASSWORD = "open-sesame"


def assert_secret(secret: str, ended: Ended, out: Path) -> None:
    assert secret not in ended.out
    assert secret not in ended.err
    files = [file for file in out.rglob("*") if file.is_file()]
    assert len(files) >= 4
    for file in files:
        assert secret not in file.read_text(), file


def key_of_fleet(command: Running) -> str:
    environ = Path(f"/proc/{command.part('fleet')}/environ").read_text()
    found = re.search(r"SUPABASE_SERVICE_ROLE_KEY=([^\0]+)", environ)
    assert found
    return found[1]


def test_the_key_of_a_run_s_own_service_is_nowhere_to_be_read(stroll: str, tmp_path: Path) -> None:
    arguments = ("run", stroll, "--duration", "1s", "--out", str(tmp_path))
    with running(*arguments, "--log-level", "debug") as command:
        await_first_scan(tmp_path)
        key = key_of_fleet(command)
        command_lines = "\n".join(command.family().values())
        ended = command.ended()
    assert "gatedrill.cli fleet" in command_lines
    assert key not in command_lines
    assert "httpcore" in ended.err  # the log that might have told it
    assert_secret(key, ended, tmp_path)


def test_a_broker_s_password_and_a_target_s_key_are_nowhere_to_be_read(
    duel: str, tmp_path: Path
) -> None:
    with running_venue() as venue:
        broker = venue.broker.replace("mqtt://", f"mqtt://guest:{PASSWORD}@")
        arguments = ("run", duel, "--log-level", "debug", "--out", str(tmp_path))
        variables = {"GATEDRILL_BROKER": broker, "SUPABASE_SERVICE_ROLE_KEY": KEY}
        with running(*arguments, **variables) as command:
            ended = command.ended()
    assert ended.code == 0, ended.err
    assert_secret(PASSWORD, ended, tmp_path)
    assert_secret(KEY, ended, tmp_path)
