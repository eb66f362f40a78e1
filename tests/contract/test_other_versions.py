"""What every version can tell of every other, whatever else has changed."""

import pytest
from document import Document, fields

from gatedrill.contract.messages import PROTOCOL_VERSION, ConductorClaim, Presence
from gatedrill.contract.other_versions import (
    CONDUCTOR_OF_ANY_VERSION,
    PRESENCE_OF_ANY_VERSION,
    AnyConductor,
    AnyPresence,
    other_version,
)
from gatedrill.contract.topics import CONDUCTOR, PRESENCE


def test_the_patterns_are_those_that_are_promised_for_ever() -> None:
    assert PRESENCE_OF_ANY_VERSION.pattern() == "gatedrill/+/up/+/presence/+"
    assert CONDUCTOR_OF_ANY_VERSION.pattern() == "gatedrill/+/conductor/+"


def test_our_own_topics_and_messages_are_among_them() -> None:
    topic = PRESENCE.topic(fleet="hall-1", boot="b1")
    levels = {"version": f"v{PROTOCOL_VERSION}", "fleet": "hall-1", "boot": "b1"}
    assert PRESENCE_OF_ANY_VERSION.levels(topic) == levels
    said = PRESENCE.encode(Presence("hall-1", "b1", "host", "http://x", ()))
    assert PRESENCE_OF_ANY_VERSION.decode(said) == AnyPresence(
        "hall-1", "b1", "host", PROTOCOL_VERSION
    )
    assert CONDUCTOR_OF_ANY_VERSION.levels(CONDUCTOR.topic(conductor="r1")) is not None
    claimed = CONDUCTOR.encode(ConductorClaim("r1", "host", 7))
    assert CONDUCTOR_OF_ANY_VERSION.decode(claimed) == AnyConductor("r1", "host")


def test_all_else_that_a_version_says_is_overlooked_and_may_be_missing() -> None:
    strange = b'{"host": "attic", "devices": "forty", "states": 7, "pid": [], "new": {}}'
    assert PRESENCE_OF_ANY_VERSION.decode(strange) == AnyPresence(host="attic")
    assert CONDUCTOR_OF_ANY_VERSION.decode(strange) == AnyConductor(host="attic")


def test_what_is_promised_for_ever_is_documented() -> None:
    versions = " ".join(Document("mqtt.md").section("Versions").split())
    for channel, message in (
        (PRESENCE_OF_ANY_VERSION, AnyPresence),
        (CONDUCTOR_OF_ANY_VERSION, AnyConductor),
    ):
        assert f"`{channel.pattern()}`" in versions
        shape = f"{channel.root}/{channel.template}".replace("{version}", "v{N}")
        assert f"`{shape.replace('{', '<').replace('}', '>')}`" in versions
        for name in fields(message):
            assert f"`{name}`" in versions


@pytest.mark.parametrize(
    ("level", "told", "version"),
    [
        ("v2", None, 2),
        ("v2", 2, 2),
        ("v2", PROTOCOL_VERSION, 2),
        (f"v{PROTOCOL_VERSION}", None, None),
        (f"v{PROTOCOL_VERSION}", PROTOCOL_VERSION, None),
        (f"v{PROTOCOL_VERSION}", 12, 12),
        ("v", None, None),
        ("2", None, None),
        ("v-2", None, None),
        ("test", 2, None),
    ],
)
def test_a_version_stands_in_the_topic_and_may_be_told_besides(
    level: str, told: int | None, version: int | None
) -> None:
    assert other_version(level, told) == version
