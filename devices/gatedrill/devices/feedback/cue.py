"""What a gate tells the staff who stand at it."""

from enum import StrEnum
from typing import Protocol

import msgspec


class Cue(StrEnum):
    """What it comes to: the colour, the symbol and the beep."""

    GOOD = "good"
    """Let the guest in."""
    BAD = "bad"
    """Do not let the guest in."""
    UNSURE = "unsure"
    """Nobody knows: do not let the guest in by this answer, call a supervisor."""
    WAIT = "wait"
    """Nothing was decided: the gate is ready, wants something presented, or its reader has gone."""


class Shown(msgspec.Struct, frozen=True):
    """One thing to show: a few words in large letters, and a line of detail below."""

    cue: Cue
    headline: str
    detail: str = ""


class Feedback(Protocol):
    """Where a gate shows what it has to tell. Never waits, and never raises."""

    def show(self, shown: Shown) -> None:
        """Show it, in place of what was shown before."""
        ...

    def close(self) -> None:
        """Leave the terminal, or whatever it is, as it was. Harmless at any time."""
        ...
