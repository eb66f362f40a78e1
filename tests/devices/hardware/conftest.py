"""A machine to plug things into."""

from pathlib import Path

import pytest
from fake_machine import FakeMachine


@pytest.fixture
def fake(tmp_path: Path) -> FakeMachine:
    return FakeMachine(tmp_path)
