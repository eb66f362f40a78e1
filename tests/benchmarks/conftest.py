"""The benchmarks are no part of what is installed: they are imported from the checkout."""

import sys
from collections.abc import Iterator

import pytest
from checkout import CHECKOUT
from services import require

sys.path.append(str(CHECKOUT))

from benchmarks.simultaneity.service import Service, serving


@pytest.fixture
def service() -> Iterator[Service]:
    """A measuring server without service time."""
    require(sys.platform == "linux", "Linux, whose kernel stamps what it receives")
    with serving() as running:
        yield running
