"""The wait for the roster: who comes, who leaves, who speaks another version, and what is said."""

import asyncio
from typing import TYPE_CHECKING, cast

import pytest
from memory_bus import ManualClock, MemoryBus

from gatedrill.broker.claim import STALE_AFTER_S
from gatedrill.contract import topics
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import KIOSK, PROTOCOL_VERSION, DeviceInfo, Ping, Pong, Presence
from gatedrill.contract.other_versions import PRESENCE_OF_ANY_VERSION, AnyPresence
from gatedrill.orchestrator import gathering
from gatedrill.orchestrator.gathering import gather
from gatedrill.orchestrator.needed import Needed
from gatedrill.orchestrator.roster import Roster

if TYPE_CHECKING:
    from gatedrill.broker.bus import Bus

CURE = f"this run speaks {PROTOCOL_VERSION}: install the same gatedrill on both"
OLD = "v2"
GENEROUS_S = 60.0


class Place:
    """A venue to which fleets come, and a run that waits for them."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.bus = MemoryBus()
        self.roster = Roster(self.clock)
        self.said: list[str] = []
        self.deaf: set[str] = set()

    async def open(self) -> None:
        """Have those who come answer pings, but for the deaf."""

        def answer(levels: dict[str, str], _ping: Ping | None) -> None:
            fleet = levels["fleet"]
            if fleet not in self.deaf:
                pong = Pong(_boot(fleet), 0, 0, 0)
                self.bus.say(topics.PONG, pong, fleet=fleet, boot=_boot(fleet))

        await self.bus.subscribe(topics.PING, answer)

    def come(self, fleet: str, *devices: str, protocol: int = PROTOCOL_VERSION) -> None:
        infos = tuple(
            DeviceInfo(device, KIOSK if "kiosk" in device else "serial", 0.5) for device in devices
        )
        presence = Presence(fleet, _boot(fleet), "east-wing", "http://127.0.0.1:1", infos, protocol)
        self.bus.say(topics.PRESENCE, presence, fleet=fleet, boot=_boot(fleet))

    def go(self, fleet: str) -> None:
        self.bus.say(topics.PRESENCE, None, fleet=fleet, boot=_boot(fleet))

    def stranger(self, fleet: str, version: str = OLD, protocol: int | None = 2) -> None:
        presence = AnyPresence(fleet, "1", "attic", protocol)
        self.bus.say(PRESENCE_OF_ANY_VERSION, presence, version=version, fleet=fleet, boot="1")

    def stranger_goes(self, fleet: str) -> None:
        self.bus.say(PRESENCE_OF_ANY_VERSION, None, version=OLD, fleet=fleet, boot="1")

    def gather(self, needed: Needed, within_s: float = GENEROUS_S) -> "asyncio.Task[None]":
        bus = cast("Bus", self.bus)
        waiting = gather(bus, self.clock, self.roster, needed, within_s, self.said.append)
        return asyncio.create_task(waiting)

    async def fail(self, needed: Needed) -> str:
        """What a wait says that ends without those who are needed."""
        with pytest.raises(PeerError) as raised:
            await self.gather(needed, 0.01)
        return str(raised.value)


def _boot(fleet: str) -> str:
    return f"boot-{fleet}"


@pytest.fixture
async def place() -> Place:
    place = Place()
    await place.open()
    return place


async def settle() -> None:
    """Let everybody go on who can."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    ("needed", "last"),
    [
        (Needed(names=("gate-01", "gate-02")), "gate-02"),
        (Needed(scanners=2), "gate-02"),
        (Needed(scanners=1, kiosks=1), "kiosk-01"),
        (Needed(gates={"gate": 1, "gate-a": 1}), "gate-a"),
    ],
)
async def test_the_wait_ends_when_the_last_of_those_who_are_needed_has_come(
    place: Place, needed: Needed, last: str
) -> None:
    waiting = place.gather(needed)
    place.come("east", "gate-01")
    place.come("south", "southern-kiosk") if last != "kiosk-01" else None
    await settle()
    assert not waiting.done()

    place.come("west", last)
    await asyncio.wait_for(waiting, GENEROUS_S)


async def test_who_is_here_already_is_not_waited_for_and_nothing_is_said(place: Place) -> None:
    place.come("east", "gate-01")

    await place.gather(Needed(names=("gate-01",), scanners=1), 0)
    assert place.said == []


async def test_whom_the_broker_remembers_and_who_does_not_answer_is_not_here(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "PONG_TIMEOUT_S", 0.01)
    place.deaf = {"aisle", "attic"}
    place.come("aisle", "aisle-01")
    place.come("attic", "attic-01")
    place.come("east", "gate-01")

    assert "2 devices are needed, 1 came" in await place.fail(Needed(scanners=2))
    assert [device.name for device in place.roster.devices] == ["gate-01"]
    assert place.said[0] == (
        "left out aisle, attic: remembered by the broker, but nobody answers there"
    )


async def test_who_is_heard_alive_need_not_answer(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "PONG_TIMEOUT_S", 0.01)
    place.deaf = {"east"}
    place.come("east", "gate-01")

    def be_heard(_levels: dict[str, str], _ping: Ping | None) -> None:
        place.come("east", "gate-01")

    await place.bus.subscribe(topics.PING, be_heard)
    await asyncio.wait_for(place.gather(Needed(scanners=1)), GENEROUS_S)
    assert place.said == []


async def test_those_who_do_not_come_are_named(place: Place) -> None:
    place.come("hall-1", "hall-1-01", "hall-1-03")

    assert await place.fail(Needed(scanners=4, gates={"hall-1": 3})) == (
        "waited 0.01 s for the roster: 4 devices are needed, 2 came; "
        "hall-1: 3 are needed, 2 came, missing hall-1-02"
    )


