"""Scenarios that no slow machine can fail: they carry no thresholds.

A race is inconclusive where a busy machine lets a gate go too late. So the gates of a duel are let
go a little apart, which is no race; `race_of_two` is for what is said of races alone.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from own_command_line import OwnCommandLine
from postgres_server import postgres_server

RACE_OF_TWO = """
version = 1
name = "duel"
title = "One ticket at two gates"
devices = 2

[[tickets]]
name = "one"

[[phases]]
kind = "burst"
shows = [{ tickets = "one", same = true }]
"""

DUEL = f"{RACE_OF_TWO}sweep_ms = 1\n"

STROLL = """
version = 1
name = "stroll"
title = "Tickets of their own at two gates"
devices = 2

[[tickets]]
name = "own"

[[phases]]
kind = "stream"
tickets = "own"
duration_s = 20
pause_s = 0.4
"""


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> OwnCommandLine:
    """The command line in this process."""
    return OwnCommandLine(monkeypatch, capsys)


@pytest.fixture(scope="session")
def scenarios(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenarios")
    (folder / "race-of-two").mkdir()
    (folder / "race-of-two" / "duel.toml").write_text(RACE_OF_TWO)
    (folder / "duel.toml").write_text(DUEL)
    (folder / "stroll.toml").write_text(STROLL)
    return folder


@pytest.fixture(scope="session")
def duel(scenarios: Path) -> str:
    """One ticket at two devices within a millisecond, one round."""
    return str(scenarios / "duel.toml")


@pytest.fixture(scope="session")
def race_of_two(scenarios: Path) -> str:
    """The same at one instant."""
    return str(scenarios / "race-of-two" / "duel.toml")


@pytest.fixture(scope="session")
def stroll(scenarios: Path) -> str:
    """A stream that lasts longer than any test waits for it."""
    return str(scenarios / "stroll.toml")


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    """The URL of a PostgreSQL of our own, with a password in it."""
    with postgres_server() as url:
        yield url
