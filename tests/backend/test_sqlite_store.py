import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from gatedrill.backend import rules
from gatedrill.backend.faults import ReadThenUpdateStore
from gatedrill.backend.migrations import MIGRATIONS, migrate
from gatedrill.backend.sqlite_store import SqliteStore
from gatedrill.backend.table_query import parse_table_query
from gatedrill.contract.errors import UsageError
from gatedrill.contract.service import Population, ScanArguments, ScanRow, TicketRow

SCHEMA = "SELECT type, name, sql FROM sqlite_schema ORDER BY name"


def file_of_version(file: Path, version: int) -> None:
    """A file as it was left by the service that knew the first `version` migrations."""
    with closing(sqlite3.connect(file)) as connection:
        for script in MIGRATIONS[:version]:
            connection.executescript(script)
        connection.execute(f"PRAGMA user_version = {version}")


def look(file: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(file)) as connection:
        return connection.execute(statement).fetchall()


def migrate_file(file: Path, migrations: Sequence[str]) -> None:
    with closing(sqlite3.connect(file)) as connection:
        migrate(connection, file, migrations)


async def read(store: SqliteStore, table: str, **parameters: str) -> list[dict[str, object]]:
    return [dict(row) for row in await store.read(parse_table_query(table, parameters.items()))]


@pytest.mark.parametrize("version", range(len(MIGRATIONS) + 1))
async def test_a_file_of_any_older_version_becomes_like_a_new_one(
    tmp_path: Path, version: int
) -> None:
    file_of_version(tmp_path / "old", version)

    async with SqliteStore.open(tmp_path / "old"), SqliteStore.open(tmp_path / "new"):
        pass

    assert look(tmp_path / "old", SCHEMA) == look(tmp_path / "new", SCHEMA) != []
    assert look(tmp_path / "old", "PRAGMA user_version") == [(len(MIGRATIONS),)]


def test_migrations_run_from_the_version_of_the_file_on_and_keep_its_rows(
    tmp_path: Path,
) -> None:
    file = tmp_path / "file"
    first = "CREATE TABLE one (a)"
    second = "CREATE TABLE two (b); INSERT INTO two SELECT a FROM one"
    migrate_file(file, [first])
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO one VALUES ('kept')")

    migrate_file(file, [first, second])

    assert look(file, "SELECT a, b FROM one, two") == [("kept", "kept")]
    assert look(file, "PRAGMA user_version") == [(2,)]


def test_a_migration_that_fails_leaves_the_file_at_the_version_before(
    tmp_path: Path,
) -> None:
    file = tmp_path / "file"

    with pytest.raises(sqlite3.OperationalError):
        migrate_file(file, ["CREATE TABLE one (a)", "CREATE TABLE two (b); no such thing"])

    assert look(file, "SELECT name FROM sqlite_schema") == [("one",)]
    assert look(file, "PRAGMA user_version") == [(1,)]


async def test_a_file_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "gate.db"
    file_of_version(file, len(MIGRATIONS))
    look(file, f"PRAGMA user_version = {len(MIGRATIONS) + 6}")
    before = file.read_bytes()

    with pytest.raises(UsageError) as caught:
        async with SqliteStore.open(file):
            pass

    assert f"{file} has version {len(MIGRATIONS) + 6}" in str(caught.value)
    assert f"versions up to {len(MIGRATIONS)}:" in str(caught.value)
    assert file.read_bytes() == before


async def test_what_was_scanned_is_still_scanned_after_a_restart(tmp_path: Path) -> None:
    file = tmp_path / "gate.db"
    async with SqliteStore.open(file) as store:
        await store.replace_population(Population((TicketRow("t", "event", "vip"),)))
        await store.scan(ScanArguments("t", "anna"), "20:00")

    async with SqliteStore.open(file) as store:
        again = await store.scan(ScanArguments("t", "bert"), "21:00")

    assert again == ScanRow(False, True, "20:00", "anna", "Ticket already scanned")


async def test_a_hundred_scans_of_one_ticket_admit_one_and_log_all(tmp_path: Path) -> None:
    async with SqliteStore.open(tmp_path / "gate.db") as store:
        await store.replace_population(Population((TicketRow("t", "event", "vip"),)))

        answers = await asyncio.gather(
            *(store.scan(ScanArguments("t", f"scanner {n}"), "20:00") for n in range(100))
        )

        results = [row["result"] for row in await read(store, "scan_logs")]
    assert sum(answer.success for answer in answers) == 1
    assert results == ["success"] + ["already_scanned"] * 99


