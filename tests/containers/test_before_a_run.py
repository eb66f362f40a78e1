"""Whose folder the runs are kept in, and what is refused before a run begins."""

import os
import re
from pathlib import Path

import pytest
from container_venue import ContainerVenue

pytestmark = pytest.mark.timeout(400)
RACE = ("--no-deps", "orchestrator", "run", "race")
ANYTHING = ("--no-deps", "orchestrator", "scenarios")
OWN_SERVICE = {
    "SUPABASE_URL": "https://staging.example.org",
    "SUPABASE_SERVICE_ROLE_KEY": "their-own",
    "GATEDRILL_ALLOW_TARGET": "staging.example.org",
}


def owner(folder: Path) -> tuple[int, int]:
    """The user and the group that a folder belongs to."""
    about = folder.stat()
    return about.st_uid, about.st_gid


def test_with_target_nothing_runs_before_a_service_is_named(nobody_up: ContainerVenue) -> None:
    chosen = {"COMPOSE_PROFILES": "hardware,target"}
    code, told = nobody_up.run(*RACE, **chosen)
    assert code == 2
    cure = f"set in .env, then docker-compose up -d: {' '.join(OWN_SERVICE)}"
    assert f"gatedrill: profile target: {cure}\n" in told
    assert nobody_up.run(*ANYTHING, **chosen, **OWN_SERVICE)[0] == 0


def test_with_postgres_nothing_runs_before_the_backend_is_told(nobody_up: ContainerVenue) -> None:
    code, told = nobody_up.run(*RACE, COMPOSE_PROFILES="postgres")
    assert code == 2
    where = r"set in \.env, then docker-compose up -d"
    [cure] = re.findall(
        f"^gatedrill: profile postgres: {where}: BACKEND_OPTIONS=(.*)$", told, re.MULTILINE
    )
    chosen = {"COMPOSE_PROFILES": "postgres", "BACKEND_OPTIONS": cure}
    assert nobody_up.run(*ANYTHING, **chosen)[0] == 0


def test_a_folder_that_docker_has_made_is_the_orchestrator_s(nobody_up: ContainerVenue) -> None:
    assert owner(nobody_up.drills) == (10001, 10001)
    assert nobody_up.run(*ANYTHING)[0] == 0


def test_a_folder_of_somebody_stays_his_and_a_run_tells_the_cure(
    nobody_up: ContainerVenue, tmp_path: Path
) -> None:
    os.chown(tmp_path, 1234, 5678)
    drills = str(tmp_path)
    nobody_up.compose("run", "--rm", "-T", "drills-folder", DRILLS=drills)
    assert owner(tmp_path) == (1234, 5678)
    code, told = nobody_up.run(*RACE, DRILLS=drills)
    assert code == 2
    whose = "the folder DRILLS belongs to 1234:5678, the orchestrator is 10001:10001"
    assert f"gatedrill: {whose}: set ORCHESTRATOR_USER=1234:5678 in .env\n" in told
    assert nobody_up.run(*ANYTHING, ORCHESTRATOR_USER="1234:5678", DRILLS=drills)[0] == 0


def test_a_folder_of_root_s_that_holds_something_stays_his(
    nobody_up: ContainerVenue, tmp_path: Path
) -> None:
    (tmp_path / "something").touch()
    drills = str(tmp_path)
    nobody_up.compose("run", "--rm", "-T", "drills-folder", DRILLS=drills)
    assert owner(tmp_path) == (0, 0)
    code, told = nobody_up.run(*RACE, DRILLS=drills)
    assert code == 2
    assert "gatedrill: the folder DRILLS belongs to root: set another one in .env" in told
