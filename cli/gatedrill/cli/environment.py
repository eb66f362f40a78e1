"""What users have in their environment already. Options win over it."""

import os
from collections.abc import Mapping

import msgspec

from gatedrill.contract.errors import UsageError

BROKER = "GATEDRILL_BROKER"
TARGET = "SUPABASE_URL"
KEY = "SUPABASE_SERVICE_ROLE_KEY"
EVENT = "TEST_EVENT_ID"
RACE_TICKET = "RACE_TEST_TICKET_ID"
SCANNER = "TEST_SCANNER_ID"
STORE = "GATEDRILL_STORE"
UPLINK = "GATEDRILL_UPLINK"
UPLINK_KEY = "GATEDRILL_UPLINK_KEY"

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


def read_environment(variables: Mapping[str, str] = os.environ) -> Environment:
    """What these variables say; UsageError for a key that no request could carry."""
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
    )


def _usable(key: str | None, variable: str) -> str | None:
    if key and not all("!" <= character <= "~" for character in key):
        raise UsageError(
            f"{variable} holds what no HTTP header can carry: "
            "look for a space, a line break or a letter outside ASCII in it"
        )
    return key
