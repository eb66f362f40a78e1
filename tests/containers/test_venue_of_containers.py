"""`docker-compose up` is a venue, and `run` of its orchestrator ends with the verdict."""

import asyncio
from pathlib import Path

import pytest
from container_venue import ContainerVenue, docker, is_calm

pytestmark = pytest.mark.timeout(400)
OUTAGE = f"{Path(__file__).with_name('outage.toml')}:/outage.toml:ro"
FAULTY = "--fault read-then-update"  # in a file of its own: no honest service opens it again


def test_ten_containers_race_for_one_ticket_and_one_admits(venue: ContainerVenue) -> None:
    code, told = venue.run("orchestrator", "run", "race", "--seed", "7")
    result = venue.result()
    assert (code, result["verdict"]) == (0, "passed"), told
    assert (result["target"], result["devices"]) == ("http://backend:8000", 10)
    assert [each["contending"] for each in result["rounds"]] == [10, 10, 10]


def test_a_fault_in_the_service_is_found(venue: ContainerVenue) -> None:
    venue.compose("up", "-d", "--no-deps", "backend", BACKEND_OPTIONS=FAULTY)
    try:
        code, told = venue.run(
            "orchestrator", "run", "race", "--rounds", "1", BACKEND_OPTIONS=FAULTY
        )
    finally:
        venue.compose("up", "-d", "--no-deps", "backend")
    assert (code, venue.result()["verdict"]) == (1, "safety violated"), told


async def test_gates_go_on_while_the_service_is_away_and_nothing_is_lost(
    venue: ContainerVenue,
) -> None:
    async with venue.watched() as watch:
        await watch.until(is_calm)
        with venue.running("-v", OUTAGE, "orchestrator", "run", "/outage.toml") as run:
            await watch.until_fired()
            with venue.without_backend():
                await watch.until(lambda seen: all(each.queued for each in seen.states.values()))
            code, told = await asyncio.to_thread(run.ended)
    result = venue.result()
    assert (code, result["verdict"]) == (0, "passed"), told
    decided = {each["authority"]: each["decided"] for each in result["decided_by"]}
    assert decided["venue"] >= 10
    assert result["uploads"]["synced"] == decided["venue"] + decided["offline"]
    assert (result["pending"], result["conflicts"]) == ([], [])


def test_every_part_stops_in_time_when_it_is_asked_to(venue: ContainerVenue) -> None:
    """The last of this folder's tests, as nobody has to start the venue again after it."""
    venue.compose("stop", "-t", "2")
    stopped = docker("ps", "-aq", "--filter", f"name={venue.project}").split()
    ended = {known["Name"]: known["State"] for known in map(venue.inspect, stopped)}
    assert len(ended) >= 13, "ten gates, the broker, the registrar and the backend at least"
    assert {name: state["ExitCode"] for name, state in ended.items() if state["ExitCode"]} == {}
    assert not any(state["Running"] for state in ended.values())
