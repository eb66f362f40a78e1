import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from broker_process import KINDS, BrokerProcess, running_broker
from bus_process import running_fleet

from gatedrill.broker.address import BrokerAddress
from gatedrill.broker.bus import Bus
from gatedrill.broker.claim import Renew, claim_alone
from gatedrill.broker.serve import BrokerKind
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import ConductorClaim, Presence
from gatedrill.contract.topics import CONDUCTOR, PRESENCE

NEVER_S = 60.0
"""A heartbeat that does not come during a test: what happens, happened without it."""


@asynccontextmanager
async def conducting(
    bus: Bus,
    conductor: str,
    *,
    heartbeat_s: float = NEVER_S,
    beat: Callable[[], None] | None = None,
) -> AsyncIterator[Renew]:
    claim = ConductorClaim(conductor, host=f"host of {conductor}", pid=os.getpid())
    async with claim_alone(
        bus,
        CONDUCTOR,
        claim,
        mine={"conductor": conductor},
        rivals={},
        refusal=lambda rival: f"{rival.host} conducts this venue",
        heartbeat_s=heartbeat_s,
        beat=beat,
    ) as renew:
        yield renew


@asynccontextmanager
async def fleet(url: str, name: str, boot: str) -> AsyncIterator[None]:
    levels = {"fleet": name, "boot": boot}
    presence = Presence(name, boot, host=f"host of {boot}", target="", devices=())
    async with (
        Bus(url, f"{name}-{boot}", own_topic=PRESENCE.topic(**levels)) as bus,
        claim_alone(
            bus,
            PRESENCE,
            presence,
            mine=levels,
            rivals={"fleet": name},
            refusal=lambda rival: f"{rival.fleet} is alive on {rival.host}",
            heartbeat_s=NEVER_S,
        ),
    ):
        yield


def conductors_bus(url: str, conductor: str) -> Bus:
    return Bus(url, conductor, own_topic=CONDUCTOR.topic(conductor=conductor))


@pytest.fixture
async def two(broker: BrokerProcess, name: str) -> AsyncIterator[list[tuple[Bus, str]]]:
    """Two conductors' names, each with a bus of its own."""
    names = [f"{name}-a", f"{name}-b"]
    async with AsyncExitStack() as stack:
        yield [
            (await stack.enter_async_context(conductors_bus(broker.url, conductor)), conductor)
            for conductor in names
        ]


async def test_of_two_conductors_that_come_at_once_exactly_one_holds_every_time(
    two: list[tuple[Bus, str]],
) -> None:
    for _ in range(25):
        everybody_tried = asyncio.Barrier(2)

        async def attempt(bus: Bus, conductor: str, tried: asyncio.Barrier) -> str:
            try:
                async with conducting(bus, conductor):
                    await tried.wait()
                    return "held"
            except PeerError as refusal:
                await tried.wait()
                return str(refusal)

        results = await asyncio.gather(*(attempt(*one, everybody_tried) for one in two))
        assert sorted(results).count("held") == 1, results
        assert any("conducts this venue" in result for result in results)


async def test_a_second_conductor_is_refused_at_once_and_welcome_when_the_first_has_left(
    two: list[tuple[Bus, str]],
) -> None:
    (first_bus, first), (second_bus, second) = two
    async with conducting(first_bus, first):
        with pytest.raises(PeerError, match=f"host of {first} conducts this venue"):
            async with conducting(second_bus, second):
                pytest.fail("two conductors")
    async with conducting(second_bus, second):
        pass


async def test_a_refused_conductor_leaves_no_claim(
    two: list[tuple[Bus, str]], broker: BrokerProcess, name: str
) -> None:
    (first_bus, first), (second_bus, second) = two
    seen: asyncio.Queue[str] = asyncio.Queue()
    async with conducting(first_bus, first):
        with pytest.raises(PeerError):
            async with conducting(second_bus, second):
                pass
        async with Bus(broker.url, f"late-{name}") as late:
            await late.subscribe(CONDUCTOR, lambda levels, _: seen.put_nowait(levels["conductor"]))
            await late.publish(CONDUCTOR, ConductorClaim(name, "here", 1), conductor=name)
            assert [await seen.get() for _ in range(2)] == [first, name]
            await late.clear(CONDUCTOR, conductor=name)


async def test_a_fleet_whose_earlier_boot_was_killed_is_welcome(
    broker: BrokerProcess, name: str
) -> None:
    with running_fleet(broker.url, name, "b1") as process:
        process.kill()
        async with fleet(broker.url, name, "b2"):
            pass


