"""Runs at a venue that was there before and is there afterwards."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Ended, gatedrill, running
from runs import await_first_attempt, only_folder, outcomes, result
from venue_processes import KEY, HandMadeVenue, running_venue


@pytest.fixture(scope="module")
def venue() -> Iterator[HandMadeVenue]:
    with running_venue() as venue:
        yield venue


def run_with_broker(venue: HandMadeVenue, *arguments: str, **variables: str) -> Ended:
    command = ("run", "--broker", venue.broker, *arguments)
    return gatedrill(*command, SUPABASE_SERVICE_ROLE_KEY=KEY, **variables)


def assert_all_serve_still(venue: HandMadeVenue) -> None:
    assert [part.process.poll() for part in venue.parts] == [None, None, None]


def test_a_run_joins_a_venue_and_starts_nothing_of_its_own(
    venue: HandMadeVenue, duel: str, tmp_path: Path
) -> None:
    arguments = ("run", duel, "--broker", venue.broker, "--out", str(tmp_path))
    with running(*arguments, SUPABASE_SERVICE_ROLE_KEY=KEY) as command:
        command.err_line("roster: 2 devices")
        family = command.family()
        ended = command.ended()
    assert family.keys() <= {command.process.pid}
    assert ended.code == 0, ended.out
    assert "broker: " not in ended.err
    assert outcomes(only_folder(tmp_path)) == {"admitted": 1, "refused": 1}
    assert_all_serve_still(venue)


def test_the_environment_names_the_broker_as_well(
    venue: HandMadeVenue, duel: str, tmp_path: Path
) -> None:
    ended = gatedrill(
        *("run", duel, "--out", str(tmp_path)),
        GATEDRILL_BROKER=venue.broker,
        SUPABASE_SERVICE_ROLE_KEY=KEY,
    )
    assert ended.code == 0, ended.out
    assert result(only_folder(tmp_path)).broker == venue.broker
    assert_all_serve_still(venue)


def test_a_second_conductor_is_refused_until_the_first_has_ended(
    venue: HandMadeVenue, duel: str, stroll: str, tmp_path: Path
) -> None:
    arguments = ("run", stroll, "--broker", venue.broker, "--out", str(tmp_path / "first"))
    with running(*arguments, SUPABASE_SERVICE_ROLE_KEY=KEY) as first:
        folder = await_first_attempt(tmp_path / "first")
        second = run_with_broker(venue, duel, "--out", str(tmp_path / "second"))
        first.send_signal(signal.SIGINT)
        assert first.ended().code == 130
    assert second.code == 5
    [line] = second.err_lines
    assert line.startswith("gatedrill: this venue is being conducted already: run ")
    assert folder.parent.name in line
    assert str(first.process.pid) in line
    assert outcomes(folder)["admitted"] > 0
    third = run_with_broker(
        venue, duel, "--out", str(tmp_path / "third"), GATEDRILL_BROKER="mqtt://127.0.0.1:1"
    )
    assert third.code == 0, third.out  # and the option wins over the environment
    assert_all_serve_still(venue)


def test_a_second_fleet_of_the_same_name_is_refused(venue: HandMadeVenue) -> None:
    ended = gatedrill(
        *("fleet", "--count", "2", "--broker", venue.broker, "--target", venue.service.url),
        SUPABASE_SERVICE_ROLE_KEY=KEY,
    )
    assert ended.code == 5
    [line] = ended.err_lines
    assert line.startswith("gatedrill: fleet gate is here already, on ")
    assert "choose another --name-prefix" in line
    assert_all_serve_still(venue)


def test_a_venue_that_asks_another_service_than_the_target_is_refused(
    venue: HandMadeVenue, duel: str, tmp_path: Path
) -> None:
    with running("backend", "--port", "0", SUPABASE_SERVICE_ROLE_KEY=KEY) as other:
        url = other.err_line(r"ready at (http://\S+), ")[1]
        ended = run_with_broker(venue, duel, "--target", url, "--out", str(tmp_path))
    assert ended.code == 2
    [line] = ended.err_lines
    assert "not everybody means the same service" in line
    assert url in line
    assert venue.service.url in line
