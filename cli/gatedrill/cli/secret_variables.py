"""Secrets that the environment holds, or names the files of, as containers are given theirs."""

import os
from collections.abc import Iterator, MutableMapping
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from gatedrill.cli.environment import BROKER, SECRETS, STORE
from gatedrill.cli.logs import never_log
from gatedrill.cli.secret_file import read_secret_file
from gatedrill.contract.errors import UsageError

_URLS = (BROKER, STORE)
"""Variables that are no secret but may hold one."""


def take_secrets(variables: MutableMapping[str, str] = os.environ) -> None:
    """Put into each variable what its file holds, unless it is set; no log shows it from now on.

    `NAME_FILE` is dropped, so that a process we start is told the same and nothing else. But for a
    file of no use it stays: `read_environment` refuses it, and who needs no secret goes on.
    """
    for name in SECRETS:
        file = variables.pop(f"{name}_FILE", "")
        if file and not variables.get(name):
            try:
                variables[name] = read_secret_file(f"{name}_FILE", Path(file))
            except UsageError:
                variables[f"{name}_FILE"] = file
    never_log(*_secrets(variables))


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
