import itertools
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatedrill.contract.errors import UsageError
from gatedrill.contract.topics import ARM, CHANNELS, CONDUCTOR, PRESENCE, ROOT, Channel, check_name

names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,63}", fullmatch=True)
every_channel = pytest.mark.parametrize("channel", CHANNELS, ids=[c.name for c in CHANNELS])


def level_names(channel: Channel[object]) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(channel.template) if name]


@every_channel
@given(data=st.data())
def test_the_levels_of_a_topic_are_those_it_was_made_of(
    channel: Channel[object], data: st.DataObject
) -> None:
    levels = {name: data.draw(names) for name in level_names(channel)}
    assert channel.levels(channel.topic(**levels)) == levels


@every_channel
def test_a_topic_wants_all_its_levels(channel: Channel[object]) -> None:
    for missing in level_names(channel):
        levels = {name: "x" for name in level_names(channel) if name != missing}
        with pytest.raises(KeyError, match=missing):
            channel.topic(**levels)


@every_channel
def test_a_pattern_leaves_open_what_it_is_not_told(channel: Channel[object]) -> None:
    expected = f"{ROOT}/{channel.template}"
    for name in level_names(channel):
        expected = expected.replace(f"{{{name}}}", "+")
    assert channel.pattern() == expected
    levels = dict.fromkeys(level_names(channel), "x")
    assert channel.pattern(**levels) == channel.topic(**levels)


@pytest.mark.parametrize(
    ("one", "other"),
    list(itertools.permutations(CHANNELS, 2)),
    ids=lambda channel: channel.name,
)
def test_no_topic_belongs_to_two_channels(one: Channel[object], other: Channel[object]) -> None:
    assert other.levels(one.topic(**dict.fromkeys(level_names(one), "x"))) is None


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "up/f/presence/b",
        f"{ROOT}/up/f/presence",
        f"{ROOT}/up/f/presence/b/more",
        f"{ROOT}/down/f/presence/b",
        "gatedrill/v0/up/f/presence/b",
    ],
)
def test_a_strangers_topic_has_no_levels(topic: str) -> None:
    assert PRESENCE.levels(topic) is None


def test_a_pattern_may_fix_some_levels() -> None:
    assert PRESENCE.pattern(fleet="gate") == f"{ROOT}/up/gate/presence/+"
    assert ARM.pattern(run="r1") == f"{ROOT}/down/+/arm/r1"
    assert CONDUCTOR.pattern() == f"{ROOT}/conductor/+"


@given(names)
def test_an_allowed_name_is_returned(name: str) -> None:
    assert check_name(name, "fleet") == name


@pytest.mark.parametrize(
    "name", ["", "-a", "_a", "A", "a b", "a.b", "a/b", "a+", "#", "ä", "a\n", "x" * 65]
)
def test_a_name_that_cannot_stand_in_a_topic_is_refused_with_what_is_allowed(name: str) -> None:
    with pytest.raises(UsageError, match=r"fleet .* is not allowed: use 1 to 64 lowercase"):
        check_name(name, "fleet")


def test_what_is_retained_or_counts_is_never_sent_at_most_once() -> None:
    assert {c.name for c in CHANNELS if c.qos == 0} == {"ping", "pong"}
    assert {c.name for c in CHANNELS if c.retain} == {"presence", "registrar", "conductor"}
