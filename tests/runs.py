"""What a run of the command has left in its folder."""

from collections import Counter
from pathlib import Path

import msgspec
from command import wait_for

from gatedrill.orchestrator.history import Attempted, Event, read_history
from gatedrill.orchestrator.plan import BurstStep, Plan, PlannedScan
from gatedrill.orchestrator.records import Records
from gatedrill.orchestrator.result import Result


def folders(out: Path) -> list[Path]:
    """The folders of all scenarios that were run, in the order in which they were."""
    return sorted(path.parent for path in out.glob("*/*/plan.json"))


def only_folder(out: Path) -> Path:
    """The one folder there is."""
    [folder] = folders(out)
    return folder


def result(folder: Path) -> Result:
    return msgspec.json.decode((folder / "result.json").read_bytes(), type=Result)


def plan(folder: Path) -> Plan:
    return msgspec.json.decode((folder / "plan.json").read_bytes(), type=Plan)


def records(folder: Path) -> Records:
    return msgspec.json.decode((folder / "records.json").read_bytes(), type=Records)


def history(folder: Path) -> tuple[Event, ...]:
    return read_history(folder / "history.jsonl")


def round_tickets(folder: Path) -> list[str]:
    """The ticket of each round of a race, by the plan."""
    rounds = [
        step for step in plan(folder).steps if isinstance(step, BurstStep) and not step.probes
    ]
    firsts = [step.attempts[0] for step in rounds]
    return [first.ticket for first in firsts if isinstance(first, PlannedScan)]


def outcomes(folder: Path) -> dict[str, int]:
    """How many attempts ended in which way, whatever the reason."""
    counts: Counter[str] = Counter()
    for each in result(folder).outcomes:
        counts[each.kind] += each.count
    return dict(counts)


def await_first_attempt(out: Path) -> Path:
    """Wait until an attempt is in the history of the run under way; its folder."""

    def attempted() -> Path | None:
        files = out.rglob("history.jsonl")
        return next((file for file in files if '"event":"attempt"' in file.read_text()), None)

    return wait_for(attempted, "the first attempt").parent


def attempt_count(folder: Path) -> int:
    return sum(isinstance(event, Attempted) for event in history(folder))
