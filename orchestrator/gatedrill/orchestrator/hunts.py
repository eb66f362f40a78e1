"""How many rounds a swept phase needed until a ticket let two people in."""

from collections import Counter

import msgspec

from gatedrill.contract.outcome import OutcomeKind
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.plan import BurstStep, PlannedScan
from gatedrill.orchestrator.sweep import phase_of, round_of


class Hunt(msgspec.Struct, frozen=True):
    """A swept phase: its rounds, its window, and the first round that let two in with one ticket.

    `found_in_round` counts from 1, as in the names of the steps; None if there was no such round.
    """

    phase: str
    rounds: int
    window_ms: float
    found_in_round: int | None


def judge_hunts(evidence: Evidence) -> tuple[Hunt, ...]:
    """All swept phases of which a round was fired."""
    phases: dict[str, list[BurstStep]] = {}
    for step in evidence.rounds:
        if step.sweep_ms is not None:
            phases.setdefault(phase_of(step), []).append(step)
    return tuple(_hunt(evidence, phase, steps) for phase, steps in phases.items())


def _hunt(evidence: Evidence, phase: str, steps: list[BurstStep]) -> Hunt:
    found = (round_of(step) for step in steps if _lets_two_in(evidence, step))
    return Hunt(phase, len(steps), steps[0].sweep_ms or 0.0, next(found, None))


def _lets_two_in(evidence: Evidence, step: BurstStep) -> bool:
    """Whether one ticket admitted twice in this very round; coming back is no admission."""
    admitted = Counter(
        seen.planned.ticket
        for seen in evidence.by_step.get(step.id, ())
        if isinstance(seen.planned, PlannedScan)
        and seen.record.outcome.kind is OutcomeKind.ADMITTED
    )
    return any(number > 1 for number in admitted.values())
