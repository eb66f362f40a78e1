"""The accounts of deploy/nats may say and hear what the venue's roles may, and no more."""

import json
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from nats_cluster import PASSWORD, Node, running_node

from gatedrill.broker.accounts.rights import Access, rules_of_role
from gatedrill.broker.accounts.roles import Role

ACCOUNTS = Path(__file__).parents[2] / "deploy" / "nats" / "accounts.conf"
OWN = "$MQTT.sub.>"
"""Where the server delivers what was said at QoS 1, to everybody. By MQTT nobody can ask for it, by
NATS's own protocol whoever has this right could."""


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


@pytest.fixture(scope="module")
def node() -> Iterator[Node]:
    with running_node() as node:
        yield node


def answer(door: tuple[str, int], **connect: object) -> str:
    """What the server says to who introduces himself like this, as NATS's own protocol has it."""
    with socket.create_connection(door) as connection, connection.makefile("rw") as lines:
        assert lines.readline().startswith("INFO ")
        lines.write(f"CONNECT {json.dumps(connect)}\r\nPING\r\n")
        lines.flush()
        return next((line.strip() for line in lines if line.startswith(("-ERR", "PONG"))), "")


def test_nobody_joins_the_cluster_without_its_password(node: Node) -> None:
    door = node.doors["route"]
    peer = {"name": "N", "server_name": "nats-2", "cluster": "gatedrill"}
    assert answer(door, **peer) == "-ERR 'Authorization Violation'"
    assert (
        answer(door, **peer, user="node", **{"pass": "wrong"}) == "-ERR 'Authorization Violation'"
    )
    assert answer(door, **peer, user="node", **{"pass": PASSWORD}) == "PONG"


@pytest.mark.parametrize("role", [Role.CONDUCTOR, Role.REGISTRAR, Role.DEVICE])
def test_no_account_is_let_in_but_by_mqtt(node: Node, role: Role) -> None:
    door = node.doors["client"]
    assert door[0] == "127.0.0.1"
    right = {"user": role, "pass": PASSWORD}
    assert answer(door, verbose=False, **right) == "-ERR 'Authorization Violation'"
