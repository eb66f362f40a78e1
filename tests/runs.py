"""What a run of the command has left in its folder."""

from pathlib import Path

import msgspec
from command import wait_for

from gatedrill.orchestrator.history import Event, Scanned, read_history
from gatedrill.orchestrator.plan import BurstStep, Plan
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
    steps = plan(folder).steps
    return [
        step.scans[0].ticket for step in steps if isinstance(step, BurstStep) and not step.probes
    ]


def outcomes(folder: Path) -> dict[str, int]:
    """How many scans ended in which way."""
    return {each.kind: each.count for each in result(folder).outcomes}


def await_first_scan(out: Path) -> Path:
    """Wait until a scan is in the history of the run under way; its folder."""

    def scanned() -> Path | None:
        files = out.glob("*/*/history.jsonl")
        return next((file for file in files if '"event":"scan"' in file.read_text()), None)

    return wait_for(scanned, "the first scan").parent


def scan_count(folder: Path) -> int:
    return sum(isinstance(event, Scanned) for event in history(folder))
