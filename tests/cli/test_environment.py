"""What is taken from the environment."""

import pytest

from gatedrill.cli.environment import (
    DEFAULT_EVENT,
    DEFAULT_SCANNER,
    Environment,
    read_environment,
    to_own_broker,
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
        "GATEDRILL_BROKER_USER": "conductor",
        "GATEDRILL_BROKER_PASSWORD": "open-sesame",
        "GATEDRILL_BROKER_CA": "ca.pem",
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
        broker_user="conductor",
        broker_password="open-sesame",
        broker_ca="ca.pem",
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
        "GATEDRILL_BROKER_USER",
        "GATEDRILL_BROKER_PASSWORD",
        "GATEDRILL_BROKER_CA",
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


ACCOUNT = {"GATEDRILL_BROKER_USER": "north", "GATEDRILL_BROKER_PASSWORD": "a/b"}
CA = {"GATEDRILL_BROKER_CA": "/a b/ca.pem"}


@pytest.mark.parametrize(
    ("given", "variables", "url"),
    [
        (None, {}, None),
        (None, ACCOUNT, None),
        ("mqtt://h", {}, "mqtt://h"),
        ("not a url", {}, "not a url"),
        ("mqtt://h:1", ACCOUNT, "mqtt://north:a%2Fb@h:1"),
        (None, {**ACCOUNT, "GATEDRILL_BROKER": "mqtt://[::1]:1"}, "mqtt://north:a%2Fb@[::1]:1"),
        ("mqtt://h", {**ACCOUNT, "GATEDRILL_BROKER": "mqtt://other"}, "mqtt://north:a%2Fb@h"),
        ("mqtt://ann:x@h", ACCOUNT, "mqtt://ann:x@h"),
        ("mqtt://h", {"GATEDRILL_BROKER_USER": "north"}, "mqtt://north@h"),
        ("mqtts://h", CA, "mqtts://h?ca=/a%20b/ca.pem"),
        ("mqtts://h", {**ACCOUNT, **CA}, "mqtts://north:a%2Fb@h?ca=/a%20b/ca.pem"),
        ("mqtts://h?ca=mine.pem", CA, "mqtts://h?ca=mine.pem"),
    ],
)
def test_the_broker_s_url_is_made_whole(
    given: str | None, variables: dict[str, str], url: str | None
) -> None:
    assert read_environment(variables).at_broker(given) == url


def test_an_account_for_the_venue_s_broker_is_none_for_our_own() -> None:
    variables = {**ACCOUNT, **CA, "GATEDRILL_BROKER": "mqtts://h", **to_own_broker("mqtt://own")}
    assert read_environment(variables).at_broker(None) == "mqtt://own"


@pytest.mark.parametrize(
    ("url", "variables", "match"),
    [
        ("mqtt://h", {"GATEDRILL_BROKER_PASSWORD": "hush"}, "say whose password .*_USER"),
        ("mqtt://h", CA, "does not begin with mqtts://"),
        ("http://h", {**ACCOUNT, "GATEDRILL_BROKER_PASSWORD": "hush"}, "url is not allowed"),
    ],
)
def test_what_makes_no_broker_s_url_is_refused_and_not_told(
    url: str, variables: dict[str, str], match: str
) -> None:
    with pytest.raises(UsageError, match=match) as failure:
        read_environment(variables).at_broker(url)
    assert "hush" not in str(failure.value)
