"""System services that tests need: absent they skip, unless this run promised to have them."""

import os

import pytest


def require(present: bool, what: str) -> None:
    """Skip the test for want of `what`; fail it where GATEDRILL_REQUIRE_SERVICES is set."""
    if present:
        return
    if os.environ.get("GATEDRILL_REQUIRE_SERVICES"):
        pytest.fail(f"{what} is required here and absent")
    pytest.skip(f"needs {what}, which is not on this machine")
