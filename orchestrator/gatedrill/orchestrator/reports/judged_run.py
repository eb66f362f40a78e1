"""A run that was judged, with what its pictures are drawn from."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.history import Attempted, Ended, Event, Fired
from gatedrill.orchestrator.result import Result
from gatedrill.orchestrator.run_folder import RunFolder, find_runs


class JudgedRun(NamedTuple):
    """The verdict, what it was drawn from, and how long the run took in seconds."""

    result: Result
    evidence: Evidence
    lasted_s: float


def name_runs(runs: Sequence[JudgedRun]) -> Iterator[str]:
    """Each scenario's name, numbered where it was run several times."""
    total = Counter(run.result.scenario for run in runs)
    seen: Counter[str] = Counter()
    for scenario in (run.result.scenario for run in runs):
        seen[scenario] += 1
        yield scenario if total[scenario] == 1 else f"{scenario} #{seen[scenario]}"


def read_judged_runs(folder: Path) -> list[JudgedRun]:
    """The run that `folder` is, or the runs that it holds; UsageError for what cannot be read."""
    return [_read(run) for run in find_runs(folder)]


def _read(folder: RunFolder) -> JudgedRun:
    kept = folder.read()
    return JudgedRun(kept.judge(), Evidence(*kept), lasted_s(kept.history))


def lasted_s(history: Sequence[Event]) -> float:
    """From the beginning of a history to the last instant that it tells of."""
    instants_ns = [
        event.record.decided_ns if isinstance(event, Attempted) else event.at_ns
        for event in history
        if isinstance(event, Attempted | Fired | Ended)
    ]
    return max(instants_ns, default=0) / 1e9
