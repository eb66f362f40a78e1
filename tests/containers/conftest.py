"""One venue in containers for all tests of this folder, which want an engine and ask to be asked.

`make containers` runs them; without GATEDRILL_CONTAINERS they are not even collected.
"""

import os
from collections.abc import Iterator

import pytest
from container_venue import ContainerVenue, venue_of_containers

if not os.environ.get("GATEDRILL_CONTAINERS"):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture(scope="session")
def venue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerVenue]:
    """Up, with ten gates."""
    with venue_of_containers(tmp_path_factory.mktemp("venue") / "drills") as venue:
        venue.compose("up", "-d", "--build", "--scale", "device=10")
        yield venue


@pytest.fixture(scope="module")
def nobody_up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ContainerVenue]:
    """With accounts and a folder for its runs, for what needs no more of a venue."""
    with venue_of_containers(tmp_path_factory.mktemp("nobody") / "drills") as venue:
        for prepares in ("accounts", "drills-folder"):
            venue.compose("run", "--rm", "-T", prepares)
        yield venue