async def test_whoever_comes_at_the_last_moment_counts(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    next_change = place.roster.next_change

    async def until_time_is_up(timeout_s: float) -> None:
        await next_change(timeout_s)
        place.come("west", "gate-02")

    monkeypatch.setattr(place.roster, "next_change", until_time_is_up)
    place.come("east", "gate-01")

    await place.gather(Needed(scanners=2), 0.01)


async def test_a_fleet_that_leaves_while_others_are_waited_for_counts_no_longer(
    place: Place,
) -> None:
    place.come("east", "gate-01")
    waiting = place.gather(Needed(scanners=2))
    await settle()
    place.go("east")
    place.come("west", "gate-02")
    await settle()
    assert not waiting.done()

    place.come("east", "gate-01")
    await asyncio.wait_for(waiting, GENEROUS_S)


async def test_a_fleet_that_falls_silent_while_others_are_waited_for_counts_no_longer(
    place: Place,
) -> None:
    place.come("east", "gate-01")
    waiting = place.gather(Needed(scanners=2))
    await settle()
    place.clock.advance_s(STALE_AFTER_S + 1)
    place.come("north")  # anything that happens
    await settle()
    place.come("west", "gate-02")
    await settle()
    assert not waiting.done()
    waiting.cancel()


async def test_how_many_have_come_is_told_whenever_it_changes(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gathering, "WORD_EVERY_S", 0.0)
    waiting = place.gather(Needed(scanners=3, gates={"hall-1": 2}))
    for fleet, devices in (("a", ["hall-1-01"]), ("a", ["hall-1-01"]), ("b", ["north-01"])):
        await settle()
        place.come(fleet, *devices)
    await settle()
    waiting.cancel()

    assert place.said == [
        "waiting for the roster: 0 of 3 devices, 0 of 2 at hall-1",
        "waiting for the roster: 1 of 3 devices, 1 of 2 at hall-1",
        "waiting for the roster: 2 of 3 devices, 1 of 2 at hall-1",
    ]


async def test_that_nobody_has_come_in_the_first_moment_is_no_news(place: Place) -> None:
    waiting = place.gather(Needed(scanners=2))
    for device in ("gate-01", "gate-02"):
        await settle()
        place.come(device, device)
    await asyncio.wait_for(waiting, GENEROUS_S)

    assert place.said == []


async def test_where_the_broker_has_gone_that_is_said_first(place: Place) -> None:
    place.come("east", "gate-01")
    place.bus.is_connected = False

    assert (await place.fail(Needed(scanners=2))).startswith(
        "no connection to the broker at mqtt://127.0.0.1:1: waited 0.01 s for the roster: 2 devices"
    )


async def test_a_fleet_of_another_version_is_named_and_not_counted(place: Place) -> None:
    place.stranger("hall-2")
    failure = await place.fail(Needed(scanners=1))

    told = f"hall-2 on attic speaks protocol version 2, {CURE}"
    assert failure.endswith(f"start more with gatedrill fleet or --scale device=N; {told}")
    assert place.said == [told], "at once, and once"


async def test_a_fleet_of_another_version_is_told_even_where_everybody_has_come(
    place: Place,
) -> None:
    place.come("east", "gate-01")
    place.stranger("hall-2")
    await place.gather(Needed(scanners=1))

    assert place.said == [f"hall-2 on attic speaks protocol version 2, {CURE}"]


async def test_those_of_our_version_are_no_strangers(place: Place) -> None:
    place.come("east", "gate-01")

    assert "speaks" not in await place.fail(Needed(scanners=2))
    assert place.said == []


@pytest.mark.parametrize(
    ("version", "protocol", "told"), [("v1", None, 1), ("v7", 7, 7), ("v9", PROTOCOL_VERSION, 9)]
)
async def test_the_topic_tells_the_version_of_whoever_does_not(
    place: Place, version: str, protocol: int | None, told: int
) -> None:
    place.stranger("hall-2", version, protocol)
    assert f"speaks protocol version {told}, {CURE}" in await place.fail(Needed(scanners=1))


async def test_whoever_tells_another_version_than_its_topic_is_told_of_too(place: Place) -> None:
    place.come("east", "gate-01", protocol=PROTOCOL_VERSION + 1)
    failure = await place.fail(Needed(scanners=1))

    assert "0 came" in failure
    assert f"east on east-wing speaks protocol version {PROTOCOL_VERSION + 1}, {CURE}" in failure


async def test_what_is_on_a_topic_without_a_version_is_nobodys_business(place: Place) -> None:
    place.stranger("hall-2", "test")
    assert "speaks" not in await place.fail(Needed(scanners=1))


async def test_a_stranger_that_has_gone_or_left_its_word_behind_is_told_of_no_more(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 0.0
    monkeypatch.setattr(gathering, "_now_s", lambda: now_s)
    for fleet in ("hall-2", "hall-3", "hall-4"):
        place.stranger(fleet)
    waiting = place.gather(Needed(scanners=1))
    await settle()
    place.clock.advance_s(STALE_AFTER_S)
    place.stranger("hall-3")
    place.stranger("hall-4")
    place.stranger_goes("hall-4")
    await settle()
    place.clock.advance_s(1)
    place.stranger("hall-3")
    now_s = GENEROUS_S
    place.come("north")  # anything that happens
    with pytest.raises(PeerError) as raised:
        await waiting

    assert "hall-3 on attic" in str(raised.value)
    assert "hall-2" not in str(raised.value)
    assert "hall-4" not in str(raised.value)
