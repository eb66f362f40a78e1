"""The roster: who is here, who is missing, who has gone, and whose each device is."""

import asyncio
import logging

import msgspec
import pytest
from memory_bus import ManualClock

from gatedrill.broker.bus import Received
from gatedrill.broker.claim import STALE_AFTER_S
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import (
    KIOSK,
    PROTOCOL_VERSION,
    DeviceInfo,
    DeviceState,
    Presence,
)
from gatedrill.contract.outcome import Authority
from gatedrill.orchestrator import roster as roster_module
from gatedrill.orchestrator.roster import Roster

TARGET = "http://127.0.0.1:8000"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def roster(clock: ManualClock) -> Roster:
    return Roster(clock)


def presence(
    fleet: str, *devices: str, boot: str = "", protocol: int = PROTOCOL_VERSION
) -> Presence:
    infos = tuple(
        DeviceInfo(device, KIOSK if "kiosk" in device else f"reader of {fleet}", 0.5)
        for device in devices
    )
    return Presence(fleet, boot or f"boot-{fleet}", "host", TARGET, infos, protocol)


def come(roster: Roster, who: Presence) -> None:
    roster.on_presence({"fleet": who.fleet, "boot": who.boot}, who)


def go(roster: Roster, fleet: str, boot: str = "") -> None:
    roster.on_presence({"fleet": fleet, "boot": boot or f"boot-{fleet}"}, None)


def names(roster: Roster) -> list[str]:
    return [device.name for device in roster.devices]


async def test_devices_stand_by_name_across_fleets(roster: Roster) -> None:
    come(roster, presence("west", "gate-03", "gate-01"))
    come(roster, presence("east", "gate-02"))

    assert names(roster) == ["gate-01", "gate-02", "gate-03"]
    assert [fleet.fleet for fleet in roster.fleets] == ["east", "west"]
    assert roster.fleet_of("gate-02") == presence("east", "gate-02")
    assert roster.fleet_of("gate-09") is None


async def test_a_fleet_that_leaves_takes_its_devices_along_and_is_reported_by_its_boot(
    roster: Roster,
) -> None:
    gone: list[str] = []
    roster.on_gone = gone.append
    come(roster, presence("east", "gate-01", boot="7"))
    go(roster, "east", boot="7")

    assert names(roster) == []
    assert gone == ["7"]


async def test_the_farewell_of_a_fleet_that_was_never_here_is_nobodys_loss(roster: Roster) -> None:
    gone: list[str] = []
    roster.on_gone = gone.append
    go(roster, "east")

    assert gone == []


async def test_a_fleet_whose_heartbeats_are_missing_is_dropped_and_one_that_beats_stays(
    roster: Roster, clock: ManualClock
) -> None:
    gone: list[str] = []
    roster.on_gone = gone.append
    come(roster, presence("east", "gate-01", boot="1"))
    come(roster, presence("west", "gate-02", boot="2"))
    clock.advance_s(STALE_AFTER_S)
    come(roster, presence("west", "gate-02", boot="2"))
    roster.drop_stale()
    assert gone == []

    clock.advance_s(0.001)
    roster.drop_stale()
    assert gone == ["1"]
    assert names(roster) == ["gate-02"]


async def test_a_fleet_of_another_protocol_does_not_count(roster: Roster) -> None:
    come(roster, presence("east", "gate-01", protocol=PROTOCOL_VERSION + 1))

    assert names(roster) == []
    assert roster.fleet_of("gate-01") is None


async def test_a_second_boot_of_a_fleet_neither_doubles_its_devices_nor_takes_its_place(
    roster: Roster,
) -> None:
    come(roster, presence("east", "gate-01", "gate-02", boot="9"))
    come(roster, presence("east", "gate-01", "gate-02", boot="1"))
    come(roster, presence("east", "gate-01", "gate-02", boot="9"))
    fleet = roster.fleet_of("gate-01")

    assert names(roster) == ["gate-01", "gate-02"]
    assert fleet is not None
    assert fleet.boot == "9"


async def test_the_second_boot_takes_over_when_the_first_has_gone(roster: Roster) -> None:
    come(roster, presence("east", "gate-01", boot="9"))
    come(roster, presence("east", "gate-01", boot="1"))
    go(roster, "east", boot="9")
    fleet = roster.fleet_of("gate-01")

    assert fleet is not None
    assert fleet.boot == "1"


async def test_a_device_that_two_fleets_name_is_the_first_ones_that_came_and_is_listed_as_its(
    roster: Roster,
) -> None:
    west = presence("west", "gate-01")
    come(roster, west)
    come(roster, presence("east", "gate-01"))
    come(roster, west)

    assert roster.fleet_of("gate-01") == west
    assert roster.devices == list(west.devices)


