"""Whoever leads people through a run: says what comes, and asks what they make of it."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from gatedrill.contract.attempt import AttemptRecord
from gatedrill.fixtures.scenario import Reaction
from gatedrill.orchestrator.plan import Plan, Step


class Answer(NamedTuple):
    """What staff do about a guest, by their own word; None if they were asked and said nothing."""

    reaction: Reaction | None


class Guide(Protocol):
    """Stands beside the conductor, who waits for it before each step and after its answers."""

    async def introduce(self, step: Step, plan: Plan) -> None:
        """Say what comes; returns once the devices may be made ready for it."""
        ...

    async def debrief(self, step: Step, records: Sequence[AttemptRecord]) -> Answer | None:
        """Say how the gates have answered, and ask what staff do; None if nobody was asked.

        `records` are the attempts of the step that were heard of. Returns as soon as staff have
        answered: that is what their time is taken by.
        """
        ...
