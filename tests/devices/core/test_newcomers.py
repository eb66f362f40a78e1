"""Who comes second with a name is refused, and whoever was there first says so; other versions."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import msgspec
import pytest
from broker_process import BrokerProcess
from devices.core.test_host import served
from heard_warnings import Warnings, heard_warnings

from gatedrill.broker.bus import Bus
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import PROTOCOL_VERSION
from gatedrill.contract.other_versions import CONDUCTOR_OF_ANY_VERSION, AnyConductor
from gatedrill.devices.emulated_roster import emulated_devices
from gatedrill.devices.fleet_settings import FleetSettings


class Place:
    """A venue where fleets come under one name, or with devices of one name."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self._settings = FleetSettings(
            name=name,
            devices=emulated_devices(name, 1),
            broker=url,
            target="http://127.0.0.1:1",
            key="hush",
            scanned_by="9b1deb4d-3b7d-4bad-9bdd-2b0d7b3dcb6d",
            decoder="zxing",
            event_id="tonight",
        )

    @asynccontextmanager
    async def fleet(self, name: str | None = None) -> AsyncIterator[None]:
        """A fleet of this name, always with the same device, while the body runs."""
        settings = msgspec.structs.replace(self._settings, name=name or self.name)
        async with served(settings):
            yield

    async def refused(self, name: str | None = None) -> str:
        """What a fleet is told that is not let in."""
        with pytest.raises(PeerError) as raised:
            async with self.fleet(name):
                pytest.fail("it is let in")
        return str(raised.value)


@pytest.fixture
def place(broker: BrokerProcess, name: str) -> Place:
    return Place(broker.url, name)


@pytest.fixture
def warnings() -> Iterator[Warnings]:
    with heard_warnings() as heard:
        yield heard


@contextmanager
def on(machine: str) -> Iterator[None]:
    """Whoever starts meanwhile runs there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "gethostname", lambda: machine)
        yield


async def test_a_second_boot_of_a_fleet_is_told_to_the_first_once_a_machine(
    place: Place, warnings: Warnings
) -> None:
    with on("front-desk"):
        async with place.fleet():
            for machine in ("attic", "attic", "cellar"):
                with on(machine):
                    refusal = await place.refused()
                assert f"fleet {place.name} is here already, on front-desk" in refusal
            told = [await warnings.lines.get() for _ in range(2)]
    for line, machine in zip(told, ("attic", "cellar"), strict=True):
        assert line.startswith(f"another fleet {place.name} (boot ")
        assert line.endswith(f") came on {machine} and was refused: that name is here already")
    assert warnings.lines.empty()


async def test_a_device_that_another_fleet_hosts_is_told_to_that_fleet(
    place: Place, warnings: Warnings
) -> None:
    device = f"{place.name}-01"
    with on("front-desk"):
        async with place.fleet():
            with on("attic"):
                refusal = await place.refused(f"{place.name}-too")
            assert await warnings.lines.get() == (
                f"fleet {place.name}-too with another {device} came on attic and was refused: "
                "that name is here already"
            )
    assert refusal.startswith(
        f"{device} is here already, in fleet {place.name} on front-desk (boot "
    )
    assert warnings.lines.empty()


async def test_a_fleet_is_refused_where_a_conductor_of_another_version_works_and_else_warns_of_it(
    place: Place, bus: Bus, warnings: Warnings
) -> None:
    levels = {"version": "v2", "conductor": place.name}
    claim = AnyConductor(place.name, "attic")
    told = (
        f"run {place.name} on attic conducts this venue in protocol version 2, fleet {{}} "
        f"speaks {PROTOCOL_VERSION}: install the same gatedrill on both"
    )
    newcomer = f"{place.name}-too"

    async def conduct() -> None:
        while True:
            await bus.publish(CONDUCTOR_OF_ANY_VERSION, claim, **levels)
            await asyncio.sleep(0.05)

    async with place.fleet():
        conducting = asyncio.create_task(conduct())
        try:
            assert await warnings.lines.get() == told.format(place.name)
            assert await place.refused(newcomer) == told.format(newcomer)
        finally:
            conducting.cancel()
            await asyncio.wait({conducting})
            await bus.clear(CONDUCTOR_OF_ANY_VERSION, **levels)
    assert warnings.lines.empty()
