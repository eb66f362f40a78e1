"""Secrets that the environment holds, or names the files of, as containers are given theirs."""

import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from gatedrill.cli.environment import (
    BROKER,
    BROKER_PASSWORD,
    KEY,
    STORE,
    STORE_PASSWORD,
    UPLINK_KEY,
)
from gatedrill.cli.logs import never_log
from gatedrill.contract.errors import UsageError

SECRETS = (KEY, BROKER_PASSWORD, STORE, STORE_PASSWORD, UPLINK_KEY)
"""The variables that may be given as a file: `NAME_FILE` names it."""
_URLS = (BROKER, STORE)
"""Variables that are no secret but may hold one."""


def take_secrets(variables: MutableMapping[str, str] = os.environ) -> None:
    """Put into each variable what its file holds, unless it is set; no log shows it from now on.

    `NAME_FILE` is dropped, so that a process we start is told the same and nothing else. Raises
    UsageError, which does not tell the content, for a file that cannot be read or is empty.
    """
    for name in SECRETS:
        file = variables.pop(f"{name}_FILE", "")
        if file and not variables.get(name):
            variables[name] = _content(f"{name}_FILE", Path(file))
    never_log(*_secrets(variables))


def _content(variable: str, file: Path) -> str:
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


def _secrets(variables: MutableMapping[str, str]) -> Iterator[str]:
    """What no log may show, also as it is written in a URL."""
    for name in SECRETS:
        if name not in _URLS and (secret := variables.get(name)):
            yield from (secret, quote(secret, safe=""))
    for name in _URLS:
        if secret := _password(variables.get(name, "")):
            yield from (secret, unquote(secret))


def _password(url: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:
        return None  # whoever reads the URL says so
