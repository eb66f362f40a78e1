"""The file itself: whose it is, who may look in, and what is no such file."""

import asyncio
import sqlite3
import stat
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from device_fakes import ManualClock
from device_files import EDITION, GATE, device_file, new_scan, scanned

from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import QueueState
from gatedrill.devices.offline.device_file import DeviceFile, migrate
from gatedrill.devices.offline.schema import APPLICATION_ID, MIGRATIONS
from gatedrill.devices.offline.time_of_day import TimeOfDay

VERSION_1 = Path(__file__).with_name("version_1.sql")


def names(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]


def open_to_all(path: Path) -> None:
    path.chmod(0o644)


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


async def open_orphan(path: Path) -> DeviceFile:
    return await DeviceFile.open_orphan(path, "boot", TimeOfDay(ManualClock()))


async def test_file_and_folder_are_for_their_owner_alone(path: Path) -> None:
    async with device_file(path) as file:
        await scanned(file.journal, new_scan("n"))
        assert {each.name: mode(each) for each in path.parent.iterdir()} == {
            "gate-01.db": "0o600",
            "gate-01.db-wal": "0o600",
        }
    assert mode(path.parent) == "0o700"


async def test_a_file_that_others_may_read_is_closed_to_them(path: Path) -> None:
    async with device_file(path):
        pass
    open_to_all(path)
    async with device_file(path) as file:
        await scanned(file.journal, new_scan("n"))
        assert {mode(each) for each in path.parent.iterdir()} == {"0o600"}


async def test_every_commit_is_synced(opened: DeviceFile) -> None:
    [[mode]] = await opened._database.read("PRAGMA journal_mode")
    [[synchronous]] = await opened._database.read("PRAGMA synchronous")
    assert (mode, synchronous) == ("wal", 2)


async def test_a_file_has_one_holder_in_this_process_or_another(path: Path) -> None:
    async with device_file(path):
        with pytest.raises(UsageError, match="is open in another process: its device is running"):
            await open_orphan(path)
        looking = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            f"import sqlite3; sqlite3.connect({str(path)!r}, 0).execute('SELECT * FROM scans')",
            stderr=asyncio.subprocess.PIPE,
        )
        _, complaint = await looking.communicate()
        assert b"database is locked" in complaint
    await (await open_orphan(path)).close()


async def test_a_file_of_another_device_is_refused(path: Path) -> None:
    async with device_file(path):
        pass
    with pytest.raises(UsageError, match="is the file of device gate-01, not of gate-02"):
        async with device_file(path, device="gate-02"):
            pass
    orphan = await open_orphan(path)
    assert orphan.device == GATE
    await orphan.close()


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")


def _another_programs(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE tickets (id)")


def _text(path: Path) -> None:
    path.write_text("buy milk\n" * 1000)


def _broken(path: Path) -> None:
    _newer(path)
    path.write_bytes(path.read_bytes()[:100] + b"\xff" * 5000)


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (_newer, f"has version {len(MIGRATIONS) + 1}, this gatedrill knows versions up to "),
        (_another_programs, "is a database, but no device's file"),
        (_text, "is no device's file, or broken .* left as it is"),
        (_broken, "is no device's file, or broken .* left as it is"),
    ],
)
async def test_what_is_no_file_of_ours_is_refused_and_left_alone(
    tmp_path: Path, make: Callable[[Path], None], told: str
) -> None:
    path = tmp_path / "file"
    make(path)
    before = path.read_bytes()
    for open_it in (open_orphan(path), device_file(path).__aenter__()):
        with pytest.raises(UsageError, match=told):
            await open_it
    assert path.read_bytes() == before
    assert names(tmp_path) == ["file"]


async def test_an_orphan_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        await open_orphan(tmp_path / "gone")
    assert names(tmp_path) == []
    (tmp_path / "empty").touch()
    with pytest.raises(UsageError, match="empty is empty"):
        await open_orphan(tmp_path / "empty")


async def test_a_file_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    (tmp_path / "in the way").touch()
    with pytest.raises(UsageError, match="cannot make the device's file"):
        async with device_file(tmp_path / "in the way" / "gate.db"):
            pass


def version_1(path: Path) -> None:
    """A file as the first gatedrill that had such files left it, its queue full."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1.read_text(encoding="utf-8"))


async def test_an_upgrade_with_a_full_queue_loses_nothing(tmp_path: Path) -> None:
    version_1(tmp_path / "gate.db")
    with closing(sqlite3.connect(tmp_path / "gate.db")) as connection:
        [[rows]] = connection.execute("SELECT count(*) FROM scans").fetchall()
    assert rows == 207

    async with device_file(tmp_path / "gate.db") as file:
        entries = await file.journal.entries("an edition of old")
        depth = await file.journal.depth()
        copied = await file.manifest.info()

    assert len(entries) == rows
    assert depth.queued == 202  # two of them were under way
    assert {entry.state for entry in entries} == set(QueueState) - {QueueState.SYNCING}
    assert {entry.boot for entry in entries} == {"boot-of-old"}
    assert copied is not None
    assert (copied.edition, copied.tickets, copied.has_key) == ("an edition of old", 2, True)


async def test_a_step_of_an_upgrade_keeps_what_is_there(tmp_path: Path) -> None:
    version_1(tmp_path / "gate.db")
    opened = await DeviceFile.open(tmp_path / "gate.db", GATE, "boot", TimeOfDay(ManualClock()))
    connection = opened._database._connection
    step = "ALTER TABLE scans ADD COLUMN lane TEXT NOT NULL DEFAULT 'left'"

    await migrate(connection, len(MIGRATIONS), (*MIGRATIONS, step))

    assert len(await opened.journal.entries("an edition of old")) == 207
    [[version]] = await opened._database.read("PRAGMA user_version")
    assert version == len(MIGRATIONS) + 1
    await opened.close()


async def test_what_was_under_way_when_the_device_died_waits_again(path: Path) -> None:
    async with device_file(path) as file:
        await scanned(file.journal, new_scan("n"))
        [taken] = await file.journal.take_due(file.journal.time.clock.now_ns(), 5)
        assert taken.state is QueueState.SYNCING
        await scanned(file.journal, new_scan("m"))
        [other] = await file.journal.take_due(file.journal.time.clock.now_ns(), 5)
        await file.journal.put_off(other, "busy", file.journal.time.clock.now_ns() + 10**12)

    async with device_file(path, "boot-2") as file:
        entries = await file.journal.entries(EDITION)
        due = await file.journal.take_due(file.journal.time.clock.now_ns(), 5)

    assert [(each.nonce, each.state) for each in entries] == [
        ("n", QueueState.PENDING),
        ("m", QueueState.PENDING),
    ]
    assert [(each.nonce, each.tries) for each in due] == [("n", 2), ("m", 2)]
