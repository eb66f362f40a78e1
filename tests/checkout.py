"""The checkout that the tests belong to."""

import tomllib
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
PORTIONS = ("contract", "broker", "fixtures", "devices", "backend", "orchestrator", "cli")


def pyproject() -> dict[str, Any]:
    """What pyproject.toml says."""
    return tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
