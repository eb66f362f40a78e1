"""What users have in their environment already. Options win over it."""

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from gatedrill.broker.address import complete
from gatedrill.cli.secret_file import read_secret_file
from gatedrill.contract.errors import UsageError

BROKER = "GATEDRILL_BROKER"
BROKER_USER = "GATEDRILL_BROKER_USER"
BROKER_PASSWORD = "GATEDRILL_BROKER_PASSWORD"  # noqa: S105 - a variable's name
BROKER_CA = "GATEDRILL_BROKER_CA"
ACCOUNTS = "GATEDRILL_ACCOUNTS"
TARGET = "SUPABASE_URL"
KEY = "SUPABASE_SERVICE_ROLE_KEY"
EVENT = "TEST_EVENT_ID"
RACE_TICKET = "RACE_TEST_TICKET_ID"
SCANNER = "TEST_SCANNER_ID"
STORE = "GATEDRILL_STORE"
STORE_PASSWORD = "PGPASSWORD"  # noqa: S105 - a variable's name, which PostgreSQL's clients know
UPLINK = "GATEDRILL_UPLINK"
UPLINK_KEY = "GATEDRILL_UPLINK_KEY"
ALIVE_FILE = "GATEDRILL_ALIVE_FILE"
ALLOW_TARGET = "GATEDRILL_ALLOW_TARGET"
BROKER_NAMES = "GATEDRILL_BROKER_NAMES"

SECRETS = (KEY, BROKER_PASSWORD, STORE, STORE_PASSWORD, UPLINK_KEY)
"""The variables that may be given as a file: `NAME_FILE` names it."""

DEFAULT_EVENT = "00000000-0000-4000-8000-0000000000e0"
DEFAULT_SCANNER = "00000000-0000-4000-8000-0000000000a0"


class Environment(msgspec.Struct, frozen=True):
    """The environment variables that gatedrill reads; an empty one counts as not set."""

    broker: str | None
    target: str | None
    key: str | None
    event_id: str
    race_ticket: str | None
    scanned_by: str
    store: str | None
    uplink: str | None = None
    uplink_key: str | None = None
    alive_file: Path | None = None
    broker_user: str | None = None
    broker_password: str | None = None
    broker_ca: str | None = None

    def at_broker(self, given: str | None) -> str | None:
        """The broker's URL, the `given` one or else ours, with account and CA; None without one.

        What stands in the URL itself wins. UsageError for a password without a user, and for a CA
        where the URL does not ask for encryption.
        """
        url = given or self.broker
        if url is None or (self.broker_user, self.broker_password, self.broker_ca) == (None,) * 3:
            return url
        if self.broker_user is None and self.broker_password is not None:
            raise UsageError(f"{BROKER_PASSWORD} is set: say whose password it is in {BROKER_USER}")
        return complete(
            url, username=self.broker_user, password=self.broker_password, ca=self.broker_ca
        )


def read_environment(variables: Mapping[str, str] = os.environ) -> Environment:
    """What these variables say.

    UsageError for a secret's file that `take_secrets` left, as it is of no use, and for a key that
    no request could carry.
    """
    for name in SECRETS:
        if file := variables.get(f"{name}_FILE"):
            read_secret_file(f"{name}_FILE", Path(file))
    return Environment(
        broker=variables.get(BROKER) or None,
        target=variables.get(TARGET) or None,
        key=_usable(variables.get(KEY), KEY) or None,
        event_id=variables.get(EVENT) or DEFAULT_EVENT,
        race_ticket=variables.get(RACE_TICKET) or None,
        scanned_by=variables.get(SCANNER) or DEFAULT_SCANNER,
        store=variables.get(STORE) or None,
        uplink=variables.get(UPLINK) or None,
        uplink_key=_usable(variables.get(UPLINK_KEY), UPLINK_KEY) or None,
        alive_file=Path(variables[ALIVE_FILE]) if variables.get(ALIVE_FILE) else None,
        broker_user=variables.get(BROKER_USER) or None,
        broker_password=variables.get(BROKER_PASSWORD) or None,
        broker_ca=variables.get(BROKER_CA) or None,
    )


def to_own_broker(url: str) -> dict[str, str]:
    """What leads a part to a broker that we started, which has no accounts."""
    return {BROKER: url, BROKER_USER: "", BROKER_PASSWORD: "", BROKER_CA: ""}


def _usable(key: str | None, variable: str) -> str | None:
    if key and not all("!" <= character <= "~" for character in key):
        raise UsageError(
            f"{variable} holds what no HTTP header can carry: "
            "look for a space, a line break or a letter outside ASCII in it"
        )
    return key
