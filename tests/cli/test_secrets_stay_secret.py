"""Neither a service's key nor a broker's password shows up anywhere but where it is needed."""

import asyncio
import re
from pathlib import Path

import asyncpg
from command import Ended, Running, gatedrill, running
from postgres_server import PASSWORD as STORE_PASSWORD
from runs import await_first_attempt, only_folder, outcomes, records
from venue_processes import KEY, running_venue

from gatedrill.backend.postgres_store import SCHEMA

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
    elsewhere = {"GATEDRILL_BROKER_USER": "conductor", "GATEDRILL_BROKER_CA": "of-a-venue.pem"}
    with running(*arguments, "--log-level", "debug", **elsewhere) as command:
        await_first_attempt(tmp_path)
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


def logged_scans(store: str) -> int:
    async def count() -> int:
        connection = await asyncpg.connect(store)
        try:
            return int(await connection.fetchval(f"SELECT count(*) FROM {SCHEMA}.scan_logs"))
        finally:
            await connection.close()

    return asyncio.run(count())


def test_a_race_on_postgresql_tells_its_password_nowhere(
    store: str, duel: str, tmp_path: Path
) -> None:
    arguments = ("run", duel, "--log-level", "debug", "--out", str(tmp_path))
    with running(*arguments, GATEDRILL_STORE=store) as command:
        command.err_line("service: reference backend on PostgreSQL at http://")
        command.part("fleet")
        command_lines = "\n".join(command.family().values())
        ended = command.ended()
    assert ended.code == 0, ended.err
    folder = only_folder(tmp_path)
    assert outcomes(folder) == {"admitted": 1, "refused": 1}
    assert logged_scans(store) == len(records(folder).logs.scan_logs or ()) >= 2
    assert "gatedrill.cli backend" in command_lines
    assert STORE_PASSWORD not in command_lines
    assert_secret(STORE_PASSWORD, ended, tmp_path)


def test_a_password_that_postgresql_refuses_is_not_told(
    store: str, duel: str, tmp_path: Path
) -> None:
    wrong = store.replace(STORE_PASSWORD, "open-sesame")
    ended = gatedrill("run", duel, "--out", str(tmp_path), GATEDRILL_STORE=wrong)
    assert (ended.code, ended.out) == (5, "")
    assert "open-sesame" not in ended.err
    assert "PostgreSQL" in ended.err_lines[-1]
