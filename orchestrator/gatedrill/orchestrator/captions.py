"""What stands under a plan's tickets on paper, so that people find the right one. Pure."""

from collections.abc import Iterator, Mapping

from gatedrill.fixtures.practice.prints import Showing, make_prints
from gatedrill.orchestrator.plan import BurstStep, Plan, PlannedScan, Step


def captions(plan: Plan) -> Mapping[str, str]:
    """The captions of the tickets that a plan shows, by attempt: `No. 03 K7QX`.

    They are those that `gatedrill tickets` prints for the same scenario, seed and sizes. A plan
    with streams has none: which of its tickets were printed, only he knows who did it.
    """
    if not all(isinstance(step, BurstStep) for step in plan.steps):
        return {}
    attempts = {key: attempt for step in plan.steps for key, attempt in _copies(step)}
    showings = [
        Showing(step.id, tuple(scan.ticket for scan in _scans(step))) for step in plan.steps
    ]
    prints = make_prints(plan.tickets, showings, seed=plan.seed, scenario=plan.scenario.name)
    digits = max(2, len(str(len(prints))))
    return {
        attempts[step, each.ticket.id, each.copy]: f"No. {each.number:0{digits}} {each.label}"
        for each in prints
        for step in each.steps
    }


def _copies(step: Step) -> Iterator[tuple[tuple[str, str, int], str]]:
    """Step, ticket and copy of each scan, and its attempt: who comes next has the next copy."""
    seen: dict[str, int] = {}
    for scan in _scans(step):
        copy = seen[scan.ticket] = seen.get(scan.ticket, 0) + 1
        yield (step.id, scan.ticket, copy), scan.attempt


def _scans(step: Step) -> list[PlannedScan]:
    return [each for each in step.attempts if isinstance(each, PlannedScan)]