async def test_a_claim_that_nobody_repeats_is_taken_over(
    two: list[tuple[Bus, str]], bus: Bus, name: str
) -> None:
    """As a broker leaves it that wrote its retained messages to disk and then lost its memory."""
    dead = f"{name}-dead"
    cleared = asyncio.Event()
    await bus.publish(CONDUCTOR, ConductorClaim(dead, "dead host", 1), conductor=dead)

    def note(_levels: dict[str, str], claim: ConductorClaim | None) -> None:
        if claim is None:
            cleared.set()

    await bus.subscribe(CONDUCTOR, note, conductor=dead)
    heir_bus, heir = two[0]
    async with conducting(heir_bus, heir, heartbeat_s=0.05):
        await cleared.wait()


async def test_a_boot_of_a_live_fleet_is_refused_and_one_of_another_fleet_is_not(
    broker: BrokerProcess, name: str
) -> None:
    async with (
        fleet(broker.url, name, "b1"),
        fleet(broker.url, f"{name}-other", "b1"),
    ):
        with pytest.raises(PeerError, match=f"{name} is alive on host of b1"):
            async with fleet(broker.url, name, "b2"):
                pytest.fail("two boots of one fleet")


async def test_a_claim_is_repeated_as_a_heartbeat(two: list[tuple[Bus, str]], bus: Bus) -> None:
    holder_bus, holder = two[0]
    heard: asyncio.Queue[ConductorClaim | None] = asyncio.Queue()
    await bus.subscribe(CONDUCTOR, lambda _, claim: heard.put_nowait(claim), conductor=holder)
    async with conducting(holder_bus, holder, heartbeat_s=0.02):
        assert all([await heard.get() for _ in range(5)])


async def test_what_changes_is_told_with_the_next_heartbeat_or_at_once_if_wanted(
    two: list[tuple[Bus, str]], bus: Bus
) -> None:
    holder_bus, holder = two[0]
    heard: asyncio.Queue[int] = asyncio.Queue()
    pid = 1

    def said() -> ConductorClaim:
        return ConductorClaim(holder, "here", pid)

    def note(_levels: dict[str, str], claim: ConductorClaim | None) -> None:
        if claim is not None:
            heard.put_nowait(claim.pid)

    await bus.subscribe(CONDUCTOR, note, conductor=holder)
    for heartbeat_s, is_told_at_once in ((0.02, False), (NEVER_S, True)):
        async with claim_alone(
            holder_bus,
            CONDUCTOR,
            said,
            mine={"conductor": holder},
            rivals={},
            refusal=str,
            heartbeat_s=heartbeat_s,
        ) as renew:
            pid += 1
            if is_told_at_once:
                renew()
            while await heard.get() != pid:
                pass


async def test_what_the_body_raises_comes_out_as_it_was(two: list[tuple[Bus, str]]) -> None:
    cause = ValueError("cause")
    with pytest.raises(ZeroDivisionError) as raised:
        async with conducting(*two[0]):
            raise ZeroDivisionError from cause
    assert raised.value.__cause__ is cause


async def test_only_the_own_topic_of_a_bus_can_be_claimed(two: list[tuple[Bus, str]]) -> None:
    with pytest.raises(ValueError, match="cannot be claimed"):
        async with conducting(two[0][0], "somebody-else"):
            pass


@pytest.mark.parametrize("kind", KINDS)
async def test_who_was_away_while_another_claimed_is_told_and_its_body_cancelled(
    kind: BrokerKind, name: str, unused_tcp_port: int
) -> None:
    async with AsyncExitStack() as stack:
        first = stack.enter_context(running_broker(kind))
        away = await stack.enter_async_context(conductors_bus(first.url, f"{name}-a"))

        async def conduct_until_replaced() -> None:
            async with conducting(away, f"{name}-a"):
                there, away.address = away.address, BrokerAddress("127.0.0.1", unused_tcp_port)
                first.stop()
                stack.enter_context(running_broker(kind, first.port))
                heir = await stack.enter_async_context(conductors_bus(first.url, f"{name}-b"))
                async with conducting(heir, f"{name}-b"):
                    away.address = there
                    await asyncio.Event().wait()

        with pytest.raises(PeerError, match=f"host of {name}-b conducts this venue"):
            await conduct_until_replaced()


async def test_a_beat_is_shown_whenever_the_broker_has_taken_the_claim(
    broker: BrokerProcess, name: str
) -> None:
    beats: asyncio.Queue[None] = asyncio.Queue()
    async with (
        conductors_bus(broker.url, name) as bus,
        conducting(bus, name, beat=lambda: beats.put_nowait(None)) as renew,
    ):
        await beats.get()
        renew()
        await beats.get()


async def test_who_ends_while_the_broker_is_away_does_not_wait_for_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_topic = CONDUCTOR.topic(conductor=name)
    with running_broker("embedded") as only:
        async with (
            Bus(only.url, name, own_topic=own_topic, timeout_s=0.3) as bus,
            conducting(bus, name),
        ):
            only.stop()
            with pytest.raises(PeerError):
                await bus.clear(CONDUCTOR, conductor="somebody-else")
            assert not bus.is_connected
            monkeypatch.setattr(bus, "clear", lambda *_, **__: pytest.fail("it waits"))
