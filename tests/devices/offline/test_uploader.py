"""The loop that empties the queue, whatever the service does."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from device_fakes import ManualClock
from device_files import EDITION, NOON_NS, device_file, new_scan, scanned

from gatedrill.contract.messages import QueueState
from gatedrill.devices.offline import backoff
from gatedrill.devices.offline.device_file import DeviceFile
from gatedrill.devices.offline.errors import NotRecordedError
from gatedrill.devices.offline.journal import Journal
from gatedrill.devices.offline.journal_rows import JournaledScan, PutOff, Settlement
from gatedrill.devices.offline.time_of_day import TimeOfDay
from gatedrill.devices.offline.upload_answers import Verdict
from gatedrill.devices.offline.uploader import Uploader

SYNCED = Settlement(QueueState.SYNCED)
REFUSED = PutOff("no", refused=True)
CONFUSED = PutOff("what?")
AWAY = PutOff("nobody there", out_of_reach=True)


class Longest(random.Random):
    """Chance at its longest."""

    def random(self) -> float:
        return 1.0


class FakeUpload:
    """Gives each scan the verdict that it is told to, `SYNCED` unless told."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.verdicts: dict[str, Verdict] = {}
        self.gate: asyncio.Event | None = None
        self._told = asyncio.Event()

    async def send(self, scan: JournaledScan) -> Verdict:
        self.sent.append(scan.nonce)
        self._told.set()
        if self.gate is not None:
            await self.gate.wait()
        return self.verdicts.get(scan.nonce, SYNCED)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for what more sending brings about."""
        while not condition():
            self._told.clear()
            await self._told.wait()


@pytest.fixture
def journal(opened: DeviceFile) -> Journal:
    return opened.journal


@pytest.fixture
def upload() -> FakeUpload:
    return FakeUpload()


@pytest.fixture
def uplink() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@pytest.fixture
def uploader(journal: Journal, upload: FakeUpload, uplink: asyncio.Event) -> Uploader:
    return Uploader(journal, upload, uplink=uplink, rng=Longest())


@asynccontextmanager
async def at_work(uploader: Uploader) -> AsyncIterator[asyncio.Task[None]]:
    running = asyncio.create_task(uploader.run())
    yield running
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def queue(journal: Journal, count: int) -> list[str]:
    nonces = [f"n{number}" for number in range(count)]
    for nonce in nonces:
        await scanned(journal, new_scan(nonce))
    return nonces


async def states(journal: Journal) -> list[QueueState]:
    return [entry.state for entry in await journal.entries(EDITION)]


async def settled(journal: Journal) -> None:
    """Wait until nothing is queued."""
    await until(journal, lambda states: not {QueueState.PENDING, QueueState.SYNCING} & states)


async def until(journal: Journal, condition: Callable[[set[QueueState]], bool]) -> None:
    """Look again and again, where nothing tells us; each look waits for the file's thread."""
    is_so = False
    while not is_so:
        is_so = condition(set(await states(journal)))


async def test_the_queue_is_emptied_in_batches_in_its_order(
    uploader: Uploader, journal: Journal, upload: FakeUpload
) -> None:
    nonces = await queue(journal, 7)
    assert (await uploader.upload_batch()).scans == 5
    assert (await states(journal)).count(QueueState.PENDING) == 2
    async with at_work(uploader):
        await settled(journal)
    assert upload.sent == nonces
    assert set(await states(journal)) == {QueueState.SYNCED}


async def test_it_waits_for_the_uplink_and_for_news(
    uploader: Uploader, journal: Journal, upload: FakeUpload, uplink: asyncio.Event
) -> None:
    uplink.clear()
    await queue(journal, 1)
    async with at_work(uploader):
        await states(journal)
        assert upload.sent == []
        uplink.set()
        await settled(journal)
        await scanned(journal, new_scan("later"))
        uploader.wake()
        await upload.until(lambda: "later" in upload.sent)


async def test_a_scan_that_confuses_the_service_waits_longer_each_time_and_holds_nobody_up(
    uploader: Uploader, journal: Journal, upload: FakeUpload, clock: ManualClock
) -> None:
    await queue(journal, 3)
    upload.verdicts["n0"] = CONFUSED
    await uploader.upload_batch()
    assert await states(journal) == [QueueState.PENDING, QueueState.SYNCED, QueueState.SYNCED]
    pauses = []
    for _ in range(12):
        due_ns = await journal.next_due_ns()
        assert due_ns is not None
        pauses.append((due_ns - clock.now_ns()) / 1e9)
        clock.advance(pauses[-1])
        assert (await uploader.upload_batch()).scans == 1
    assert pauses == [2, 4, 8, 16, 32, 60, 60, 60, 60, 60, 60, 60]
    [entry, *_] = await journal.entries()
    assert (entry.state, entry.tries, entry.error) == (QueueState.PENDING, 13, "what?")


async def test_what_the_service_refuses_ten_times_is_left_to_a_person(
    uploader: Uploader, journal: Journal, upload: FakeUpload, clock: ManualClock
) -> None:
    await queue(journal, 1)
    for verdict in (CONFUSED, AWAY, *[REFUSED] * backoff.MOST_REFUSALS):
        [entry] = await journal.entries()
        assert entry.state is QueueState.PENDING
        upload.verdicts["n0"] = verdict
        clock.advance(60)
        assert (await uploader.upload_batch()).scans == 1
    [entry] = await journal.entries()
    assert (entry.state, entry.tries, entry.error) == (QueueState.FAILED, 12, "no")