def test_who_is_excused_is_here_though_its_heartbeats_are_missing(
    roster: Roster, clock: ManualClock
) -> None:
    gone: list[str] = []
    roster.on_gone = gone.append
    roster.is_excused = {"boot-west"}.__contains__
    come(roster, presence("west", "gate-01", boot="boot-west"))
    come(roster, presence("east", "gate-02", boot="boot-east"))
    clock.advance_s(STALE_AFTER_S + 1)
    roster.drop_stale()
    assert (names(roster), gone) == (["gate-01"], ["boot-east"])

    roster.is_excused = lambda _boot: False
    roster.drop_stale()
    assert (names(roster), gone) == ([], ["boot-east", "boot-west"])


def test_who_is_excused_is_here_though_the_broker_has_cleared_it_unless_it_stays_away(
    roster: Roster,
) -> None:
    gone: list[str] = []
    roster.on_gone = gone.append
    roster.is_excused = lambda _boot: True
    for fleet, device in (("west", "gate-01"), ("east", "gate-02")):
        come(roster, presence(fleet, device, boot=f"boot-{fleet}"))
        go(roster, fleet, boot=f"boot-{fleet}")
    assert (names(roster), gone) == (["gate-01", "gate-02"], [])

    come(roster, presence("west", "gate-01", boot="boot-west"))
    roster.is_excused = lambda _boot: False
    roster.drop_stale()
    assert (names(roster), gone) == (["gate-01"], ["boot-east"])


def test_another_boot_of_one_that_was_cleared_takes_its_place_at_once(roster: Roster) -> None:
    gone: list[str] = []
    roster.on_gone = gone.append
    roster.is_excused = lambda _boot: True
    come(roster, presence("west", "gate-01", boot="1"))
    go(roster, "west", boot="1")
    come(roster, presence("west", "gate-01", boot="2"))

    fleet = roster.fleet_of("gate-01")
    assert fleet is not None
    assert (fleet.boot, gone) == ("2", ["1"])


def test_the_states_of_all_devices_stand_by_name(roster: Roster) -> None:
    idle = DeviceState(Authority.ONLINE, 0)
    busy = DeviceState(Authority.OFFLINE, 7, oldest_s=3.5)
    west = presence("west", "gate-01", "gate-02")
    come(roster, msgspec.structs.replace(west, states={"gate-01": idle, "gate-02": busy}))
    come(roster, presence("east", "gate-03"))
    assert roster.states == {"gate-01": idle, "gate-02": busy}

    go(roster, "west")
    assert roster.states == {}


def test_a_device_has_told_when_its_fleet_makes_itself_known_again(roster: Roster) -> None:
    come(roster, presence("west", "gate-01"))
    come(roster, presence("east", "gate-02"))
    mark = roster.mark
    assert not roster.has_told_since("gate-01", mark)

    come(roster, presence("east", "gate-02"))
    assert not roster.has_told_since("gate-01", mark)
    come(roster, presence("west", "gate-01"))
    assert roster.has_told_since("gate-01", mark)
    assert not roster.has_told_since("gate-09", mark), "who is not here tells nothing"


def test_what_the_broker_had_kept_of_a_known_fleet_is_no_sign_of_life(
    roster: Roster, clock: ManualClock
) -> None:
    west = presence("west", "gate-01")
    levels = {"fleet": "west", "boot": "boot-west"}
    roster.hear(Received(levels, west, retained=True))
    assert names(roster) == ["gate-01"], "but it is how one is made known"
    mark = roster.mark
    clock.advance_s(STALE_AFTER_S + 1)
    roster.hear(Received(levels, west, retained=True))
    assert not roster.has_told_since("gate-01", mark)
    roster.drop_stale()
    assert names(roster) == []

    roster.hear(Received(levels, west, retained=False))
    assert roster.has_told_since("gate-01", mark)


async def test_the_wait_for_those_who_come_back_ends_with_another_boot_of_each(
    roster: Roster,
) -> None:
    come(roster, presence("west", "gate-01", boot="w1"))
    waiting = asyncio.create_task(roster.wait_for_return({"gate-01": "w1", "gate-02": "e1"}, 60))
    for boot, fleet, device in (("w2", "west", "gate-01"), ("e1", "east", "gate-02")):
        await asyncio.sleep(0)
        come(roster, presence(fleet, device, boot=boot))
    go(roster, "west", boot="w1")
    await asyncio.sleep(0.01)
    assert not waiting.done()

    go(roster, "east", boot="e1")
    come(roster, presence("east", "gate-02", boot="e2"))
    await asyncio.wait_for(waiting, 60)


async def test_those_who_do_not_come_back_are_named(roster: Roster) -> None:
    come(roster, presence("west", "gate-01", boot="1"))

    with pytest.raises(PeerError, match=r"^waited 0.01 s: did not come back: gate-01, gate-02$"):
        await roster.wait_for_return({"gate-01": "1", "gate-02": "1"}, 0.01)


