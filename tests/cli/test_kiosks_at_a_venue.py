"""Fleets of kiosks and gates at a venue that is there already, and those that did not come."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from command import Ended, Running, gatedrill, running
from runs import only_folder, outcomes, plan, records
from venue_processes import (
    KEY,
    HandMadeVenue,
    running_broker,
    running_fleet,
    running_venue,
)

FLEET = ("--count", "3", "--kiosks", "3", "--name-prefix", "north", "--vip-argument", "p_qr_token")

EVENING = """
version = 1
name = "evening"
title = "A table comes in while two kiosks want one place"
devices = 2
kiosks = 2
{roster}

[[reservations]]
name = "table"
guests = 2

[[tickets]]
name = "guests"
kind = "vip_pass"
reservation = "table"
count = 2

[[slots]]
name = "evening"
capacity = 1

[[phases]]
kind = "burst"
shows = [{{ tickets = "guests" }}]
books = [{{ slot = "evening" }}]
expect = {{ admitted = 2, booked = 1, full = 1 }}
"""

IMPATIENT = ("--wait", "6s")


class Place(NamedTuple):
    venue: HandMadeVenue
    too_few: Running
    absent: Running


def evening(folder: Path, *roster: str) -> str:
    path = folder / f"evening-{len(roster)}.toml"
    path.write_text(EVENING.format(roster=f"roster = {list(roster)}" if roster else ""))
    return str(path)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """A venue with kiosks, and two at which runs wait for kiosks in vain all the while."""
    folder = tmp_path_factory.mktemp("evening")
    roster = ("south-01", "south-02", "south-kiosk-01", "south-kiosk-02")
    waiting = {"SUPABASE_SERVICE_ROLE_KEY": KEY}
    with ExitStack() as stack:
        venue = stack.enter_context(running_venue(*FLEET))
        first, _ = stack.enter_context(running_broker())
        south = ("--count", "2", "--kiosks", "1", "--name-prefix", "south")
        stack.enter_context(running_fleet(first, venue.service, *south))
        scenario = evening(folder)
        too_few = running("run", scenario, "--broker", first, *IMPATIENT, cwd=folder, **waiting)
        second, _ = stack.enter_context(running_broker())
        stack.enter_context(running_fleet(second, venue.service, *south))
        scenario = evening(folder, *roster)
        absent = running("run", scenario, "--broker", second, *IMPATIENT, cwd=folder, **waiting)
        yield Place(venue, stack.enter_context(too_few), stack.enter_context(absent))


def run(place: Place, out: Path, *roster: str) -> Ended:
    arguments = ("run", evening(out, *roster), "--broker", place.venue.broker, "--out", str(out))
    return gatedrill(*arguments, SUPABASE_SERVICE_ROLE_KEY=KEY)


@pytest.fixture(scope="module")
def drill(place: Place, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ended, Path]:
    out = tmp_path_factory.mktemp("drill")
    return run(place, out), out


def test_a_fleet_says_how_many_kiosks_it_hosts(place: Place) -> None:
    place.venue.parts[-1].err_line("2 emulated cameras, 1 emulated serial scanners, 3 kiosks ready")


def test_gates_and_kiosks_of_a_venue_act_in_one_burst(drill: tuple[Ended, Path]) -> None:
    ended, out = drill
    assert ended.code == 0, ended.out + ended.err
    assert outcomes(only_folder(out)) == {"admitted": 2, "booked": 1, "refused": 1}
    assert [device.name for device in plan(only_folder(out)).devices] == [
        *("north-01", "north-02", "north-kiosk-01", "north-kiosk-02")
    ]


def test_a_fleet_tells_of_a_pass_what_the_service_wants(drill: tuple[Ended, Path]) -> None:
    found = records(only_folder(drill[1]))
    tokens = {each.qr_token for each in found.after.vip_passes or ()}
    assert {each.asked_for for each in found.logs.vip_scan_logs or ()} == tokens
    assert len(tokens) == 2


def test_a_roster_chooses_among_those_who_came(place: Place, tmp_path: Path) -> None:
    wanted = ("north-01", "north-03", "north-kiosk-01", "north-kiosk-03")
    ended = run(place, tmp_path, *wanted)
    assert ended.code == 0, ended.out + ended.err
    assert tuple(device.name for device in plan(only_folder(tmp_path)).devices) == wanted


def test_too_few_kiosks_are_told_with_the_cure(place: Place) -> None:
    ended = place.too_few.ended()
    assert (ended.code, ended.out) == (5, "")
    *_, line = ended.err_lines
    assert "2 kiosks are needed, 1 came (here: south-01, south-02, south-kiosk-01)" in line
    assert "start more with gatedrill fleet" in line


def test_a_kiosk_that_did_not_come_is_named(place: Place) -> None:
    ended = place.absent.ended()
    assert (ended.code, ended.out) == (5, "")
    *_, line = ended.err_lines
    assert line.endswith("for the roster: did not come: south-kiosk-02")
