"""A fleet's side of the registrar, at real brokers; what the registrar says, the test says."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from broker_process import BrokerProcess, running_broker
from device_fakes import ManualClock
from registrar_words import admission, claim

from gatedrill.broker.bus import Bus
from gatedrill.broker.claim import STALE_AFTER_S
from gatedrill.contract.attempt import ClaimAsk
from gatedrill.contract.messages import Admission, RegistrarPresence, VenueClaim, VenueGrant
from gatedrill.contract.topics import ADMISSION, CLAIM, GRANT, REGISTRAR
from gatedrill.devices.venue_registrar import VenueRegistrar

GENEROUS_S = 60.0


@pytest.fixture
async def registrar(
    broker: BrokerProcess, name: str, clock: ManualClock
) -> AsyncIterator[VenueRegistrar]:
    """The fleet's side."""
    async with Bus(broker.url, f"fleet-{name}", timeout_s=GENEROUS_S) as bus:
        client = VenueRegistrar(bus, clock, name)
        await client.listen()
        yield client
        await client.close()


class ScriptedRegistrar:
    """Says what it is told to say, and keeps what it hears."""

    def __init__(self, bus: Bus, fleet: str) -> None:
        self.claims: asyncio.Queue[str] = asyncio.Queue()
        self.admissions: asyncio.Queue[str] = asyncio.Queue()
        self._bus = bus
        self._fleet = fleet
        self._boots: set[str] = set()

    async def listen(self) -> None:
        def hear_claim(_levels: dict[str, str], made: VenueClaim | None) -> None:
            self.claims.put_nowait(made.claim if made else "")

        def hear_admission(_levels: dict[str, str], told: Admission | None) -> None:
            self.admissions.put_nowait(told.nonce if told else "")

        await self._bus.subscribe(CLAIM, hear_claim, fleet=self._fleet)
        await self._bus.subscribe(ADMISSION, hear_admission, fleet=self._fleet)

    async def claimed(self, claim_id: str) -> None:
        """Wait until this claim is made, perhaps once more."""
        while await self.claims.get() != claim_id:
            pass

    async def arrive(self, boot: str, file: str = "file") -> None:
        self._boots.add(boot)
        await self._bus.publish(REGISTRAR, RegistrarPresence(file, boot, "here", 0), boot=boot)

    async def go(self, boot: str) -> None:
        self._boots.discard(boot)
        await self._bus.clear(REGISTRAR, boot=boot)

    async def grant(self, claim_id: str, file: str = "file") -> None:
        await self._bus.publish(GRANT, VenueGrant(claim_id, file, granted=True), fleet=self._fleet)

    async def leave(self) -> None:
        for boot in tuple(self._boots):
            await self.go(boot)


@pytest.fixture
async def script(bus: Bus, name: str) -> AsyncIterator[ScriptedRegistrar]:
    scripted = ScriptedRegistrar(bus, name)
    await scripted.listen()
    yield scripted
    await scripted.leave()


async def until_heard(registrar: VenueRegistrar, script: ScriptedRegistrar) -> None:
    """Whatever was said to the fleet before has been handled."""
    asking = asyncio.create_task(registrar.claim(claim("sync"), GENEROUS_S))
    await script.claimed("sync")
    await script.grant("sync", registrar.registrar or "file")
    await asking


async def test_a_claim_is_answered_by_its_grant_and_told_when_and_by_whom(
    registrar: VenueRegistrar, script: ScriptedRegistrar, clock: ManualClock
) -> None:
    await script.arrive("b1", "f1")
    await until_heard(registrar, script)
    asking = asyncio.create_task(registrar.claim(claim("a"), GENEROUS_S))
    await script.claimed("a")
    clock.advance(0.5)
    await script.grant("another", "f1")
    await script.grant("a", "f1")

    granted = VenueGrant("a", "f1", granted=True)
    assert await asking == (granted, ClaimAsk(0, 500_000_000, "f1", granted=True))


