"""The service shows signs of life as long as it can read its records."""

import asyncio
from pathlib import Path

import pytest

from gatedrill.backend import serve as serving
from gatedrill.backend.serve import serve
from gatedrill.backend.sqlite_store import SqliteStore
from gatedrill.backend.store import Row
from gatedrill.backend.table_query import TableQuery


async def test_it_beats_while_records_can_be_read_and_pauses_while_they_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    seen = asyncio.Event()
    broken = iter([False, True, True])
    read = SqliteStore.read

    async def read_or_fail(store: SqliteStore, query: TableQuery) -> list[Row]:
        if next(broken, False):
            told.append("broken")
            raise OSError("the disk is gone")
        return await read(store, query)

    def beat() -> None:
        told.append("beat")
        if len(told) > 3:
            seen.set()

    monkeypatch.setattr(SqliteStore, "read", read_or_fail)
    monkeypatch.setattr(serving, "_BEAT_S", 0.0)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(
            serve(
                key="key",
                database=tmp_path / "records.sqlite3",
                fault=None,
                ready=lambda _: None,
                stop=stop,
                beat=beat,
            )
        )
        await seen.wait()
        stop.set()
    assert told[:4] == ["beat", "broken", "broken", "beat"]
