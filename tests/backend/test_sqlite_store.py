import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from gatedrill.backend.instants import parse_instant, utc_now
from gatedrill.backend.migrations import MIGRATIONS, migrate
from gatedrill.backend.sqlite_store import SqliteStore
from gatedrill.backend.ticket_desk import TicketDesk
from gatedrill.contract.errors import UsageError
from gatedrill.contract.service import ScanArguments, ScanRow, TicketRow

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


@pytest.mark.parametrize("version", range(len(MIGRATIONS) + 1))
async def test_a_file_of_any_older_version_becomes_like_a_new_one(
    tmp_path: Path, version: int
) -> None:
    file_of_version(tmp_path / "old", version)

    async with SqliteStore.open(tmp_path / "old"), SqliteStore.open(tmp_path / "new"):
        pass

    assert look(tmp_path / "old", SCHEMA) == look(tmp_path / "new", SCHEMA) != []
    assert look(tmp_path / "old", "PRAGMA user_version") == [(len(MIGRATIONS),)]


async def test_a_file_of_version_1_keeps_its_tickets_and_its_log(tmp_path: Path) -> None:
    file = tmp_path / "gate.db"
    file_of_version(file, 1)
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute(
            "INSERT INTO tickets VALUES ('t', 'event', 'vip', 'scanned', '20:00', 'anna', 'gate-1')"
        )
        connection.execute(
            "INSERT INTO scan_logs VALUES (7, 't', 'anna', 'gate-1', 'qr', 'success', '20:00')"
        )
        connection.execute(
            "CREATE UNIQUE INDEX one_success_a_ticket ON scan_logs (ticket_id) "
            "WHERE result = 'success'"
        )

    async with SqliteStore.open(file) as store:
        again = await TicketDesk(store, lambda: "21:00").scan(ScanArguments("t", "bert"))
        async with store.transaction() as records:
            ticket = await records.find(TicketRow, "t")

    assert again == ScanRow(False, True, "20:00", "anna", "Ticket already scanned")
    assert ticket is not None
    assert ticket.updated_at is not None
    assert (parse_instant(ticket.updated_at), ticket.updated_at <= utc_now()) == (
        ticket.updated_at,
        True,
    )
    former = TicketRow("t", "event", "vip", "scanned", "20:00", "anna", "gate-1")
    assert msgspec.structs.replace(ticket, updated_at=None) == former
    assert look(file, "SELECT id, result FROM scan_logs ORDER BY id") == [
        (7, "success"),
        (8, "already_scanned"),
    ]


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


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("buy milk\n" * 1000)

    with pytest.raises(UsageError, match=r"cannot open database .*notes\.txt: file is not a da"):
        async with SqliteStore.open(tmp_path / "notes.txt"):
            pass


async def test_the_store_waits_for_no_disk_and_reads_beside_a_writer(tmp_path: Path) -> None:
    async with SqliteStore.open(tmp_path / "gate.db") as store:
        pragmas = [
            await store._connection.execute_fetchall(f"PRAGMA {name}")
            for name in ("journal_mode", "synchronous")
        ]

    assert [[tuple(row) for row in rows] for rows in pragmas] == [[("wal",)], [(1,)]]
