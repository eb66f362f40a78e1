"""A venue of several machines: each has an address and a name of its own, and can be lost."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import NamedTuple

import pytest
from command import Ended, Running, running
from network_hosts import VENUE_ADDRESS, Host, network
from open_venue import open_venue
from runs import await_first_attempt, history, only_folder, result

from gatedrill.contract.outcome import OutcomeKind
from gatedrill.orchestrator.history import Attempted, Silent

KEY = {"SUPABASE_SERVICE_ROLE_KEY": "the-key-of-this-service"}
FIRST = ("hall-1-01", "hall-1-02", "hall-1-03")
SECOND = ("hall-2-01", "hall-2-02")
SCENARIO = """
version = 1
name = "{name}"
title = "Every gate of both halls"
devices = 5

[requires]
devices = 5

[requires.gates]
hall-1 = 3
hall-2 = 2

[[tickets]]
name = "own"

[[phases]]
{phase}
"""
PATIENT = ("--wait", "60s")
BURST = 'kind = "burst"\nshows = [{ tickets = "own", same = true }]\nexpect = { admitted = 1 }'
STREAM = 'kind = "stream"\ntickets = "own"\nduration_s = 4\npause_s = 0.2'


class Venue(NamedTuple):
    """A venue at a host of its own, and the hosts of its halls."""

    broker: str
    host: Host
    halls: tuple[Host, ...]
    fleets: tuple[Running, ...]

    def run(self, *arguments: str) -> Ended:
        with self.running(*arguments) as command:
            return command.ended()

    def running(self, *arguments: str) -> AbstractContextManager[Running]:
        command = (*arguments, "--broker", self.broker)
        return running(
            *command, inside=self.host.inside, GATEDRILL_ALLOW_TARGET=VENUE_ADDRESS, **KEY
        )


@pytest.fixture(scope="module")
def venue() -> Iterator[Venue]:
    with ExitStack() as stack:
        host, *halls = stack.enter_context(network("east-wing", "west-wing"))
        key = KEY["SUPABASE_SERVICE_ROLE_KEY"]
        broker, service = stack.enter_context(open_venue(host.address, key, host.inside))
        asked = ("--broker", broker, "--target", service, "--allow-target", VENUE_ADDRESS)
        fleets = [
            stack.enter_context(
                running(
                    *("fleet", "--count", str(count), "--name-prefix", prefix, *asked),
                    inside=hall.inside,
                    **KEY,
                )
            )
            for hall, prefix, count in zip(halls, ("hall-1", "hall-2"), (3, 2), strict=True)
        ]
        for fleet in fleets:
            fleet.err_line(" ready at the broker, ")
        yield Venue(broker, host, tuple(halls), tuple(fleets))


def scenario(folder: Path, name: str, phase: str) -> str:
    path = folder / f"{name}.toml"
    path.write_text(SCENARIO.format(name=name, phase=phase))
    return str(path)


def test_gates_of_several_hosts_race_and_the_roster_tells_where_each_is(
    venue: Venue, tmp_path: Path
) -> None:
    race = scenario(tmp_path, "halls", BURST)
    ended = venue.run("run", race, "--out", str(tmp_path), "--require", "hall-2=2")
    assert ended.code == 0, ended.out + ended.err
    judged = result(only_folder(tmp_path))
    assert {clock.fleet for clock in judged.clocks} == {"hall-1", "hall-2"}

    rows = json.loads(venue.run("roster", "--json", "--wait", "0.5").out)
    hosts = {(row["device"], row["host"]) for row in rows}
    assert hosts == {
        *((device, "east-wing") for device in FIRST),
        *((device, "west-wing") for device in SECOND),
    }


def test_a_host_that_is_missing_ends_the_run_with_what_is_missing(
    venue: Venue, tmp_path: Path
) -> None:
    race = scenario(tmp_path, "halls", BURST)
    required = ("--require", "9", "--require", "hall-2=3", "--require", "hall-3=2")
    ended = venue.run("run", race, "--out", str(tmp_path), *required, "--wait", "2s")
    assert (ended.code, ended.out) == (5, "")
    assert ended.err_lines[-1] == (
        "gatedrill: waited 2 s for the roster: 9 devices are needed, 5 came; "
        "hall-2: 3 are needed, 2 came, missing hall-2-03; hall-3: 2 are needed, 0 came"
    )
    [progress] = ended.err_lines[:-1]
    assert progress == (
        "waiting for the roster: 5 of 9 devices, 3 of 3 at hall-1, 2 of 3 at hall-2, "
        "0 of 2 at hall-3"
    )


def test_a_host_that_is_lost_makes_its_own_gates_silent_and_comes_back_by_itself(
    venue: Venue, tmp_path: Path
) -> None:
    lost, after = tmp_path / "lost", tmp_path / "after"
    _, west = venue.halls
    rush = scenario(tmp_path, "rush", STREAM)
    with venue.running("run", rush, "--out", str(lost)) as command:
        folder = await_first_attempt(lost)
        west.pull_the_plug()
        try:
            ended = command.ended()
        finally:
            west.plug_in()
    assert ended.code == 4, ended.out + ended.err
    assert "devices fell silent: hall-2-01, hall-2-02" in ended.out
    silent = [event.devices for event in history(folder) if isinstance(event, Silent)]
    assert silent == [SECOND]
    of_others = [
        event.record.outcome.kind
        for event in history(folder)
        if isinstance(event, Attempted) and event.record.device in FIRST
    ]
    assert len(of_others) >= len(FIRST)
    assert set(of_others) == {OutcomeKind.ADMITTED}

    again = venue.run("run", scenario(tmp_path, "again", BURST), "--out", str(after), *PATIENT)
    assert again.code == 0, again.out + again.err
