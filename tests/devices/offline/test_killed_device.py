"""A device that is killed at any moment loses nothing, and uploads nothing twice in effect."""

import asyncio
import random
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import device_process
from device_files import device_file

from gatedrill.broker.clock import MonotonicClock
from gatedrill.contract.messages import QueueEntry, QueueState
from gatedrill.devices.offline.time_of_day import TimeOfDay
from gatedrill.devices.offline.upload import SupabaseUpload
from gatedrill.devices.offline.uploader import Uploader

if TYPE_CHECKING:
    from devices.offline.conftest import Served

DEATHS = 5
SETTLED = (QueueState.PENDING, QueueState.SYNCED)


async def live_and_die(path: Path, boot: int, url: str, rng: random.Random) -> list[str]:
    """Start the device, kill it at some moment; the nonces whose verdicts it had shown."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        device_process.__file__,
        *(str(path), str(boot), url),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    shown = [await process.stdout.readline() for _ in range(rng.randint(1, 40))]
    await asyncio.sleep(rng.uniform(0, 0.01))  # any moment between two lines
    process.send_signal(signal.SIGKILL)
    rest, _ = await process.communicate()
    assert process.returncode == -signal.SIGKILL
    return b"".join([*shown, rest]).decode().split()


async def test_killing_a_device_loses_nothing_and_strands_nothing(
    path: Path, served: "Served"
) -> None:
    rng = random.Random(7)
    served.service.knows_any_ticket = True
    shown: set[str] = set()
    for boot in range(DEATHS):
        shown |= set(await live_and_die(path, boot, served.wire.url, rng))
        time = TimeOfDay(MonotonicClock())
        async with device_file(path, f"look-{boot}", time) as file:
            entries = await file.journal.entries()
        check(entries, shown)

    time = TimeOfDay(MonotonicClock())
    connection = served.connection(time.clock)
    async with device_file(path, "last", time) as file:
        upload = SupabaseUpload(connection, file.journal, scanned_by="anna")
        uploader = Uploader(file.journal, upload, uplink=asyncio.Event(), rng=rng)
        assert await uploader.upload_once() is None
        entries = await file.journal.entries()
    await connection.close()

    decided = [entry for entry in entries if entry.outcome is not None]
    assert len(decided) > DEATHS
    assert {entry.state for entry in decided} == {QueueState.SYNCED}
    admitted = {entry.nonce for entry in decided if entry.outcome and entry.outcome.admits}
    assert {scan["p_nonce"] for scan in served.service.scans.values()} == admitted
    sent = Counter(arguments["p_nonce"] for _, arguments in served.service.sent)
    assert set(sent) == {entry.nonce for entry in decided}


def check(entries: list[QueueEntry], shown: set[str]) -> None:
    """Whatever a guest was shown is in the file; what was begun and not decided says so."""
    told = {entry.nonce: entry for entry in entries}
    assert len(told) == len(entries)
    assert shown <= set(told)
    for entry in entries:
        if entry.outcome is None:
            assert entry.state is QueueState.ASKED
            assert entry.nonce not in shown
        else:
            assert entry.state in SETTLED
