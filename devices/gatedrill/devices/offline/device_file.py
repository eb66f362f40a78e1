"""The one SQLite file of a gate device: opened, checked, brought up to date, and held.

It lives through the death of its process at any moment: WAL, every commit synced, and what was
under way waits again after the restart. That is tested. A power cut is not: then all depends on
whether disk and file system keep their word about what they say is written.

The file is for its device alone (mode 0600), since it holds the key that the event's codes are
signed with: who has the file can forge tickets.
"""

import os
import sqlite3
from pathlib import Path
from typing import Final, Self

import aiosqlite

from gatedrill.contract.errors import UsageError
from gatedrill.devices.offline.database import Database
from gatedrill.devices.offline.journal import Journal
from gatedrill.devices.offline.manifest import Manifest
from gatedrill.devices.offline.schema import APPLICATION_ID, MIGRATIONS
from gatedrill.devices.offline.time_of_day import TimeOfDay

_FOR_US_ALONE: Final = 0o600
_FOLDER_FOR_US_ALONE: Final = 0o700
_LOCK_TIMEOUT_S: Final = 0.2


class DeviceFile:
    """A device's file, open: nobody else can open it until it is closed, or this process ends.

    SQLite's own lock is what holds it (`locking_mode = EXCLUSIVE`): it ends with the process,
    whatever ends that, it keeps every other program out, and no file beside it can be forgotten or
    deleted.
    """

    journal_type: type[Journal] = Journal

    def __init__(self, database: Database, device: str, boot: str, time: TimeOfDay) -> None:
        self.device = device
        self.manifest = Manifest(database)
        self.journal = self.journal_type(database, device, boot, time)
        self._database = database

    @classmethod
    async def open(cls, file: Path, device: str, boot: str, time: TimeOfDay) -> Self:
        """The file of this device, made if there is none; `boot` is this start of it.

        UsageError when it cannot be used: no such file, of another device or of a newer gatedrill,
        in use, or broken. Nothing is changed in such a file.
        """
        _make(file)
        return await cls._open(file, device, boot, time)

    @classmethod
    async def open_orphan(cls, file: Path, boot: str, time: TimeOfDay) -> Self:
        """A file that is there, whatever device it is of; UsageError as for `open`."""
        _check_there(file)
        return await cls._open(file, None, boot, time)

    @classmethod
    async def _open(cls, file: Path, device: str | None, boot: str, time: TimeOfDay) -> Self:
        connecting = aiosqlite.connect(file, timeout=_LOCK_TIMEOUT_S, isolation_level=None)
        try:
            connection = await connecting
        except sqlite3.Error as error:
            raise UsageError(f"cannot open {file}: {error}") from error
        try:
            name = await _prepare(connection, file, device)
            opened = cls(Database(connection, file), name, boot, time)
            await opened.journal.take_up()
        except BaseException:
            await connection.close()
            raise
        return opened

    async def close(self) -> None:
        """Let go of the file."""
        await self._database.close()


def _check_there(file: Path) -> None:
    if not file.is_file():
        raise UsageError(f"{file}: there is no such file")


def _make(file: Path) -> None:
    """Make the file, empty, and its folder; SQLite gives the files beside it the same mode."""
    try:
        file.parent.mkdir(_FOLDER_FOR_US_ALONE, parents=True, exist_ok=True)
        try:
            os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _FOR_US_ALONE))
        except FileExistsError:
            file.chmod(_FOR_US_ALONE)
    except OSError as error:
        raise UsageError(
            f"cannot make the device's file {file}: {error.strerror}; give a folder that "
            "this user may write to"
        ) from error


async def _prepare(connection: aiosqlite.Connection, file: Path, device: str | None) -> str:
    """Check the file, then bring it up to date; returns the name of its device."""
    try:
        await connection.execute_fetchall("PRAGMA locking_mode = EXCLUSIVE")
        version = await _checked_version(connection, file)
        name = await _checked_device(connection, file, device) if version else device
        if name is None:
            raise UsageError(f"{file} is empty: it is no device's file")
        await connection.execute_fetchall("PRAGMA journal_mode = WAL")
        await connection.execute_fetchall("PRAGMA synchronous = FULL")
        await migrate(connection, version)
        statement = "INSERT OR IGNORE INTO device VALUES (1, ?)"
        await connection.execute_fetchall(statement, (name,))
    except sqlite3.Error as error:
        raise UsageError(_told(file, error)) from error
    return name


async def migrate(
    connection: aiosqlite.Connection, version: int, migrations: tuple[str, ...] = MIGRATIONS
) -> None:
    """Bring a file of this version up to the newest, each step all or nothing."""
    for number, script in enumerate(migrations[version:], start=version + 1):
        await connection.executescript(
            f"BEGIN IMMEDIATE; {script}; PRAGMA application_id = {APPLICATION_ID}; "
            f"PRAGMA user_version = {number}; COMMIT"
        )


async def _checked_version(connection: aiosqlite.Connection, file: Path) -> int:
    """The version of the file, 0 for an empty one; UsageError if it is no device's, or newer."""
    version = await _number(connection, "PRAGMA user_version")
    application = await _number(connection, "PRAGMA application_id")
    tables = await _number(connection, "SELECT count(*) FROM sqlite_schema")
    if application != APPLICATION_ID and (version or tables):
        raise UsageError(f"{file} is a database, but no device's file: choose another file")
    if version > len(MIGRATIONS):
        raise UsageError(
            f"{file} has version {version}, this gatedrill knows versions up to "
            f"{len(MIGRATIONS)}: use a newer gatedrill or another file"
        )
    return version


async def _checked_device(
    connection: aiosqlite.Connection, file: Path, device: str | None
) -> str | None:
    rows = list(await connection.execute_fetchall("SELECT name FROM device"))
    name = str(rows[0][0]) if rows else device
    if device is not None and name != device:
        raise UsageError(
            f"{file} is the file of device {name}, not of {device}: "
            "give each device a file of its own"
        )
    return name


async def _number(connection: aiosqlite.Connection, statement: str) -> int:
    [[number]] = await connection.execute_fetchall(statement)
    return int(number)


def _told(file: Path, error: sqlite3.Error) -> str:
    match error.sqlite_errorcode & 0xFF:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return f"{file} is open in another process: its device is running, or being looked at"
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT:
            return f"{file} is no device's file, or broken ({error}): it was left as it is"
        case _:
            return f"cannot open {file}: {error}"
