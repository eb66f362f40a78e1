"""What a live source makes of a capture that does as it is told."""

import asyncio
import queue
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from cv2.typing import MatLike

from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.devices.readers.sources import live
from gatedrill.devices.readers.sources.capture import Capture
from gatedrill.devices.readers.sources.grabber import MOST_FAILURES
from gatedrill.devices.readers.sources.live import LiveSource

NEVER_S = 3600.0


class Scripted:
    """A capture whose reads return, or raise, what the test puts; until then they hang."""

    def __init__(self) -> None:
        self._to_read: queue.Queue[MatLike | Exception | None] = queue.Queue()
        self._waits = threading.Semaphore(0)
        self.released = threading.Event()

    def put(self, *levels: int | Exception | None) -> None:
        """Frames of one gray each; None is a failed read."""
        for level in levels:
            if isinstance(level, int):
                self._to_read.put(np.full((2, 2), level, np.uint8))
            else:
                self._to_read.put(level)

    async def has_been_read(self, times: int) -> None:
        """Wait until so many reads more have begun: those before have been dealt with."""
        for _ in range(times):
            await asyncio.to_thread(self._waits.acquire)

    def read(self) -> tuple[bool, MatLike]:
        self._waits.release()
        what = self._to_read.get()
        if isinstance(what, Exception):
            raise what
        return what is not None, np.zeros((0, 0), np.uint8) if what is None else what

    def release(self) -> None:
        self.released.set()


@asynccontextmanager
async def running(capture: Scripted, stall_s: float = NEVER_S) -> AsyncIterator[LiveSource]:
    source = LiveSource("fake", lambda: capture, stall_s=stall_s)
    await source.start()
    try:
        yield source
    finally:
        capture.put(0)  # whoever hangs in a read comes back
        await source.stop()


async def gray(source: LiveSource) -> int:
    frame = await source.next_frame()
    assert not isinstance(frame, bytes)
    return int(frame[0, 0])


async def test_a_slow_reader_gets_the_newest_frame_and_the_others_count_as_dropped() -> None:
    capture = Scripted()
    async with running(capture) as source:
        capture.put(1, 2, 3, 4, 5)
        await capture.has_been_read(6)
        assert (await gray(source), source.dropped) == (5, 4)
        capture.put(6)
        assert (await gray(source), source.dropped) == (6, 4)


async def test_a_fast_reader_gets_every_frame_and_each_once() -> None:
    capture = Scripted()
    async with running(capture) as source:
        for level in range(1, 6):
            waiting = asyncio.create_task(gray(source))
            await asyncio.sleep(0)
            capture.put(level)
            assert await waiting == level
        assert source.dropped == 0


async def test_a_wait_that_is_given_up_loses_no_frame() -> None:
    capture = Scripted()
    async with running(capture) as source:
        waiting = asyncio.create_task(gray(source))
        await asyncio.sleep(0)
        waiting.cancel()
        capture.put(7)
        assert (await gray(source), source.dropped) == (7, 0)


async def test_a_camera_that_falls_silent_is_reported_and_can_be_closed_while_it_hangs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "LETTING_GO_S", 0.01)
    capture = Scripted()
    source = LiveSource("fake", lambda: capture, stall_s=0.05)
    await source.start()
    capture.put(1)
    await capture.has_been_read(2)
    assert await gray(source) == 1
    with pytest.raises(PeerError, match=r"camera fake: no more frames come \(none for 0.05 s\)"):
        await source.next_frame()
    await source.stop()
    assert not capture.released.is_set()  # it hangs in the read still, as a driver may
    capture.put(2)
    assert await asyncio.to_thread(capture.released.wait, 60)


async def test_a_frame_that_came_in_time_is_handed_out_however_late_it_is_asked_for() -> None:
    capture = Scripted()
    async with running(capture, stall_s=0.001) as source:
        capture.put(1)
        await capture.has_been_read(2)
        assert await gray(source) == 1


@pytest.mark.parametrize("failure", [None, RuntimeError("no sense in it")])
async def test_a_camera_that_was_unplugged_is_reported_and_released(
    failure: Exception | None,
) -> None:
    capture = Scripted()
    async with running(capture) as source:
        capture.put(1, *[failure] * MOST_FAILURES)
        assert await asyncio.to_thread(capture.released.wait, 60)
        assert await gray(source) == 1
        for _ in range(2):
            with pytest.raises(PeerError, match=r"camera fake: no more frames come .*fails.*cable"):
                await source.next_frame()


async def test_a_few_failures_are_borne() -> None:
    capture = Scripted()
    async with running(capture) as source:
        for level in (1, 2):
            capture.put(*[None] * (MOST_FAILURES - 1), level)
            assert await gray(source) == level


async def test_a_camera_that_was_plugged_in_again_is_read_and_counted_anew() -> None:
    captures = [Scripted(), Scripted()]
    opened: list[Capture] = []

    def opening() -> Capture:
        opened.append(captures[len(opened)])
        return opened[-1]

    source = LiveSource("fake", opening, stall_s=NEVER_S)
    await source.start()
    captures[0].put(1, 2, *[None] * MOST_FAILURES)
    assert await asyncio.to_thread(captures[0].released.wait, 60)
    assert (await gray(source), source.dropped) == (2, 1)
    with pytest.raises(PeerError, match="no more frames"):
        await source.next_frame()
    await source.stop()
    await source.start()
    captures[1].put(3)
    assert (await gray(source), source.dropped) == (3, 0)
    captures[1].put(0)
    await source.stop()
    assert captures[1].released.is_set()


@pytest.mark.parametrize("error", [UsageError("no such camera"), RuntimeError("out of memory")])
async def test_what_the_opening_raises_the_start_raises(error: Exception) -> None:
    def opening() -> Capture:
        raise error

    source = LiveSource("fake", opening)
    with pytest.raises(type(error), match=str(error)):
        await source.start()
    await source.stop()


async def test_a_start_that_is_given_up_releases_what_is_opened_yet() -> None:
    capture, may_open, is_opening = Scripted(), threading.Event(), threading.Event()

    def opening() -> Capture:
        is_opening.set()
        may_open.wait()
        return capture

    complaints: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, what: complaints.append(what))
    source = LiveSource("fake", opening)
    starting = asyncio.create_task(source.start())
    await asyncio.to_thread(is_opening.wait)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting
    may_open.set()
    assert await asyncio.to_thread(capture.released.wait, 60)
    await asyncio.sleep(0)  # what the thread has told the loop is heard
    assert not complaints


async def test_a_source_that_is_closed_has_no_frames_and_stopping_it_is_harmless() -> None:
    source = LiveSource("fake", Scripted)
    await source.stop()
    with pytest.raises(PeerError, match="it is closed"):
        await source.next_frame()
