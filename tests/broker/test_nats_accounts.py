"""The accounts of deploy/nats may say and hear what the venue's roles may, and no more."""

import re
from pathlib import Path

import pytest

from gatedrill.broker.accounts.rights import Access, rules_of_role
from gatedrill.broker.accounts.roles import Role

ACCOUNTS = Path(__file__).parents[2] / "deploy" / "nats" / "accounts.conf"
OWN = "$MQTT.sub.>"
"""Where the server fetches what was said at QoS 1; nothing of ours is there."""


def granted(text: str, role: Role) -> dict[str, set[str]]:
    """What the file lets the role do, by NATS's word for it."""
    section = re.search(rf"(?ms)^{role.upper()}: {{\n(.*?)^}}", text)
    assert section is not None
    lists = re.findall(r"(publish|subscribe): \[(.*?)\]", section[1], re.DOTALL)
    return {word: set(re.findall(r'"(\S+)"', subjects)) for word, subjects in lists}


def expected(role: Role) -> dict[str, set[str]]:
    """The same by our own rules."""
    words = {"publish": (Access.WRITE, Access.READ_WRITE), "subscribe": (Access.READ,)}
    words["subscribe"] += (Access.READ_WRITE,)
    rules = rules_of_role(role, named=())
    return {
        word: {subject(rule.pattern) for rule in rules if rule.access in accesses}
        for word, accesses in words.items()
    }


def subject(pattern: str) -> str:
    return pattern.replace("/", ".").replace("+", "*").replace("#", ">")


@pytest.mark.parametrize("role", [Role.CONDUCTOR, Role.REGISTRAR, Role.DEVICE])
def test_the_roles_have_the_same_rights_as_at_mosquitto(role: Role) -> None:
    rights = granted(ACCOUNTS.read_text(encoding="utf-8"), role)
    assert OWN in rights["subscribe"]
    rights["subscribe"].remove(OWN)
    assert rights == expected(role)


def test_a_right_too_many_is_found() -> None:
    text = ACCOUNTS.read_text(encoding="utf-8")
    planted = text.replace('"gatedrill.v3.all.>"', '"gatedrill.>"')
    assert planted != text
    assert granted(planted, Role.DEVICE) != granted(text, Role.DEVICE)
