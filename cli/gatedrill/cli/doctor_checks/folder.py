"""Whether runs can be kept where they are to be: room, leave to write, a working database."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from gatedrill.cli.doctor_checks.finding import Finding, fail, ok, warn

_MEGABYTE = 1_000_000
_LEAST, _PLENTY = 100 * _MEGABYTE, 1000 * _MEGABYTE


def writable(out: Path) -> Finding:
    """A file can be made in the folder, or where the folder would be made."""
    name = "folder for runs"
    existing = nearest(out)
    cure = f"choose another with --out, or: sudo chown $USER {existing}"
    if not existing.is_dir():
        return fail(name, f"{existing} is no folder", "choose another with --out")
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return fail(name, f"{existing} cannot be written to: {error.strerror}", cure)
    return ok(name, f"{out} can be written" if out.exists() else f"{out} can be made")


def disk_space(out: Path, free_bytes: Callable[[Path], int] | None = None) -> Finding:
    """A drill of ten devices takes some megabytes; a long one of a thousand takes hundreds."""
    free = (free_bytes or _free_bytes)(nearest(out))
    says = f"{free / _MEGABYTE:,.0f} MB free"
    cure = "delete old runs, or choose another disk with --out"
    if free < _LEAST:
        return fail("disk space", says, cure)
    if free < _PLENTY:
        return warn("disk space", f"{says}: enough for short drills", cure)
    return ok("disk space", says)


def database(out: Path, journal_mode: Callable[[Path], str] | None = None) -> Finding:
    """SQLite keeps a write-ahead log there, which file systems of a network mostly cannot."""
    name, cure = "sqlite", "choose a folder on a disk of this machine with --out"
    try:
        with tempfile.TemporaryDirectory(dir=nearest(out), prefix=".gatedrill-doctor-") as folder:
            mode = (journal_mode or _journal_mode)(Path(folder, "doctor.sqlite3"))
    except (OSError, sqlite3.Error) as error:
        return fail(name, f"no database can be kept at {out}: {error}", cure)
    if mode != "wal":
        return fail(name, f"no write-ahead log at {out}, it stays in mode {mode}", cure)
    return ok(name, f"{sqlite3.sqlite_version}, with a write-ahead log")


def nearest(out: Path) -> Path:
    """The folder itself if it is there, else the nearest one above it that is."""
    folder = out.absolute()
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def _journal_mode(file: Path) -> str:
    connection = sqlite3.connect(file)
    try:
        mode = str(connection.execute("PRAGMA journal_mode=WAL").fetchone()[0])
        connection.execute("CREATE TABLE kept (scan TEXT)")
        connection.commit()
        return mode
    finally:
        connection.close()
