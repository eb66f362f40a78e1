"""A file that takes nothing more: the device knows, and goes on when there is room again."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from device_files import ADMITTED, device_file, new_scan, scanned

from gatedrill.contract.messages import QueueState
from gatedrill.contract.outcome import Authority
from gatedrill.devices.offline.cached_ticket import ManifestRows, ManifestTicket
from gatedrill.devices.offline.errors import NotRecordedError


@contextmanager
def no_file_may_grow(limit: int) -> Iterator[None]:
    """Have the system refuse what would make a file of this process longer than so many bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_scan_that_cannot_be_written_down_is_an_error_of_its_own(path: Path) -> None:
    wal = path.with_name(path.name + "-wal")
    async with device_file(path) as file:
        journal = file.journal
        await scanned(journal, new_scan("before"))
        await journal.begin(new_scan("under way"))
        with no_file_may_grow(wal.stat().st_size):
            for _ in range(2):
                with pytest.raises(
                    NotRecordedError, match=r"cannot write .*: make room on its disk"
                ):
                    await journal.begin(new_scan("full"))
            with pytest.raises(NotRecordedError):
                await journal.decide("under way", ADMITTED, Authority.OFFLINE, journal.time.stamp())
            with pytest.raises(NotRecordedError):
                await journal.take_due(journal.time.clock.now_ns(), 5)
            copy = ManifestRows("e", (ManifestTicket("t", "ticket", "e", None, "valid"),))
            with pytest.raises(NotRecordedError):
                await file.manifest.replace("run/1", copy)
            assert await file.manifest.info() is None
            assert await journal.undecided("run/1", "under way", "-") == "under way"

        await journal.decide("under way", ADMITTED, Authority.OFFLINE, journal.time.stamp())
        await scanned(journal, new_scan("after"))

    async with device_file(path, "boot-2") as file:
        entries = await file.journal.entries()
    assert [(entry.nonce, entry.state) for entry in entries] == [
        ("before", QueueState.PENDING),
        ("under way", QueueState.PENDING),
        ("after", QueueState.PENDING),
    ]
