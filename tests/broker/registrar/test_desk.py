import asyncio
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, cast

import pytest
from memory_bus import MemoryBus
from registrar_words import admission, claim, said

from gatedrill.broker.registrar.desk import Desk
from gatedrill.broker.registrar.rule import Said
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import VenueClaim, VenueGrant
from gatedrill.contract.topics import ADMISSION, CLAIM, GRANT

if TYPE_CHECKING:
    from gatedrill.broker.bus import Bus


class SlowBook:
    """Grants everything, once the test lets it write."""

    def __init__(self) -> None:
        self.batches: list[Sequence[Said]] = []
        self.begun = threading.Semaphore(0)
        self.written = threading.Semaphore(0)
        self.failure: Exception | None = None

    def judge_all(self, said: Sequence[Said]) -> list[VenueGrant | None]:
        self.batches.append(said)
        self.begun.release()
        self.written.acquire(timeout=20)
        if self.failure is not None:
            raise self.failure
        return [
            VenueGrant(each.claim, "file", granted=True) if isinstance(each, VenueClaim) else None
            for each in (words.message for words in said)
        ]


async def test_what_arrives_while_the_disk_writes_is_written_in_one_go_and_answered_after() -> None:
    bus, book = MemoryBus(), SlowBook()
    granted: asyncio.Queue[tuple[str, str]] = asyncio.Queue()

    def hear(levels: dict[str, str], grant: VenueGrant | None) -> None:
        assert grant is not None
        granted.put_nowait((levels["fleet"], grant.claim))

    await bus.subscribe(GRANT, hear)
    with ThreadPoolExecutor(1) as writer:
        desk = Desk(cast("Bus", bus), book, writer)
        await desk.listen()
        working = asyncio.create_task(desk.work())
        bus.say(CLAIM, claim("first"), fleet="north")
        await asyncio.to_thread(book.begun.acquire, timeout=20)
        for number in range(1_000):
            bus.say(CLAIM, claim(f"claim-{number}"), fleet="south")
        bus.say(ADMISSION, admission("x"), fleet="south")
        assert granted.empty()  # before anything is on the disk

        book.written.release()
        assert await granted.get() == ("north", "first")
        await asyncio.to_thread(book.begun.acquire, timeout=20)
        assert granted.empty()
        book.written.release()
        assert [await granted.get() for _ in range(1_000)] == [
            ("south", f"claim-{number}") for number in range(1_000)
        ]
        working.cancel()
    assert book.batches == [
        said(claim("first"), fleet="north"),
        said(*(claim(f"claim-{number}") for number in range(1_000)), admission("x"), fleet="south"),
    ]


async def test_what_cannot_be_written_is_answered_to_nobody_and_ends_the_work() -> None:
    bus, book = MemoryBus(), SlowBook()
    book.failure = UsageError("the disk is full")
    book.written.release()
    with ThreadPoolExecutor(1) as writer:
        desk = Desk(cast("Bus", bus), book, writer)
        await desk.listen()
        bus.say(CLAIM, claim("a"), fleet="north")
        with pytest.raises(UsageError, match="the disk is full"):
            await desk.work()
    assert bus.said == [CLAIM.topic(fleet="north")]
