"""A file whose time says when a part was last well, for whoever looks after its process."""

from collections.abc import Callable
from pathlib import Path

from gatedrill.cli.environment import ALIVE_FILE
from gatedrill.contract.errors import UsageError


def sign_of_life(file: Path | None) -> Callable[[], None] | None:
    """What renews the time of `file` whenever it is called; None where nobody wants to see it.

    A part calls it again and again, at least every other second, as long as it can do its work: its
    process may be there and yet do nothing. An old file of that name says nothing of us and is
    removed. UsageError if the file cannot be made.
    """
    if file is None:
        return None
    try:
        file.unlink(missing_ok=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        file.unlink()
    except OSError as error:
        raise UsageError(f"{ALIVE_FILE}: {file} cannot be made: {error.strerror}") from error
    return file.touch
