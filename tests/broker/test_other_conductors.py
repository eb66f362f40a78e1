"""Conductors that speak another version: whoever comes is refused, whoever is here says so once."""

import asyncio

import pytest
from broker_process import BrokerProcess

from gatedrill.broker import other_conductors
from gatedrill.broker.bus import Bus, Received
from gatedrill.broker.other_conductors import OtherConductors, listening_to_others
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import PROTOCOL_VERSION
from gatedrill.contract.other_versions import CONDUCTOR_OF_ANY_VERSION, AnyConductor

OURS = f"v{PROTOCOL_VERSION}"
TOLD = (
    "run {} on attic conducts this venue in protocol version 2, "
    f"fleet north speaks {PROTOCOL_VERSION}: install the same gatedrill on both"
)


@pytest.fixture
def others() -> OtherConductors:
    return OtherConductors("fleet north")


def claims(
    others: OtherConductors, conductor: str, version: str = "v2", *, retained: bool = False
) -> None:
    levels = {"version": version, "conductor": conductor}
    others.hear(Received(levels, AnyConductor(conductor, "attic"), retained))


def leaves(others: OtherConductors, conductor: str) -> None:
    others.hear(Received({"version": "v2", "conductor": conductor}, None, retained=False))


async def test_whoever_comes_to_a_conductor_of_another_version_is_refused(
    others: OtherConductors,
) -> None:
    claims(others, "r1", retained=True)
    refusing = asyncio.create_task(others.refuse())
    await asyncio.sleep(0.01)
    assert not refusing.done(), "it may have been left behind"

    claims(others, "r1")
    with pytest.raises(PeerError) as raised:
        await refusing
    assert str(raised.value) == TOLD.format("r1")


async def test_a_claim_that_is_cleared_or_not_repeated_was_left_behind(
    others: OtherConductors, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims(others, "r1", retained=True)
    refusing = asyncio.create_task(others.refuse())
    await asyncio.sleep(0)
    leaves(others, "r1")
    await refusing

    monkeypatch.setattr(other_conductors, "STALE_AFTER_S", 0.01)
    second = OtherConductors("fleet north")
    claims(second, "r2", retained=True)
    await second.refuse()


async def test_nobody_waits_for_conductors_of_our_own_version_or_of_none(
    others: OtherConductors,
) -> None:
    for version in (OURS, "test"):
        claims(others, "r1", version, retained=True)
        claims(others, "r1", version)
    await asyncio.wait_for(others.refuse(), 60)


async def test_whoever_is_here_first_stays_and_warns_once_of_each_version(
    others: OtherConductors, caplog: pytest.LogCaptureFixture
) -> None:
    await others.refuse()
    claims(others, "left-behind", retained=True)
    claims(others, "own", OURS)
    assert caplog.messages == []

    for conductor in ("r1", "r1", "r2"):
        claims(others, conductor)
    assert caplog.messages == [TOLD.format("r1")]
    claims(others, "r3", "v9")
    assert "protocol version 9" in caplog.messages[-1]
    assert len(caplog.messages) == 2


async def test_what_the_broker_has_kept_is_enough_to_ask_whether_it_is_alive(
    broker: BrokerProcess, bus: Bus, name: str
) -> None:
    claim = AnyConductor(name, "attic")
    levels = {"version": "v2", "conductor": name}
    await bus.publish(CONDUCTOR_OF_ANY_VERSION, claim, **levels)
    try:
        async with (
            Bus(broker.url, f"late-{name}") as late,
            listening_to_others(late, "fleet north") as others,
        ):
            heard = asyncio.Event()
            await late.subscribe(CONDUCTOR_OF_ANY_VERSION, lambda *_: heard.set(), **levels)
            await heard.wait()
            refusing = asyncio.create_task(others.refuse())
            await asyncio.sleep(0)
            assert not refusing.done()
            await bus.publish(CONDUCTOR_OF_ANY_VERSION, claim, **levels)
            with pytest.raises(PeerError, match=f"run {name} on attic"):
                await refusing
    finally:
        await bus.clear(CONDUCTOR_OF_ANY_VERSION, **levels)
