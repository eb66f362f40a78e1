"""The schema of the registrar's file, and how an older file is brought up to it."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gatedrill.contract.errors import UsageError

APPLICATION_ID: Final = 0x67647265
"""What the header of our files has from the first migration on: we take no other program's."""

MIGRATIONS: Final = (
    """
    PRAGMA application_id = 0x67647265;
    CREATE TABLE registrar (id TEXT NOT NULL);
    INSERT INTO registrar VALUES (lower(hex(randomblob(8))));
    CREATE TABLE first_entries (
        edition TEXT NOT NULL,
        ticket TEXT NOT NULL,
        device TEXT NOT NULL,
        claim TEXT NOT NULL,
        PRIMARY KEY (edition, ticket)
    ) WITHOUT ROWID;
    CREATE TABLE answers (
        edition TEXT NOT NULL,
        ticket TEXT NOT NULL,
        claim TEXT NOT NULL,
        device TEXT NOT NULL,
        granted INTEGER NOT NULL CHECK (granted IN (0, 1)),
        again INTEGER NOT NULL CHECK (again IN (0, 1)),
        reason TEXT,
        first_device TEXT,
        first_claim TEXT,
        PRIMARY KEY (edition, ticket, claim)
    ) WITHOUT ROWID;
    CREATE UNIQUE INDEX one_first_grant_a_ticket ON answers (edition, ticket)
        WHERE granted AND NOT again;
    CREATE TABLE admissions (
        edition TEXT NOT NULL,
        ticket TEXT NOT NULL,
        nonce TEXT NOT NULL,
        device TEXT NOT NULL,
        PRIMARY KEY (edition, ticket, nonce)
    ) WITHOUT ROWID;
    """,
    # A scan is its fleet's. Of one that was told before, the fleet is not known: nobody has it.
    """
    ALTER TABLE first_entries ADD COLUMN fleet TEXT NOT NULL DEFAULT '';
    DROP INDEX one_first_grant_a_ticket;
    ALTER TABLE answers RENAME TO older_answers;
    CREATE TABLE answers (
        edition TEXT NOT NULL,
        ticket TEXT NOT NULL,
        fleet TEXT NOT NULL,
        claim TEXT NOT NULL,
        device TEXT NOT NULL,
        granted INTEGER NOT NULL CHECK (granted IN (0, 1)),
        again INTEGER NOT NULL CHECK (again IN (0, 1)),
        reason TEXT,
        first_device TEXT,
        first_claim TEXT,
        first_fleet TEXT,
        PRIMARY KEY (edition, ticket, fleet, claim)
    ) WITHOUT ROWID;
    INSERT INTO answers SELECT
        edition, ticket, '', claim, device, granted, again, reason, first_device, first_claim,
        iif(first_claim IS NULL, NULL, '')
    FROM older_answers;
    DROP TABLE older_answers;
    CREATE UNIQUE INDEX one_first_grant_a_ticket ON answers (edition, ticket)
        WHERE granted AND NOT again;
    ALTER TABLE admissions RENAME TO older_admissions;
    CREATE TABLE admissions (
        edition TEXT NOT NULL,
        ticket TEXT NOT NULL,
        fleet TEXT NOT NULL,
        nonce TEXT NOT NULL,
        device TEXT NOT NULL,
        PRIMARY KEY (edition, ticket, fleet, nonce)
    ) WITHOUT ROWID;
    INSERT INTO admissions SELECT edition, ticket, '', nonce, device FROM older_admissions;
    DROP TABLE older_admissions;
    """,
)
"""Script n brings a file of version n to version n + 1; once released, a script never changes.

The index is a second lock on the promise: a mistake in the rule would be an error, not a second
guest.
"""


def migrate(
    connection: sqlite3.Connection, file: Path, migrations: Sequence[str] = MIGRATIONS
) -> None:
    """Bring the file behind `connection` up to the newest version, each step all or nothing.

    Raises UsageError when the file is newer than that, or not a registrar's.
    """
    [version] = connection.execute("PRAGMA user_version").fetchone()
    _check_ours(connection, file, version)
    if version > len(migrations):
        raise UsageError(
            f"registrar file {file} has version {version}, this gatedrill knows versions up to "
            f"{len(migrations)}: use a newer gatedrill or another file"
        )
    for number, script in enumerate(migrations[version:], start=version + 1):
        connection.executescript(
            f"BEGIN IMMEDIATE; {script}; PRAGMA user_version = {number}; COMMIT"
        )


def _check_ours(connection: sqlite3.Connection, file: Path, version: int) -> None:
    [application] = connection.execute("PRAGMA application_id").fetchone()
    [tables] = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    is_new = version == 0 and tables == 0
    if not is_new and application != APPLICATION_ID:
        raise UsageError(
            f"{file} is a database, but not of a registrar: choose another file, or a new one"
        )
