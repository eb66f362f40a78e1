"""docs/mqtt.md names every channel, every field and every interval as they are."""

import re
import typing
from pathlib import Path

import msgspec
import pytest

from gatedrill.broker.claim import HEARTBEAT_S, STALE_AFTER_S
from gatedrill.broker.link import KEEPALIVE_S
from gatedrill.contract.attempt import AskKind
from gatedrill.contract.messages import KIOSK, PROTOCOL_VERSION, QueueState
from gatedrill.contract.outcome import Authority, OutcomeKind
from gatedrill.contract.service import COMPLETED_EVENT
from gatedrill.contract.topics import CHANNELS, ROOT, Channel

DOCUMENT = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    """The cells of the table below a heading, without its first two rows."""
    found = re.search(rf"^#+ {heading}$(.*?)(?=^#|\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert found, f"no section {heading}"
    rows = [line for line in found[1].splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def structs_of(annotation: object) -> set[type[msgspec.Struct]]:
    """Every struct that an annotation mentions, and those that they mention."""
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        hints = typing.get_type_hints(annotation)
        return {annotation}.union(*(structs_of(hint) for hint in hints.values()))
    return set[type[msgspec.Struct]]().union(
        *(structs_of(part) for part in typing.get_args(annotation))
    )


STRUCTS = sorted(
    set[type[msgspec.Struct]]().union(*(structs_of(channel.message) for channel in CHANNELS)),
    key=lambda struct: struct.__name__,
)


def promised(channel: Channel[object]) -> list[str]:
    messages = typing.get_args(channel.message) or (channel.message,)
    return [
        channel.name,
        f"`{channel.template}`",
        str(channel.qos),
        "yes" if channel.retain else "no",
        " or ".join(message.__name__ for message in messages),
        channel.meaning,
    ]


def test_every_channel_is_documented_as_it_is_and_no_other() -> None:
    documented = [row[:2] + row[3:] for row in table("Topics")]
    assert documented == [promised(channel) for channel in CHANNELS]


@pytest.mark.parametrize("channel", CHANNELS, ids=[channel.name for channel in CHANNELS])
def test_the_direction_of_a_topic_is_documented(channel: Channel[object]) -> None:
    senders = {"up": "fleet", "registrar": "registrar"}
    sender = senders.get(channel.template.split("/")[0], "conductor")
    (row,) = [row for row in table("Topics") if row[0] == channel.name]
    assert row[2].startswith(f"{sender} → ")


@pytest.mark.parametrize("struct", STRUCTS, ids=[struct.__name__ for struct in STRUCTS])
def test_every_field_of_a_message_is_documented_and_marked_if_it_may_be_absent(
    struct: type[msgspec.Struct],
) -> None:
    documented = [
        (cells[0].strip("`"), "*optional*" in cells[1]) for cells in table(struct.__name__)
    ]
    fields = [(field.name, not field.required) for field in msgspec.structs.fields(struct)]
    tag_field = struct.__struct_config__.tag_field
    assert documented == ([(tag_field, False)] if tag_field else []) + fields


@pytest.mark.parametrize("struct", STRUCTS, ids=[struct.__name__ for struct in STRUCTS])
def test_the_tag_of_a_message_is_documented(struct: type[msgspec.Struct]) -> None:
    config = struct.__struct_config__
    if config.tag_field is None:
        return

    documented = [row[2] for row in table(struct.__name__) if row[0] == f"`{config.tag_field}`"]
    assert documented == [f'`"{config.tag}"`']


def values(struct: str, field: str) -> list[str]:
    """The texts that a field may have, in the order in which they are documented."""
    (row,) = [row for row in table(struct) if row[0] == f"`{field}`"]
    return re.findall(r'`"([a-z._]+)"`', row[2])


def test_the_kinds_of_outcomes_questions_and_events_are_documented() -> None:
    assert values("Outcome", "kind") == [str(kind) for kind in OutcomeKind]
    assert values("Ask", "kind") == [*(str(kind) for kind in AskKind), "scan"]
    assert values("QueueEntry", "state") == [str(state) for state in QueueState]
    assert values("DeviceState", "authority") == [str(authority) for authority in Authority]
    assert values("PaymentEvent", "type") == [COMPLETED_EVENT]


def test_the_version_of_the_protocol_and_what_stands_for_no_reader_are_documented() -> None:
    assert f"gatedrill/v{PROTOCOL_VERSION}" == ROOT
    assert set(re.findall(r"gatedrill/v(\d+)", DOCUMENT)) == {str(PROTOCOL_VERSION)}
    (protocol,) = [row for row in table("Presence") if row[0] == "`protocol`"]
    assert protocol[2].endswith(f"absent means {PROTOCOL_VERSION}")
    (reader,) = [row for row in table("DeviceInfo") if row[0] == "`reader`"]
    assert f"`{KIOSK}` for a device that reads none" in reader[2]


def test_no_message_is_documented_that_does_not_exist() -> None:
    section = DOCUMENT.partition("## Messages")[2].partition("\n## ")[0]
    documented = re.findall(r"^### (\w+)$", section, re.MULTILINE)
    assert sorted(documented) == [struct.__name__ for struct in STRUCTS]


def test_the_root_and_the_intervals_are_documented() -> None:
    words = " ".join(DOCUMENT.split())
    assert f"All topics begin with `{ROOT}/`." in words
    assert set(re.findall(r"every (\d+) s\b", words)) == {f"{HEARTBEAT_S:g}"}
    assert set(re.findall(r"for (?:more than )?(\d+) s\b", words)) == {f"{STALE_AFTER_S:g}"}
    assert f"keepalive of {KEEPALIVE_S} s" in words
    assert f"after about {1.5 * KEEPALIVE_S:g} s" in words