async def test_while_the_service_is_out_of_reach_one_scan_is_tried_and_none_waits_longer(
    uploader: Uploader, journal: Journal, upload: FakeUpload
) -> None:
    await queue(journal, 3)
    upload.verdicts["n0"] = AWAY
    sent = await uploader.upload_batch()
    assert (sent.scans, sent.out_of_reach) == (1, "nobody there")
    assert upload.sent == ["n0"]
    assert set(await states(journal)) == {QueueState.PENDING}
    assert len(await journal.take_due(NOON_NS, 5)) == 3


async def test_when_the_uplink_is_back_nobody_waits_for_the_end_of_a_pause(
    uploader: Uploader, journal: Journal, upload: FakeUpload
) -> None:
    await queue(journal, 2)
    upload.verdicts = {"n0": CONFUSED, "n1": AWAY}
    async with at_work(uploader):
        await upload.until(lambda: upload.sent == ["n0", "n1"])
        upload.verdicts = {}
        await until(journal, lambda states: QueueState.SYNCING not in states)
        uploader.wake()  # that is no reason to hurry
        await states(journal)
        assert upload.sent == ["n0", "n1"]
        uploader.hurry()
        await settled(journal)
    assert upload.sent == ["n0", "n1", "n0", "n1"]


async def test_a_loop_that_is_stopped_leaves_nothing_under_way(
    uploader: Uploader, journal: Journal, upload: FakeUpload
) -> None:
    await queue(journal, 3)
    upload.gate = asyncio.Event()
    async with at_work(uploader):
        await upload.until(lambda: upload.sent == ["n0"])
        assert set(await states(journal)) == {QueueState.SYNCING}
    assert set(await states(journal)) == {QueueState.PENDING}


async def test_what_the_file_would_not_take_is_sent_again(
    uploader: Uploader, journal: Journal, upload: FakeUpload, opened: DeviceFile
) -> None:
    await queue(journal, 2)
    upload.gate = asyncio.Event()
    sending = asyncio.create_task(uploader.upload_batch())
    await upload.until(lambda: upload.sent == ["n0"])
    await opened._database._connection.execute_fetchall("PRAGMA query_only = 1")
    upload.gate.set()
    with pytest.raises(NotRecordedError):
        await sending
    assert set(await states(journal)) == {QueueState.SYNCING}
    await opened._database._connection.execute_fetchall("PRAGMA query_only = 0")

    assert (await uploader.upload_batch()).scans == 2

    assert upload.sent == ["n0", "n0", "n1"]
    assert set(await states(journal)) == {QueueState.SYNCED}


async def test_a_loop_is_stopped_though_the_file_takes_nothing(
    uploader: Uploader, journal: Journal, upload: FakeUpload, opened: DeviceFile
) -> None:
    await queue(journal, 1)
    upload.gate = asyncio.Event()
    loop = asyncio.create_task(uploader.run())
    await upload.until(lambda: upload.sent == ["n0"])
    await opened._database._connection.execute_fetchall("PRAGMA query_only = 1")

    loop.cancel()
    await asyncio.wait([loop], timeout=10)

    assert loop.cancelled()
    await opened._database._connection.execute_fetchall("PRAGMA query_only = 0")


async def test_who_finds_the_service_out_of_reach_says_so(
    journal: Journal, upload: FakeUpload, uplink: asyncio.Event
) -> None:
    lost = asyncio.Event()
    uploader = Uploader(journal, upload, uplink=uplink, rng=Longest(), lost=lost.set)
    await queue(journal, 1)
    upload.verdicts["n0"] = AWAY
    async with at_work(uploader), asyncio.timeout(10):
        await lost.wait()


async def test_uploading_once_tries_each_scan_once(
    uploader: Uploader, journal: Journal, upload: FakeUpload
) -> None:
    nonces = await queue(journal, 12)
    upload.verdicts = {"n3": REFUSED, "n7": CONFUSED}
    assert await uploader.upload_once() == "what?"
    assert upload.sent == nonces
    assert (await journal.depth()).queued == 2
    upload.verdicts = {"n3": AWAY}
    await journal.take_up()
    assert await uploader.upload_once() == "nobody there"
    assert upload.sent == [*nonces, "n3"]
    upload.verdicts = {}
    assert await uploader.upload_once() is None


async def test_two_starts_share_a_queue_in_turn(path: Path, upload: FakeUpload) -> None:
    async with device_file(path) as file:
        await queue(file.journal, 1)
        upload.verdicts["n0"] = CONFUSED
        await Uploader(file.journal, upload, uplink=asyncio.Event(), rng=Longest()).upload_batch()
    upload.verdicts = {}
    time = TimeOfDay(ManualClock(NOON_NS - 10**12))
    async with device_file(path, "boot-2", time) as file:
        uploader = Uploader(file.journal, upload, uplink=asyncio.Event(), rng=Longest())
        assert await uploader.upload_once() is None
        assert await states(file.journal) == [QueueState.SYNCED]
