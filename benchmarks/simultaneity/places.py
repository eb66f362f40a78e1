"""Where things are."""

from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parents[1]
CONTESTANTS = HERE / "contestants"
CACHE = CHECKOUT / "build" / "benchmarks"
"""Neither under version control nor in a distribution."""
DOCUMENT = CHECKOUT / "docs" / "performance.md"
PICTURE = CHECKOUT / "docs" / "performance.svg"
