"""A secret that stands in a file of its own."""

from pathlib import Path

from gatedrill.contract.errors import UsageError


def read_secret_file(variable: str, file: Path) -> str:
    """What the file holds that this variable names, but for a line break at its end.

    Raises UsageError, which does not tell the content, if it cannot be read or is empty.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{variable}: {file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError:
        raise UsageError(f"{variable}: {file} is no text") from None
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret or "\0" in secret:
        raise UsageError(f"{variable}: {file} {'is no text' if secret else 'is empty'}")
    return secret
