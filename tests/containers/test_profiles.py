"""The profiles that bring something along: records in PostgreSQL, a scanner of this machine."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml
from container_venue import ROOT, ContainerVenue, docker, venue_of_containers
from real_gate import ScannerInHand

pytestmark = pytest.mark.timeout(400)
STAND_IN = "gatedrill-test/postgres"
GROUP = 4321  # to whom the scanner belongs; not Debian's 20
QUERY = (
    "PGPASSWORD=$(cat $POSTGRES_PASSWORD_FILE)"
    " psql -h 127.0.0.1 -U $POSTGRES_USER -Atc 'SELECT count(*) FROM gatedrill.tickets'"
)


class Profiles(NamedTuple):
    """A venue with two profiles, and the scanner that is passed in."""

    venue: ContainerVenue
    scanner: ScannerInHand


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Profiles]:
    """Up, with PostgreSQL, two emulated gates and a real one."""
    docker("build", "--quiet", "--tag", STAND_IN, str(Path(__file__).with_name("postgres")))
    folder = tmp_path_factory.mktemp("profiles")
    with ScannerInHand(folder / "scanner") as scanner:
        port = scanner.path.readlink()
        os.chown(port, -1, GROUP)
        port.chmod(0o660)
        # Not as a device: a pseudo-terminal is nothing outside of its own file system.
        passed_in = {"gate": {"volumes": [f"{port}:/dev/ttyACM0"]}}
        override = folder / "override.yml"
        override.write_text(yaml.safe_dump({"version": "2.4", "services": passed_in}))
        with venue_of_containers(
            folder / "drills",
            COMPOSE_FILE=f"{ROOT / 'docker-compose.yml'}:{override}",
            COMPOSE_PROFILES="postgres,hardware",
            POSTGRES_IMAGE=STAND_IN,
            BACKEND_OPTIONS="--store postgresql://gatedrill@postgres/gatedrill --wait 1m",
            HARDWARE_DEVICE="/dev/null:/dev/scanner",
            HARDWARE_GROUP=str(GROUP),
            DEVICES="2",
        ) as venue:
            venue.compose("up", "-d")
            yield Profiles(venue, scanner)


def await_line(venue: ContainerVenue, service: str, pattern: str) -> str:
    """The first line in a container's log that has this in it."""
    [container] = venue.ids(service)
    with subprocess.Popen(
        ["docker", "logs", "--follow", container],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as following:
        assert following.stdout is not None
        for line in following.stdout:
            if re.search(pattern, line):
                following.terminate()
                return line
    pytest.fail(f"{service} ended without {pattern}")


def test_with_postgres_the_records_are_in_its_database(profiles: Profiles) -> None:
    profiles.venue.compose("stop", "gate")  # at which nobody presents anything
    code, told = profiles.venue.run("orchestrator", "run", "race", "--devices", "2")
    profiles.venue.compose("start", "gate")
    assert (code, profiles.venue.result()["verdict"]) == (0, "passed"), told
    assert int(profiles.venue.compose("exec", "-T", "postgres", "sh", "-c", QUERY)) > 0


def test_a_backend_that_is_there_before_its_database_waits_for_it(profiles: Profiles) -> None:
    venue = profiles.venue
    venue.compose("rm", "--stop", "--force", "backend", "postgres")
    venue.compose("up", "-d", "--no-deps", "backend")
    await_line(venue, "backend", "PostgreSQL at postgres:5432/gatedrill cannot be reached yet")
    venue.compose("up", "-d", "--no-deps", "postgres")
    await_line(venue, "backend", "reference backend on PostgreSQL ready at ")


async def test_with_hardware_a_scanner_of_this_machine_is_a_gate(profiles: Profiles) -> None:
    async with profiles.venue.watched() as watch:
        await watch.until(lambda seen: "gate-a" in seen.hosts)
    profiles.scanner.scan("99999999-2222-4333-8444-555555555555")
    assert "no such ticket" in await_line(profiles.venue, "gate", "  STOP")
