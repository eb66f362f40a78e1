"""Scenarios that no slow machine can fail: they carry no thresholds, and two always overlap."""

from pathlib import Path

import pytest

DUEL = """
version = 1
name = "duel"
title = "One ticket at two gates"
devices = 2

[[phases]]
kind = "burst"
tickets = "one"
"""

STROLL = """
version = 1
name = "stroll"
title = "Tickets of their own at two gates"
devices = 2

[[phases]]
kind = "stream"
duration_s = 20
pause_s = 0.4
"""


@pytest.fixture(scope="session")
def scenarios(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scenarios")
    (folder / "duel.toml").write_text(DUEL)
    (folder / "stroll.toml").write_text(STROLL)
    return folder


@pytest.fixture(scope="session")
def duel(scenarios: Path) -> str:
    """A race of two devices, one round."""
    return str(scenarios / "duel.toml")


@pytest.fixture(scope="session")
def stroll(scenarios: Path) -> str:
    """A stream that lasts longer than any test waits for it."""
    return str(scenarios / "stroll.toml")
