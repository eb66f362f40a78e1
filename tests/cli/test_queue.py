"""`gatedrill queue`: the file of a device at rest, listed, exported and uploaded."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from command import Ended, gatedrill
from device_files import ADMITTED, ALREADY_USED, device_file, new_scan, scanned, uuid
from offline_service import OfflineService, problem
from scripted_service import ScriptedService, scripted_service
from typer.main import get_command

from gatedrill.cli.main import app
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import QueueEntry, QueueState
from gatedrill.contract.outcome import Authority
from gatedrill.contract.service import REFUSAL_FUNCTION, SYNC_FUNCTION, TICKETS_TABLE

KEY_NAME = "SUPABASE_SERVICE_ROLE_KEY"
KEY = "a-key-that-nobody-may-ever-see"
NOWHERE = "http://127.0.0.1:1"


@pytest.fixture
async def orphan(tmp_path: Path) -> Path:
    """The file of a device that has gone: three scans are queued, one the service decided."""
    path = tmp_path / "gate-01.db"
    async with device_file(path) as file:
        await scanned(file.journal, new_scan("n1", uuid(1)))
        await scanned(file.journal, new_scan("n2", uuid(2)), authority=Authority.VENUE)
        await scanned(file.journal, new_scan("n3", uuid(1)), ALREADY_USED)
        await scanned(file.journal, new_scan("n4", uuid(4)), ADMITTED, Authority.ONLINE)
    return path


@pytest.fixture
async def wire() -> AsyncIterator[ScriptedService]:
    async with scripted_service() as wire:
        yield wire


@pytest.fixture
def service(wire: ScriptedService) -> OfflineService:
    service = OfflineService()
    service.tables[TICKETS_TABLE] = [{"id": uuid(1)}, {"id": uuid(2)}]
    wire.script = service
    return service


def exists(path: Path) -> bool:
    return path.exists()


async def queue(path: Path, *options: str, **variables: str) -> Ended:
    return await asyncio.to_thread(gatedrill, "queue", str(path), *options, **variables)


async def upload(path: Path, url: str, *options: str) -> Ended:
    arguments = ("--upload", "--target", url, *options)
    ended = await queue(path, *arguments, SUPABASE_SERVICE_ROLE_KEY=KEY, TEST_SCANNER_ID=uuid(5))
    assert KEY not in ended.out + ended.err
    return ended


async def test_a_queue_is_listed(orphan: Path) -> None:
    ended = await queue(orphan)
    assert (ended.code, ended.err) == (0, "")
    first, *lines = ended.out.splitlines()
    assert first == "gate-01: 4 scans, 1 online, 3 pending"
    assert "nothing is queued" not in ended.out
    [refused] = [line for line in lines if "already_used" in line]
    assert uuid(1) in refused
    assert "offline" in refused
    assert "time not corrected" in refused
    assert uuid(4) not in ended.out


async def test_that_nothing_is_queued_is_said(tmp_path: Path) -> None:
    async with device_file(tmp_path / "gate.db"):
        pass
    ended = await queue(tmp_path / "gate.db")
    assert (ended.code, ended.out) == (0, "gate-01: 0 scans\nnothing is queued\n")


async def test_a_queue_is_exported_and_stays(orphan: Path) -> None:
    ended = await queue(orphan, "--json")
    async with device_file(orphan) as file:
        kept = await file.journal.entries()
    entries = msgspec.json.decode(ended.out, type=list[QueueEntry])
    assert entries == kept
    assert [(entry.nonce, entry.state) for entry in entries] == [
        ("n1", QueueState.PENDING),
        ("n2", QueueState.PENDING),
        ("n3", QueueState.PENDING),
        ("n4", QueueState.ONLINE),
    ]
    assert entries[2].outcome == ALREADY_USED


async def test_a_queue_is_uploaded_and_told_what_became_of_it(
    orphan: Path, wire: ScriptedService, service: OfflineService
) -> None:
    earlier = {"p_device_id": "gate-02", "p_scanned_at": "2027-01-01T00:00:00+00:00"}
    service.scans[uuid(2)] = {"p_nonce": "other", **earlier}
    ended = await upload(orphan, wire.url)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[:2] == ["gate-01: 4 scans, 1 online, 2 synced, 1 conflict", "nothing is queued"]
    [conflict] = [line for line in lines if uuid(2) in line]
    assert "gate-02 was first, 2027-01-01T00:00:00+00:00" in conflict
    assert [function for function, _ in service.sent] == [
        SYNC_FUNCTION,
        SYNC_FUNCTION,
        REFUSAL_FUNCTION,
    ]
    assert {arguments["p_scanned_by"] for _, arguments in service.sent} == {uuid(5)}

    again = await upload(orphan, wire.url, "--json")

    assert again.code == 0
    assert len(service.sent) == 3
    states = [entry.state for entry in msgspec.json.decode(again.out, type=list[QueueEntry])]
    assert states == [QueueState.SYNCED, QueueState.CONFLICT, QueueState.SYNCED, QueueState.ONLINE]


async def test_what_cannot_be_uploaded_stays_and_is_told(
    orphan: Path, wire: ScriptedService, service: OfflineService
) -> None:
    away = await upload(orphan, NOWHERE)
    assert away.code == 5
    assert away.out.startswith("gate-01: 4 scans, 1 online, 3 pending\n")
    [line] = away.err_lines
    assert line == (
        f"gatedrill: 3 scans are not uploaded and stay in {orphan}: "
        "the connection failed or broke before an answer"
    )
    service.mishap = lambda call: problem(409, "23503") if SYNC_FUNCTION in call.target else None
    refused = await upload(orphan, wire.url)
    assert refused.code == 5
    [line] = refused.err_lines
    assert line.startswith("gatedrill: 2 scans are not uploaded")
    assert line.endswith("the service refuses it (status 409, 23503)")


async def test_the_file_of_a_device_that_runs_is_refused(tmp_path: Path) -> None:
    async with device_file(tmp_path / "gate.db"):
        ended = await queue(tmp_path / "gate.db")
    assert (ended.code, ended.out) == (2, "")
    assert "gate.db is open in another process: its device is running" in ended.err


@pytest.mark.parametrize(
    ("options", "variables", "told"),
    [
        (["--upload"], {}, "--target is missing"),
        (["--upload", "--target", NOWHERE], {}, "the service's key is missing"),
        (["--upload", "--target", "http://example.org"], {KEY_NAME: KEY}, "--allow-target example"),
        (["--target", NOWHERE], {KEY_NAME: KEY}, "give --upload, too"),
    ],
)
def test_a_wrong_use_is_told_before_anything_is_done(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    variables: dict[str, str],
    told: str,
) -> None:
    for name in (KEY_NAME, "SUPABASE_URL"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with (
        get_command(app).make_context("gatedrill", ["queue", str(tmp_path), *options]) as context,
        pytest.raises(UsageError, match=told),
    ):
        context.command.invoke(context)


async def test_no_file_is_made_by_looking(tmp_path: Path) -> None:
    ended = await queue(tmp_path / "gone.db")
    assert ended.code == 2
    assert "gone.db: there is no such file" in ended.err
    assert not exists(tmp_path / "gone.db")