async def test_without_an_answer_there_is_none_and_nothing_is_claimed_of_it(
    registrar: VenueRegistrar,
) -> None:
    assert await registrar.claim(claim("a"), 0.01) == (None, ClaimAsk(0, 0))


async def test_a_registrar_is_here_until_it_goes(
    registrar: VenueRegistrar, script: ScriptedRegistrar
) -> None:
    assert not registrar.is_here
    await script.arrive("b1", "f1")
    await until_heard(registrar, script)
    assert (registrar.is_here, registrar.registrar) == (True, "f1")
    await script.go("b1")
    await until_heard(registrar, script)
    assert (registrar.is_here, registrar.registrar) == (False, None)


async def test_a_registrar_that_falls_silent_is_gone_until_it_is_heard_again(
    registrar: VenueRegistrar, script: ScriptedRegistrar, clock: ManualClock
) -> None:
    await script.arrive("b1")
    await until_heard(registrar, script)
    clock.advance(STALE_AFTER_S)
    assert registrar.is_here
    clock.advance(0.001)
    assert not registrar.is_here
    await script.arrive("b1")
    await until_heard(registrar, script)
    assert registrar.is_here


async def test_a_claim_that_a_dead_registrar_has_missed_is_made_again_to_the_next_one(
    registrar: VenueRegistrar, script: ScriptedRegistrar
) -> None:
    asking = asyncio.create_task(registrar.claim(claim("a"), GENEROUS_S))
    await script.claimed("a")
    await script.arrive("b2")
    await script.claimed("a")
    await script.grant("a")
    grant, _ = await asking
    assert grant is not None


async def test_what_another_registrar_than_the_one_that_is_here_grants_is_overheard(
    registrar: VenueRegistrar, script: ScriptedRegistrar
) -> None:
    await script.arrive("b1", "f1")
    await script.arrive("b2", "f2")  # announces itself before it is refused
    await until_heard(registrar, script)
    asking = asyncio.create_task(registrar.claim(claim("a"), GENEROUS_S))
    await script.claimed("a")
    await script.grant("a", "f2")
    await script.grant("a", "f1")
    grant, ask = await asking
    assert grant is not None
    assert grant.registrar == ask.registrar == registrar.registrar == "f1"


async def test_a_claim_gives_up_in_time_though_the_broker_is_away(
    name: str, clock: ManualClock
) -> None:
    with running_broker("mosquitto") as process:
        async with Bus(process.url, f"fleet-{name}", timeout_s=GENEROUS_S) as bus:
            client = VenueRegistrar(bus, clock, name)
            await client.listen()
            process.stop()
            async with asyncio.timeout(GENEROUS_S / 2):
                grant, _ = await client.claim(claim("a"), 0.01)
                await client.tell(admission("x"))
            assert grant is None
            await client.close()


async def test_admissions_wait_for_a_registrar_and_are_told_in_order(
    registrar: VenueRegistrar, script: ScriptedRegistrar
) -> None:
    nonces = [f"n{number}" for number in range(50)]
    for nonce in nonces:
        await registrar.tell(admission(nonce))
    await until_heard(registrar, script)
    assert script.admissions.empty()
    await script.arrive("b1")
    assert [await script.admissions.get() for _ in nonces] == nonces
    await registrar.tell(admission("last"))
    assert await script.admissions.get() == "last"


async def test_what_was_told_shortly_before_a_registrar_died_is_told_the_next_one(
    registrar: VenueRegistrar, script: ScriptedRegistrar
) -> None:
    await script.arrive("b1")
    for nonce in ("old", "new"):
        await registrar.tell(admission(nonce))
        assert await script.admissions.get() == nonce
        if nonce == "old":  # it has lived on since
            await script.arrive("b1")
            await script.arrive("b1")
            await until_heard(registrar, script)
    await script.go("b1")
    await script.arrive("b2")
    await until_heard(registrar, script)
    await registrar.tell(admission("newest"))
    assert [await script.admissions.get() for _ in range(2)] == ["new", "newest"]
