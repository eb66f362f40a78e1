"""What is taken from the environment."""

import pytest

from gatedrill.cli.environment import (
    DEFAULT_EVENT,
    DEFAULT_SCANNER,
    Environment,
    read_environment,
)
from gatedrill.contract.errors import UsageError


def test_every_variable_has_its_place() -> None:
    variables = {
        "GATEDRILL_BROKER": "mqtt://broker",
        "SUPABASE_URL": "https://service",
        "SUPABASE_SERVICE_ROLE_KEY": "key",
        "TEST_EVENT_ID": "event",
        "RACE_TEST_TICKET_ID": "ticket",
        "TEST_SCANNER_ID": "scanner",
        "GATEDRILL_STORE": "postgresql://store",
        "GATEDRILL_UPLINK": "http://uplink",
        "GATEDRILL_UPLINK_KEY": "uplink-key",
    }
    assert read_environment(variables) == Environment(
        broker="mqtt://broker",
        target="https://service",
        key="key",
        event_id="event",
        race_ticket="ticket",
        scanned_by="scanner",
        store="postgresql://store",
        uplink="http://uplink",
        uplink_key="uplink-key",
    )


@pytest.mark.parametrize("value", [None, ""])
def test_an_empty_variable_counts_as_not_set(value: str | None) -> None:
    names = (
        "GATEDRILL_BROKER",
        "SUPABASE_URL",
        "SUPABASE_SERVICE_ROLE_KEY",
        "TEST_EVENT_ID",
        "RACE_TEST_TICKET_ID",
        "TEST_SCANNER_ID",
        "GATEDRILL_STORE",
        "GATEDRILL_UPLINK",
        "GATEDRILL_UPLINK_KEY",
    )
    variables = {} if value is None else dict.fromkeys(names, value)
    assert read_environment(variables) == Environment(
        broker=None,
        target=None,
        key=None,
        event_id=DEFAULT_EVENT,
        race_ticket=None,
        scanned_by=DEFAULT_SCANNER,
        store=None,
        uplink=None,
        uplink_key=None,
    )


@pytest.mark.parametrize("name", ["SUPABASE_SERVICE_ROLE_KEY", "GATEDRILL_UPLINK_KEY"])
@pytest.mark.parametrize("key", ["q z", "qz\n", "\tqz", "qz\x7f", "qz\u00e9", " "])
def test_a_key_that_no_header_can_carry_is_refused_and_not_told(name: str, key: str) -> None:
    with pytest.raises(UsageError, match=f"{name} holds") as refusal:
        read_environment({name: key})
    assert "q" not in str(refusal.value)


def test_a_key_as_services_give_them_is_taken() -> None:
    key = "eyJhbGciOi.J9-_~+/=.sb_secret"
    assert read_environment({"SUPABASE_SERVICE_ROLE_KEY": key}).key == key
