"""The schema of the SQLite file, and how an older file is brought up to it."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from gatedrill.contract.errors import UsageError

MIGRATIONS: Final = (
    """
    CREATE TABLE tickets (
        id TEXT PRIMARY KEY,
        event_id TEXT NOT NULL,
        ticket_type TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('valid', 'scanned', 'cancelled')),
        scanned_at TEXT,
        scanned_by TEXT,
        device_id TEXT
    ) WITHOUT ROWID;
    CREATE TABLE scan_logs (
        id INTEGER PRIMARY KEY,
        ticket_id TEXT NOT NULL,
        scanned_by TEXT,
        device_id TEXT,
        scan_method TEXT NOT NULL,
        result TEXT NOT NULL
            CHECK (result IN ('success', 'already_scanned', 'not_found', 'busy', 'lost_race')),
        scanned_at TEXT NOT NULL
    );
    CREATE INDEX scan_logs_by_ticket ON scan_logs (ticket_id);
    """,
)
"""Script n brings a file of version n to version n + 1; once released, a script never changes."""


def migrate(
    connection: sqlite3.Connection, file: Path, migrations: Sequence[str] = MIGRATIONS
) -> None:
    """Bring the file behind `connection` up to the newest version, each step all or nothing.

    Raises UsageError when the file is newer than that.
    """
    [version] = connection.execute("PRAGMA user_version").fetchone()
    if version > len(migrations):
        raise UsageError(
            f"database {file} has version {version}, this gatedrill knows versions up to "
            f"{len(migrations)}: use a newer gatedrill or another file"
        )
    for number, script in enumerate(migrations[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT"
        )


def prepare_file(file: Path, success_guard: str) -> None:
    """Make `file` ready for a store: made, migrated, in WAL mode, `success_guard` executed.

    It blocks, and is for the time before anybody is served. Raises UsageError when the file cannot
    be used.
    """
    try:
        with closing(sqlite3.connect(file)) as connection:
            migrate(connection, file)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(success_guard)
    except sqlite3.IntegrityError as error:
        raise UsageError(
            f"database {file} holds several successful scans of one ticket, as a planted fault "
            "leaves them: choose another file"
        ) from error
    except sqlite3.Error as error:
        raise UsageError(
            f"cannot open database {file}: {error}; give a file in an existing folder, "
            "new or of an earlier run"
        ) from error
