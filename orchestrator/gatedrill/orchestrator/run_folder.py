"""A run's folder: `plan.json`, `history.jsonl`, `records.json`, `result.json`."""

from pathlib import Path
from typing import NamedTuple, TypeVar

import msgspec

from gatedrill.contract.errors import UsageError
from gatedrill.orchestrator.history import Event, read_history
from gatedrill.orchestrator.judge import judge
from gatedrill.orchestrator.plan import PLAN_VERSION, Plan
from gatedrill.orchestrator.records import RECORDS_VERSION, UNREAD, Records
from gatedrill.orchestrator.result import Result
from gatedrill.orchestrator.scorecard import Scorecard
from gatedrill.orchestrator.versions import check_version

T = TypeVar("T")


class KeptRun(NamedTuple):
    """What a verdict is drawn from."""

    plan: Plan
    history: tuple[Event, ...]
    records: Records

    def judge(self) -> Result:
        """The verdict."""
        return judge(self.plan, self.history, self.records)


class RunFolder:
    """Where one run keeps what it did and what was found."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path) -> "RunFolder":
        """Make a new folder; UsageError if it cannot be made, or is there already."""
        try:
            path.mkdir(parents=True)
        except OSError as error:
            raise UsageError(f"{path}: cannot be made: {error.strerror}") from error
        return cls(path)

    @property
    def history_path(self) -> Path:
        """Where the history is written."""
        return self.path / "history.jsonl"

    def write_plan(self, plan: Plan) -> None:
        """Keep the plan."""
        self._write("plan.json", plan)

    def write_records(self, records: Records) -> None:
        """Keep the service's records."""
        self._write("records.json", records)

    def write_result(self, result: Result) -> None:
        """Keep the result."""
        self._write("result.json", result)

    def write_scorecard(self, scorecard: Scorecard, page: str) -> None:
        """Keep the scorecard of a guided drill, and the page to be printed of it."""
        self._write("scorecard.json", scorecard)
        (self.path / "scorecard.html").write_text(page, encoding="utf-8")

    def read(self) -> KeptRun:
        """What the folder holds; UsageError naming the file that is missing or wrong.

        A run that was torn off before its records were read is judged by its history alone.
        """
        records = UNREAD
        plan = self._read("plan.json", Plan, PLAN_VERSION)
        if (self.path / "records.json").exists():
            records = self._read("records.json", Records, RECORDS_VERSION)
        return KeptRun(plan, read_history(self.history_path), records)

    def _write(self, name: str, contents: object) -> None:
        text = msgspec.json.format(msgspec.json.encode(contents), indent=2)
        (self.path / name).write_bytes(text + b"\n")

    def _read(self, name: str, wanted: type[T], version: int) -> T:
        path = self.path / name
        try:
            contents = path.read_bytes()
            check_version(contents, version, str(path))
            return msgspec.json.decode(contents, type=wanted)
        except OSError as error:
            raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
        except msgspec.DecodeError as error:
            raise UsageError(f"{path}: not of this format: {error}") from error


def find_runs(folder: Path) -> list[RunFolder]:
    """The run that `folder` is, or the runs that it holds, in the order in which they were made.

    Raises UsageError when there is none.
    """
    if (folder / "plan.json").exists():
        return [RunFolder(folder)]
    runs = sorted((plan.parent for plan in folder.glob("*/plan.json")), key=_place)
    if not runs:
        raise UsageError(f"{folder}: holds no run: no plan.json here nor one folder below")
    return [RunFolder(run) for run in runs]


def _place(run: Path) -> tuple[int, str]:
    """Where a run stands among others, going by the number that its folder's name begins with."""
    number = run.name.partition("-")[0]
    return int(number) if number.isdecimal() else 0, run.name
