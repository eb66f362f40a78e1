"""A run's folder: kept, and judged again."""

from pathlib import Path

import msgspec
import pytest
from evidence_builder import ADMITTED, Run, linking, paid_checkout, race, vip_table

from gatedrill.contract.errors import UsageError
from gatedrill.orchestrator.checks.check import CheckStatus
from gatedrill.orchestrator.history import HISTORY_VERSION, HistoryWriter
from gatedrill.orchestrator.plan import PLAN_VERSION, Plan
from gatedrill.orchestrator.records import RECORDS_VERSION
from gatedrill.orchestrator.result import RESULT_FORMAT, RESULT_VERSION, Result, Verdict
from gatedrill.orchestrator.run_folder import RunFolder, find_runs


@pytest.fixture
def run() -> Run:
    return Run(race(rounds=2))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "drills" / "1-race")


def keep(run: Run, folder: RunFolder) -> None:
    """Write what a run keeps, but for its result."""
    folder.write_plan(run.plan)
    with folder.history_path.open("w", encoding="utf-8") as file:
        HistoryWriter(file).add(run.history)
    folder.write_records(run.records)


def complaint(folder: RunFolder) -> str:
    with pytest.raises(UsageError) as raised:
        folder.read().judge()
    return str(raised.value)


def test_a_kept_run_is_judged_as_it_was_the_first_time_and_every_time(
    run: Run, folder: RunFolder
) -> None:
    run.show("drill-1.2:gate-03", ADMITTED)
    keep(run, folder)

    assert folder.read().judge() == folder.read().judge() == run.judge()
    assert folder.read().judge().verdict is Verdict.VIOLATED


def test_the_result_is_kept_as_readable_json_with_format_and_version(
    run: Run, folder: RunFolder
) -> None:
    folder.write_result(run.judge())
    text = (folder.path / "result.json").read_text(encoding="utf-8")

    assert text.startswith('{\n  "run": "run",\n')
    assert text.endswith("}\n")
    assert msgspec.json.decode(text, type=Result) == run.judge()
    kept = msgspec.json.decode(text)
    assert (kept["format"], kept["version"]) == (RESULT_FORMAT, RESULT_VERSION)


def test_a_run_that_was_torn_off_is_judged_by_its_history_alone(
    run: Run, folder: RunFolder
) -> None:
    run.torn = True
    keep(run, folder)
    (folder.path / "records.json").unlink()

    result = folder.read().judge()

    assert result.verdict is Verdict.INCONCLUSIVE
    [agree] = [check for check in result.checks if check.name == "records agree"]
    assert agree.status is CheckStatus.NOT_JUDGED
    assert folder.read().records.unreadable == ("the run ended before the records were read",)


@pytest.mark.parametrize("name", ["plan.json", "history.jsonl"])
def test_a_missing_file_is_named(run: Run, folder: RunFolder, name: str) -> None:
    keep(run, folder)
    (folder.path / name).unlink()

    assert complaint(folder) == f"{folder.path / name}: cannot be read: No such file or directory"


@pytest.mark.parametrize("name", ["plan.json", "records.json"])
@pytest.mark.parametrize("contents", [b"", b"{", b"[]", b"{}", b'{"version": "one"}', b"\xff"])
def test_a_file_that_is_not_of_its_format_is_named(
    run: Run, folder: RunFolder, name: str, contents: bytes
) -> None:
    keep(run, folder)
    (folder.path / name).write_bytes(contents)

    assert complaint(folder).startswith(f"{folder.path / name}: not of this format: ")


@pytest.mark.parametrize(
    ("name", "ours"), [("plan.json", PLAN_VERSION), ("records.json", RECORDS_VERSION)]
)
@pytest.mark.parametrize("version", [1, 3])
@pytest.mark.parametrize("has_changed_shape", [False, True])
def test_a_file_of_another_version_is_refused_by_its_version_whatever_its_shape(
    run: Run, folder: RunFolder, name: str, ours: int, version: int, has_changed_shape: bool
) -> None:
    keep(run, folder)
    path = folder.path / name
    kept = {} if has_changed_shape else msgspec.json.decode(path.read_bytes())
    path.write_bytes(msgspec.json.encode(kept | {"version": version}))

    assert complaint(folder) == f"{path}: version {version}, this gatedrill reads {ours}"


def test_a_folder_of_the_first_version_is_refused_in_one_line(run: Run, folder: RunFolder) -> None:
    keep(run, folder)
    old = {"version": 1, "scenario": {}, "seed": 1, "devices": [], "tickets": [], "steps": []}
    (folder.path / "plan.json").write_bytes(msgspec.json.encode(old))
    told = f"{folder.path / 'plan.json'}: version 1, this gatedrill reads {PLAN_VERSION}"
    assert complaint(folder) == told

    folder.write_plan(run.plan)
    folder.history_path.write_text('{"event":"started","version":1}\n{"event":"scan"}\n')
    assert complaint(folder) == (
        f"{folder.history_path}: history: version 1, this gatedrill reads {HISTORY_VERSION}"
    )


@pytest.mark.parametrize(
    "plan", [vip_table(), linking(), paid_checkout()], ids=["passes", "links", "payments"]
)
def test_every_kind_of_attempt_and_record_is_kept_as_it_was(plan: Plan, folder: RunFolder) -> None:
    run = Run(plan)
    keep(run, folder)
    kept = folder.read()

    assert (kept.plan, list(kept.history), kept.records) == (run.plan, run.history, run.records)
    assert kept.judge() == run.judge()


def test_a_folder_is_made_with_those_above_it_and_never_used_again(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b"
    RunFolder.create(path)

    assert path.is_dir()
    with pytest.raises(UsageError, match=r"b: cannot be made: File exists$"):
        RunFolder.create(path)


def test_a_folder_below_a_file_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(UsageError, match="cannot be made: Not a directory"):
        RunFolder.create(tmp_path / "file" / "run")


def test_a_run_is_found_by_its_own_folder(run: Run, folder: RunFolder) -> None:
    keep(run, folder)

    assert [found.path for found in find_runs(folder.path)] == [folder.path]


def test_the_runs_of_a_folder_are_found_in_the_order_in_which_they_were_made(
    tmp_path: Path, run: Run
) -> None:
    names = [f"{number}-race" for number in range(1, 12)]
    for name in reversed(names):
        RunFolder.create(tmp_path / name).write_plan(run.plan)
    (tmp_path / "notes").mkdir()

    assert [found.path.name for found in find_runs(tmp_path)] == names


@pytest.mark.parametrize("name", ["", "nowhere"])
def test_a_folder_without_runs_says_what_was_looked_for(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name

    with pytest.raises(UsageError) as raised:
        find_runs(folder)

    assert str(raised.value) == (f"{folder}: holds no run: no plan.json here nor one folder below")
