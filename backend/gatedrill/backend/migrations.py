"""The schema of the SQLite file, and how an older file is brought up to it."""

import sqlite3
from collections.abc import Iterable, Sequence
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
    # A CHECK cannot be changed in place: the log moves into a table that knows one result more.
    """
    ALTER TABLE tickets ADD COLUMN qr_token TEXT;
    ALTER TABLE tickets ADD COLUMN vip_reservation_id TEXT;
    CREATE UNIQUE INDEX tickets_by_token ON tickets (qr_token);
    CREATE INDEX tickets_by_reservation ON tickets (vip_reservation_id);

    ALTER TABLE scan_logs RENAME TO former_scan_logs;
    CREATE TABLE scan_logs (
        id INTEGER PRIMARY KEY,
        ticket_id TEXT NOT NULL,
        scanned_by TEXT,
        device_id TEXT,
        scan_method TEXT NOT NULL,
        result TEXT NOT NULL CHECK (result IN (
            'success', 'already_scanned', 'not_found', 'cancelled', 'busy', 'lost_race'
        )),
        scanned_at TEXT NOT NULL
    );
    INSERT INTO scan_logs
        SELECT id, ticket_id, scanned_by, device_id, scan_method, result, scanned_at
        FROM former_scan_logs;
    DROP TABLE former_scan_logs;
    CREATE INDEX scan_logs_by_ticket ON scan_logs (ticket_id);

    CREATE TABLE vip_reservations (
        id TEXT PRIMARY KEY,
        event_id TEXT NOT NULL,
        total_guests INTEGER NOT NULL,
        checked_in_guests INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN (
            'pending', 'confirmed', 'checked_in', 'completed', 'cancelled'
        )),
        table_number TEXT,
        table_name TEXT
    ) WITHOUT ROWID;
    CREATE TABLE vip_passes (
        id TEXT PRIMARY KEY,
        reservation_id TEXT NOT NULL,
        guest_number INTEGER NOT NULL,
        qr_token TEXT NOT NULL UNIQUE,
        status TEXT NOT NULL CHECK (status IN ('active', 'checked_in', 'cancelled', 'expired')),
        last_entry_at TEXT
    ) WITHOUT ROWID;
    CREATE TABLE vip_scan_logs (
        id INTEGER PRIMARY KEY,
        asked_for TEXT NOT NULL,
        pass_id TEXT,
        reservation_id TEXT,
        scanned_by TEXT,
        entry_type TEXT NOT NULL CHECK (entry_type IN ('first_entry', 'reentry', 'refused')),
        error TEXT,
        scanned_at TEXT NOT NULL
    );

    CREATE TABLE slots (
        id TEXT PRIMARY KEY,
        event_id TEXT NOT NULL,
        capacity INTEGER NOT NULL,
        available INTEGER NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE checkouts (
        id TEXT PRIMARY KEY,
        slot_id TEXT NOT NULL,
        guests INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('reserved', 'open', 'completed', 'failed')),
        session_id TEXT,
        created_at TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE payment_sessions (
        id TEXT PRIMARY KEY,
        checkout_id TEXT NOT NULL,
        slot_id TEXT NOT NULL,
        guests INTEGER NOT NULL,
        slots_reserved TEXT NOT NULL,
        created_at TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE payment_events (
        id TEXT PRIMARY KEY,
        received_at TEXT NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE audit_logs (
        id INTEGER PRIMARY KEY,
        type TEXT NOT NULL,
        slot_id TEXT NOT NULL,
        checkout_id TEXT,
        guests INTEGER NOT NULL,
        slots_rolled_back INTEGER,
        message TEXT,
        created_at TEXT NOT NULL
    );
    CREATE TABLE settings (
        id TEXT PRIMARY KEY,
        body TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
    # Once more a CHECK that knows more results; and every row that a device may hold a copy of is
    # dated, those that are there already as if they had been changed just now.
    """
    ALTER TABLE tickets ADD COLUMN nonce TEXT;
    ALTER TABLE tickets ADD COLUMN updated_at TEXT;
    UPDATE tickets SET updated_at = strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now');
    CREATE INDEX tickets_by_event ON tickets (event_id, id);
    CREATE INDEX tickets_by_change ON tickets (updated_at);
    CREATE INDEX tickets_by_event_and_change ON tickets (event_id, updated_at);

    ALTER TABLE vip_reservations ADD COLUMN updated_at TEXT;
    UPDATE vip_reservations SET updated_at = strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now');
    ALTER TABLE vip_passes ADD COLUMN updated_at TEXT;
    UPDATE vip_passes SET updated_at = strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now');
    ALTER TABLE vip_scan_logs ADD COLUMN nonce TEXT;

    ALTER TABLE scan_logs RENAME TO former_scan_logs;
    CREATE TABLE scan_logs (
        id INTEGER PRIMARY KEY,
        ticket_id TEXT NOT NULL,
        scanned_by TEXT,
        device_id TEXT,
        scan_method TEXT NOT NULL,
        result TEXT NOT NULL CHECK (result IN (
            'success', 'already_scanned', 'not_found', 'cancelled', 'busy', 'lost_race',
            'synced', 'took_over', 'conflict', 'offline_refused'
        )),
        scanned_at TEXT NOT NULL,
        nonce TEXT,
        flag TEXT CHECK (flag IN ('before_event', 'in_future')),
        reason TEXT
    );
    INSERT INTO scan_logs
        SELECT id, ticket_id, scanned_by, device_id, scan_method, result, scanned_at,
            NULL, NULL, NULL
        FROM former_scan_logs;
    DROP TABLE former_scan_logs;
    CREATE INDEX scan_logs_by_ticket ON scan_logs (ticket_id);

    CREATE TABLE answers (
        id TEXT PRIMARY KEY,
        body TEXT NOT NULL
    ) WITHOUT ROWID;
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


def prepare_file(file: Path, guards: Iterable[str]) -> None:
    """Make `file` ready for a store: made, migrated, in WAL mode, the `guards` executed.

    It blocks, and is for the time before anybody is served. Raises UsageError when the file cannot
    be used.
    """
    try:
        with closing(sqlite3.connect(file)) as connection:
            migrate(connection, file)
            connection.execute("PRAGMA journal_mode = WAL")
            for guard in guards:
                connection.execute(guard)
    except sqlite3.IntegrityError as error:
        raise UsageError(
            f"database {file} holds several successful scans of one ticket or first entries of "
            "one pass, as a planted fault leaves them: choose another file"
        ) from error
    except sqlite3.Error as error:
        raise UsageError(
            f"cannot open database {file}: {error}; give a file in an existing folder, "
            "new or of an earlier run"
        ) from error
