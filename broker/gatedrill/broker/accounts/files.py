"""Files that others read while they are changed, and that no interruption leaves half written."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gatedrill.contract.errors import UsageError


def write_whole(file: Path, text: str, mode: int) -> None:
    """Put `text` into `file`, in one step for whoever reads it; OSError if it cannot be written."""
    new = file.with_name(f".{file.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as opened:
        os.fchmod(descriptor, mode)  # whatever the umask is
        opened.write(text)
        opened.flush()
        os.fsync(descriptor)
    new.replace(file)
    _sync(file.parent)


def read_if_there(file: Path) -> str | None:
    """What the file holds; None if there is none."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise UsageError(f"{file}: is no text") from None


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until nobody else is in here with this folder; the lock ends with the process.

    Whatever the system refuses meanwhile is a UsageError that names the file.
    """
    import fcntl  # noqa: PLC0415 - Windows has none

    try:
        lock = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)
    except OSError as error:
        raise UsageError(f"{error.filename or folder}: {error.strerror or error}") from error


def _sync(folder: Path) -> None:
    """Have the new name of a file on the disk as well."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
