"""Of fleets that host a device of one name one stays, however close together they come."""

import asyncio
from collections.abc import Callable, Coroutine

import pytest
from broker_process import BrokerProcess

from gatedrill.broker.bus import Bus
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import DeviceInfo, Presence
from gatedrill.contract.topics import PRESENCE
from gatedrill.devices import twins
from gatedrill.devices.twins import refuse_twins


def presence(fleet: str, device: str) -> Presence:
    devices = (DeviceInfo(device, "camera", 1.0),)
    return Presence(fleet, f"boot-of-{fleet}", f"host-of-{fleet}", "http://127.0.0.1:1", devices)


async def come(
    url: str,
    own: Presence,
    all_came: asyncio.Barrier,
    say: Callable[[Bus], Coroutine[None, None, None]],
) -> str:
    """Come and look around; what is told to who has to leave, nothing to who stays."""
    topic = PRESENCE.topic(fleet=own.fleet, boot=own.boot)
    async with Bus(url, own.boot, own_topic=topic) as bus, asyncio.TaskGroup() as saying:
        await tell(bus, own)
        await all_came.wait()

        def say_again() -> None:
            saying.create_task(say(bus))

        try:
            await refuse_twins(bus, own, say_again)
        except PeerError as refusal:
            return str(refusal)
    return ""


async def tell(bus: Bus, own: Presence) -> None:
    await bus.publish(PRESENCE, own, fleet=own.fleet, boot=own.boot)


async def test_of_those_who_look_around_at_the_same_time_the_first_by_name_stays(
    broker: BrokerProcess, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twins, "STALE_AFTER_S", 60.0)
    all_came, all_listen = asyncio.Barrier(3), asyncio.Barrier(3)

    async def come_as(fleet: str) -> str:
        own = presence(fleet, name)

        async def say(bus: Bus) -> None:
            await all_listen.wait()
            await tell(bus, own)

        return await come(broker.url, own, all_came, say)

    told = await asyncio.gather(*(come_as(f"{letter}-{name}") for letter in "cab"))
    assert [bool(each) for each in told] == [True, False, True]


async def test_who_is_there_stays_though_it_is_later_by_name(
    broker: BrokerProcess, bus: Bus, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(twins, "STALE_AFTER_S", 0.1)
    own, other = presence(f"a-{name}", name), presence(f"b-{name}", name)

    async def say(own_bus: Bus) -> None:
        await tell(bus, other)
        await tell(own_bus, own)

    told = await come(broker.url, own, asyncio.Barrier(1), say)
    await bus.clear(PRESENCE, fleet=other.fleet, boot=other.boot)
    assert told.startswith(f"{name} is here already, in fleet {other.fleet} on {other.host} ")
