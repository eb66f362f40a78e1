"""Every account may do what docs/broker.md says and nothing else: done at a real broker."""

from collections.abc import Iterator

import pytest
from access_matrix import COLUMNS, NAME, OTHER, Rights, all_topics, real_rights, rows, topic
from accounts_broker import AccountsBroker, accounts_broker
from document import Document

from gatedrill.contract.topics import ROOT

_DOCUMENT = Document("broker.md")
_USERS = sorted({user for user, _ in COLUMNS.values()})


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountsBroker]:
    with accounts_broker(tmp_path_factory.mktemp("accounts"), NAME, OTHER) as running:
        yield running


def documented(user: str) -> Rights:
    """What the user may do, by topic, as the document has it; nothing where it has nothing."""
    table = {
        row: dict(zip(COLUMNS, cells, strict=True)) for row, *cells in _DOCUMENT.table("Rights")
    }
    assert table.keys() <= rows().keys()
    found = dict.fromkeys(all_topics(), "")
    for column, (who, fleets) in COLUMNS.items():
        for row, channel in rows().items():
            for fleet in fleets if who == user else ():
                found[topic(row, channel, fleet)] = table.get(row, {}).get(column, "")
    return found


def differing(rights: Rights, expected: Rights) -> set[str]:
    """The topics on which it may do other things than it is said to."""
    return {each for each in expected if rights[each] != expected[each]}


@pytest.mark.parametrize("user", _USERS)
async def test_an_account_may_do_what_is_documented_and_nothing_else(
    broker: AccountsBroker, user: str
) -> None:
    expected = documented(user)
    assert differing(await real_rights(broker, user, list(expected)), expected) == set()
    assert set(expected.values()) >= {"reads", "writes"}


async def test_the_healthcheck_s_account_sees_nothing_of_the_venue(broker: AccountsBroker) -> None:
    assert set((await real_rights(broker, "health", all_topics())).values()) == {""}


def test_every_channel_has_its_row() -> None:
    ours = [row for row in rows() if not row.endswith("version")]
    assert _DOCUMENT.names("Rights")[: len(ours)] == ours


TOO_LAX = {
    "a gate fires": ("device", "topic write {root}/all/#"),
    "a gate arms another": ("device", "topic write {root}/down/+/arm/+"),
    "a gate grants": ("device", "topic write {root}/registrar/grant/+"),
    "a gate conducts": ("device", "topic write {root}/conductor/+"),
    "a gate sees another's report": ("device", "topic read {root}/up/#"),
    "a real gate fires": (NAME, "topic write {root}/all/fire/+"),
    "a real gate speaks for another": (NAME, "topic write {root}/up/#"),
    "a real gate speaks for another of another version": (
        NAME,
        "topic write gatedrill/+/up/+/presence/+",
    ),
    "a real gate sees another's arm": (NAME, "topic read {root}/down/#"),
    "a real gate sees another's grant": (NAME, "topic read {root}/registrar/grant/+"),
    "the registrar conducts": ("registrar", "topic write {root}/conductor/+"),
    "the conductor grants": ("conductor", "topic write {root}/registrar/grant/+"),
    "the conductor speaks for a gate": ("conductor", "topic write {root}/up/#"),
    "a gate does what nobody does": ("device", "topic readwrite elsewhere"),
}


@pytest.mark.parametrize("fault", TOO_LAX)
async def test_a_rule_that_is_too_lax_would_be_noticed(broker: AccountsBroker, fault: str) -> None:
    user, rule = TOO_LAX[fault]
    expected = documented(user)
    broker.loosen(f"user {user}", rule.format(root=ROOT))
    try:
        assert differing(await real_rights(broker, user, list(expected)), expected)
    finally:
        broker.loosen()


async def test_that_device_may_not_speak_for_who_has_an_account_would_be_missed(
    broker: AccountsBroker,
) -> None:
    access = broker.folder / "access"
    whole = access.read_text()
    access.write_text("".join(line for line in whole.splitlines(True) if " deny " not in line))
    broker.reload()
    expected = documented("device")
    found = differing(await real_rights(broker, "device", list(expected)), expected)
    access.write_text(whole)
    broker.reload()
    assert {f"{ROOT}/up/{name}/presence/b1" for name in (NAME, OTHER)} <= found
