"""Whom a broker with accounts lets in, and what those are told whom it does not hear."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from accounts_broker import AccountsBroker, accounts_broker
from claiming_fleet import answer, claiming_fleet
from registrar_words import claim

from gatedrill.broker import claim as claim_module
from gatedrill.broker.accounts.accounts import Accounts
from gatedrill.broker.address import complete
from gatedrill.broker.bus import Bus
from gatedrill.broker.claim import claim_alone
from gatedrill.broker.registrar.serve import serve
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import DeviceInfo, Presence
from gatedrill.contract.topics import FIRE, PRESENCE


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AccountsBroker]:
    with accounts_broker(tmp_path_factory.mktemp("accounts"), "north") as running:
        yield running


async def connect(url: str) -> None:
    async with Bus(url, "visitor"):
        pass


async def test_nobody_is_let_in_without_an_account(broker: AccountsBroker) -> None:
    with pytest.raises(PeerError, match=r"lets nobody in without user and password, in GATEDRILL"):
        await connect(broker.url)


@pytest.mark.parametrize("user", ["conductor", "nobody"])
async def test_wrong_credentials_are_told_with_the_user_and_without_the_password(
    broker: AccountsBroker, user: str
) -> None:
    with pytest.raises(PeerError, match=f"refuses the credentials of the user {user}") as failure:
        await connect(complete(broker.url, username=user, password="hush-hush"))
    assert "hush-hush" not in str(failure.value)


async def claim_name(url: str, fleet: str) -> None:
    device = DeviceInfo("gate-1", "camera", repeat_window_s=2.0)
    presence = Presence(fleet, "b1", "here", "http://127.0.0.1", (device,))
    mine = {"fleet": fleet, "boot": "b1"}
    async with (
        Bus(url, f"{fleet}-b1", own_topic=PRESENCE.topic(**mine)) as bus,
        claim_alone(
            bus,
            PRESENCE,
            presence,
            mine=mine,
            rivals={"fleet": fleet},
            refusal=lambda _: "taken",
            heartbeat_s=0.05,
        ),
    ):
        pass


@pytest.mark.parametrize(("user", "fleet"), [("north", "south"), ("device", "north")])
async def test_a_fleet_that_may_not_speak_under_its_name_is_told_the_likely_cause(
    broker: AccountsBroker, user: str, fleet: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim_module, "_ECHO_S", 0.1)
    with pytest.raises(PeerError, match=f"do not let {user} speak under this name"):
        await claim_name(broker.url_of(user), fleet)


@pytest.mark.parametrize(("user", "fleet"), [("north", "north"), ("device", "gate")])
async def test_a_fleet_that_may_holds_its_name(
    broker: AccountsBroker, user: str, fleet: str
) -> None:
    await claim_name(broker.url_of(user), fleet)


async def test_the_registrar_grants_what_fleets_with_either_account_claim(
    broker: AccountsBroker, tmp_path: Path
) -> None:
    stop = asyncio.Event()
    is_ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    registrar = asyncio.create_task(
        serve(
            broker=broker.url_of("registrar"),
            file=tmp_path / "grants.sqlite3",
            fault=None,
            ready=is_ready.set_result,
            stop=stop,
        )
    )
    await is_ready
    async with (
        claiming_fleet(broker.url_of("north"), "north") as north,
        claiming_fleet(broker.url_of("device"), "gate") as gate,
    ):
        grants = [await answer(north, claim("c1")), await answer(gate, claim("c2"))]
    stop.set()
    await registrar
    assert [grant.granted for grant in grants] == [True, False]


async def test_accounts_come_and_go_when_the_broker_reads_its_files_again(
    broker: AccountsBroker,
) -> None:
    accounts = Accounts(broker.folder)
    broker.passwords["lost"] = accounts.add("lost")
    with pytest.raises(PeerError, match="refuses the credentials of the user lost"):
        await connect(broker.url_of("lost"))
    broker.reload()
    async with (
        Bus(broker.url_of("lost"), "lost-gate") as lost,
        Bus(broker.url_of("north"), "north-gate") as other,
    ):
        accounts.remove("lost")
        assert lost.is_connected
        broker.reload()
        await asyncio.wait_for(_until_lost(lost), 10)
        assert other.is_connected
    with pytest.raises(PeerError, match="refuses the credentials of the user lost"):
        await connect(broker.url_of("lost"))


async def _until_lost(bus: Bus) -> None:
    link = bus._link
    assert link is not None
    await link.lost.wait()


async def test_a_renewed_password_ends_the_connection_of_the_old_one(
    broker: AccountsBroker,
) -> None:
    async with Bus(broker.url_of("north"), "north-gate") as stolen:
        broker.passwords["north"] = Accounts(broker.folder).add("north", renew=True)
        broker.reload()
        await asyncio.wait_for(_until_lost(stolen), 10)
    await connect(broker.url_of("north"))


async def packet(reader: asyncio.StreamReader) -> bytes:
    """The next packet of MQTT, a short one, without its head."""
    _, length = await reader.readexactly(2)
    return await reader.readexactly(length)


async def test_a_subscription_that_is_refused_is_told_with_the_user() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await packet(reader)
        writer.write(b"\x20\x02\x00\x00")  # let in
        subscribing = await packet(reader)
        writer.write(b"\x90\x03" + subscribing[:2] + b"\x80")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Bus(f"mqtt://ann@127.0.0.1:{port}", "nobody") as bus:
            with pytest.raises(PeerError, match=r"do not let the user ann read that$"):
                await bus.subscribe(FIRE, lambda _levels, _fire: None)
