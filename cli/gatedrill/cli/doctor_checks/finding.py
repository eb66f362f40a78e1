"""What a check of the machine comes to."""

from enum import StrEnum

import msgspec


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"
    """A drill can run; something is missing that it may want, or its figures may suffer."""
    FAIL = "fail"
    """A drill cannot run."""


class Finding(msgspec.Struct, frozen=True):
    """One need, how it stands, and the one line that cures it; no cure for what is well."""

    name: str
    state: State
    says: str
    cure: str = ""


def ok(name: str, says: str) -> Finding:
    """All is well."""
    return Finding(name, State.OK, says)


def warn(name: str, says: str, cure: str) -> Finding:
    """It will do."""
    return Finding(name, State.WARN, says, cure)


def fail(name: str, says: str, cure: str) -> Finding:
    """It will not do."""
    return Finding(name, State.FAIL, says, cure)
