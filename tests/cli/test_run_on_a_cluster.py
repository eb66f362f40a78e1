"""Runs whose broker is a cluster: conductor and gates are at different nodes, and nodes go."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from command import Ended, running
from nats_cluster import Node, running_cluster
from runs import await_first_attempt
from venue_processes import KEY, running_fleet, running_service


class ClusteredVenue(NamedTuple):
    """Its gates are at a node of their own; nobody is at the spare one."""

    conductors: Node
    gates: Node
    spare: Node


@pytest.fixture(scope="module")
def venue() -> Iterator[ClusteredVenue]:
    with running_cluster() as nodes, running_service() as service:
        venue = ClusteredVenue(*nodes)
        with running_fleet(venue.gates.url("device"), service, "--count", "2"):
            yield venue


def race_while(venue: ClusteredVenue, out: Path, happens: Callable[[], None]) -> Ended:
    """Race, and let that happen once the first round is under way."""
    arguments = ("--devices", "2", "--rounds", "3", "--out", str(out))
    broker = venue.conductors.url("conductor")
    with running(
        "run", "race", *arguments, GATEDRILL_BROKER=broker, SUPABASE_SERVICE_ROLE_KEY=KEY
    ) as race:
        await_first_attempt(out)
        happens()
        return race.ended()


def test_a_race_through_a_whole_cluster_is_judged_as_through_one_broker(
    venue: ClusteredVenue, tmp_path: Path
) -> None:
    ended = race_while(venue, tmp_path, lambda: None)
    assert ended.code == 0, ended.out + ended.err
    assert "6 scans" in ended.out


def test_a_run_goes_on_when_a_node_is_stopped_that_nobody_is_at(
    venue: ClusteredVenue, tmp_path: Path
) -> None:
    ended = race_while(venue, tmp_path, venue.spare.stop)
    venue.spare.start()
    asyncio.run(venue.spare.until_it_accepts())
    assert ended.code == 0, ended.out + ended.err
    assert "6 scans" in ended.out


def test_when_the_node_of_the_gates_is_stopped_it_is_said_that_nobody_is_heard(
    venue: ClusteredVenue, tmp_path: Path
) -> None:
    """Decision 20: a node may stall over the loss of another for longer than its client waits."""
    ended = race_while(venue, tmp_path, venue.gates.stop)
    assert ended.code == 4, ended.out + ended.err
    words = (
        "devices fell silent: gate-01, gate-02",
        f"no connection to the broker at mqtt://{venue.conductors.address}",
    )
    assert any(each in ended.out for each in words), ended.out