async def test_two_services_on_one_file_admit_once(tmp_path: Path) -> None:
    file = tmp_path / "gate.db"
    numbers = range(20)
    async with SqliteStore.open(file) as one, SqliteStore.open(file) as two:
        await one.replace_population(
            Population(tuple(TicketRow(str(n), "event", "vip") for n in numbers))
        )

        answers = await asyncio.gather(
            *(
                store.scan(ScanArguments(str(n), "anna"), "20:00")
                for n in numbers
                for store in (one, two)
            )
        )

    assert sum(answer.success for answer in answers) == len(numbers)


async def test_a_scan_that_fails_midway_changes_nothing_and_logs_nothing(tmp_path: Path) -> None:
    file = tmp_path / "gate.db"
    async with SqliteStore.open(file) as store:
        await store.replace_population(Population((TicketRow("t", "event", "vip"),)))
        look(file, "ALTER TABLE scan_logs RENAME COLUMN scan_method TO method")

        with pytest.raises(sqlite3.OperationalError):
            await store.scan(ScanArguments("t", "anna"), "20:00")
        look(file, "ALTER TABLE scan_logs RENAME COLUMN method TO scan_method")
        second = await store.scan(ScanArguments("t", "bert"), "21:00")

    assert second.success
    assert look(file, "SELECT scanned_by FROM scan_logs") == [("bert",)]


async def test_a_cancelled_scan_changes_nothing_and_frees_the_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "gate.db"
    reached = asyncio.Event()

    async def never(*_: object) -> None:
        reached.set()
        await asyncio.Event().wait()

    async with SqliteStore.open(file) as store:
        await store.replace_population(Population((TicketRow("t", "event", "vip"),)))
        with monkeypatch.context() as patch:
            patch.setattr(store, "_record", never)
            scanning = asyncio.create_task(store.scan(ScanArguments("t", "anna"), "20:00"))
            await reached.wait()
            scanning.cancel()
            with pytest.raises(asyncio.CancelledError):
                await scanning

        assert (await store.scan(ScanArguments("t", "bert"), "21:00")).success


async def test_no_ticket_gets_two_successful_log_rows_even_by_a_wrong_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    always = rules.judge_scan(TicketRow("t", "event", "vip"), ScanArguments("t", "anna"), "20:00")
    monkeypatch.setattr("gatedrill.backend.sqlite_store.judge_scan", lambda *_: always)
    async with SqliteStore.open(tmp_path / "gate.db") as store:
        await store.scan(ScanArguments("t", "anna"), "20:00")

        with pytest.raises(sqlite3.IntegrityError):
            await store.scan(ScanArguments("t", "anna"), "20:00")

        assert len(await read(store, "scan_logs")) == 1


async def test_a_file_in_which_a_fault_admitted_twice_is_refused_by_the_honest_store(
    tmp_path: Path,
) -> None:
    file = tmp_path / "gate.db"
    async with ReadThenUpdateStore.open(file) as store:
        await store.replace_population(Population((TicketRow("t", "event", "vip"),)))
        await asyncio.gather(*(store.scan(ScanArguments("t", "anna"), "20:00") for _ in range(3)))

    with pytest.raises(UsageError, match=r"gate\.db holds several successful scans"):
        async with SqliteStore.open(file):
            pass


async def test_a_file_that_a_fault_used_without_harm_is_guarded_again(tmp_path: Path) -> None:
    file = tmp_path / "gate.db"
    async with SqliteStore.open(file):
        pass
    guarded = look(file, SCHEMA)
    async with ReadThenUpdateStore.open(file):
        assert look(file, SCHEMA) != guarded

    async with SqliteStore.open(file):
        assert look(file, SCHEMA) == guarded


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("buy milk\n" * 1000)

    with pytest.raises(UsageError, match=r"cannot open database .*notes\.txt: file is not a da"):
        async with SqliteStore.open(tmp_path / "notes.txt"):
            pass


async def test_nulls_sort_as_greater_than_every_value(tmp_path: Path) -> None:
    tickets = (
        TicketRow("a", "event", "vip"),
        TicketRow("b", "event", "vip", "scanned", "19:00"),
        TicketRow("c", "event", "vip", "scanned", "20:00"),
    )
    async with SqliteStore.open(tmp_path / "gate.db") as store:
        await store.replace_population(Population(tickets))

        up = await read(store, "tickets", order="scanned_at", select="id")
        down = await read(store, "tickets", order="scanned_at.desc", select="id")

    assert [row["id"] for row in up] == ["b", "c", "a"]
    assert [row["id"] for row in down] == ["a", "c", "b"]


async def test_the_store_waits_for_no_disk_and_reads_beside_a_writer(tmp_path: Path) -> None:
    async with SqliteStore.open(tmp_path / "gate.db") as store:
        pragmas = [
            await store._connection.execute_fetchall(f"PRAGMA {name}")
            for name in ("journal_mode", "synchronous")
        ]

    assert [[tuple(row) for row in rows] for rows in pragmas] == [[("wal",)], [(1,)]]