@pytest.mark.parametrize(
    "topic",
    [
        {"fleet": "east", "boot": "boot-west"},
        {"fleet": "east", "boot": "boot-east"},
        {"fleet": "west", "boot": "boot-east"},
    ],
)
def test_a_presence_of_another_fleet_or_boot_than_its_topics_is_dropped(
    roster: Roster, topic: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for _ in range(2):
        roster.on_presence(topic, presence("west", "gate-01"))

    assert (roster.fleets, roster.devices, roster.fleet_of("gate-01")) == ([], [], None)
    assert [record.getMessage() for record in caplog.records] == [
        f"fleet {topic['fleet']} speaks for others: what it says for them is dropped"
    ], "once, and without what it said"


def test_a_boot_is_one_fleets_for_good_and_no_other_can_announce_it_or_take_leave_for_it(
    roster: Roster, caplog: pytest.LogCaptureFixture
) -> None:
    gone: list[str] = []
    roster.on_gone = gone.append
    come(roster, presence("west", "gate-01", boot="1"))
    come(roster, presence("east", "gate-02", boot="1"))
    go(roster, "east", boot="1")

    assert (names(roster), gone) == (["gate-01"], [])
    assert "fleet east speaks for others" in caplog.text

    go(roster, "west", boot="1")
    come(roster, presence("east", "gate-02", boot="1"))
    assert (names(roster), gone) == ([], ["1"])


def test_how_a_device_stands_is_told_by_its_own_fleet_alone(roster: Roster) -> None:
    busy, idle = DeviceState(Authority.OFFLINE, 7), DeviceState(Authority.ONLINE, 0)
    west, east = presence("west", "gate-01"), presence("east", "gate-02", "gate-01")
    come(roster, msgspec.structs.replace(west, states={"gate-01": busy}))
    come(roster, msgspec.structs.replace(east, states={"gate-01": idle, "gate-02": idle}))

    assert roster.states == {"gate-01": busy, "gate-02": idle}


async def test_once_settled_a_device_is_its_fleets_also_while_that_is_away(
    roster: Roster, caplog: pytest.LogCaptureFixture
) -> None:
    come(roster, presence("west", "gate-01", boot="w1"))
    await roster.settle()
    for _ in range(2):
        come(roster, presence("east", "gate-01", "gate-02"))
        go(roster, "west", boot="w1")
        assert names(roster) == ["gate-02"], "who comes later may bring others"
        assert roster.fleet_of("gate-01") is None
    assert caplog.text.count("fleet east speaks for others") == 1

    back = presence("west", "gate-01", boot="w2")
    come(roster, back)
    await roster.settle()
    assert roster.fleet_of("gate-01") == back


async def test_two_fleets_that_name_the_same_devices_are_named_and_nothing_is_settled(
    roster: Roster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster_module, "TWINS_LEAVE_WITHIN_S", 0.01)
    come(roster, presence("west", "gate-03", "gate-02", "gate-01"))
    come(roster, presence("east", "gate-02", "gate-01"))

    told = r"^fleets east and west both name gate-01, gate-02: stop one of them, or rename its dev"
    with pytest.raises(PeerError, match=told):
        await roster.settle()

    go(roster, "west")
    await roster.settle()
    assert roster.fleet_of("gate-01") == presence("east", "gate-02", "gate-01")


async def test_two_boots_of_one_fleet_are_no_twins(
    roster: Roster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster_module, "TWINS_LEAVE_WITHIN_S", 0.0)
    come(roster, presence("west", "gate-01", boot="w1"))
    come(roster, presence("west", "gate-01", boot="w2"))
    await roster.settle()


@pytest.mark.parametrize("order", [("annex", "west"), ("west", "annex")])
async def test_two_fleets_of_one_boot_are_named_whoever_is_heard_first(
    roster: Roster, order: tuple[str, str]
) -> None:
    for fleet in order:
        come(roster, presence(fleet, f"gate-of-{fleet}", boot="w1"))
    one, other = order
    with pytest.raises(PeerError, match=rf"^fleets {one} and {other} both say .* are boot w1: one"):
        await roster.settle()


async def test_once_settled_a_boot_stays_that_of_the_first_and_nobody_is_stopped(
    roster: Roster,
) -> None:
    come(roster, presence("west", "gate-01", boot="w1"))
    await roster.settle()
    come(roster, presence("annex", "gate-02", boot="w1"))
    await roster.settle()
    assert names(roster) == ["gate-01"]


async def test_it_is_settled_when_the_second_of_two_has_left(roster: Roster) -> None:
    come(roster, presence("west", "gate-01"))
    come(roster, presence("east", "gate-01"))
    settling = asyncio.create_task(roster.settle())
    await asyncio.sleep(0)
    assert not settling.done()

    go(roster, "east")
    await asyncio.wait_for(settling, 60)
    assert roster.fleet_of("gate-01") == presence("west", "gate-01")


async def test_a_twin_that_was_left_behind_is_not_waited_for_longer_than_until_it_is_stale(
    roster: Roster, clock: ManualClock
) -> None:
    come(roster, presence("east", "gate-01"))
    clock.advance_s(STALE_AFTER_S + 1)
    come(roster, presence("west", "gate-01"))

    await asyncio.wait_for(roster.settle(), 60)
    assert roster.fleet_of("gate-01") == presence("west", "gate-01")
