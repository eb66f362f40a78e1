"""Recordings: what a camera saw before, shown again at its own pace, every frame of it."""

import asyncio
import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

from gatedrill.contract.errors import PeerError
from gatedrill.devices.readers.camera import Frame


class RecordingEnded(PeerError):  # noqa: N818 - no error, but nothing will come any more
    """A recording is over: reopening it would begin anew."""


class Recording(Protocol):
    """Frames in order. One thread alone may use it."""

    @property
    def interval_s(self) -> float:
        """The time from one frame to the next."""
        ...

    def next_frame(self) -> Frame | None:
        """The next frame; None after the last. PeerError if it cannot be read."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class RecordedSource:
    """A `FrameSource` that hands out every frame of a recording, none before its time.

    A reader that is too slow gets the frames later, not fewer of them: a rehearsal with a recording
    sees the same on a slow machine. What was missed is not made up for in a rush.
    """

    dropped = 0

    def __init__(self, name: str, opening: Callable[[], Recording]) -> None:
        """`opening` opens the recording, off the event loop; what it raises, `start` raises."""
        self._name = name
        self._opening = opening
        self._recording: Recording | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._reading: asyncio.Future[Frame | None] | None = None

    async def start(self) -> None:
        """Open the recording; its first frame is due at once."""
        await self.stop()
        self._due_s = -math.inf
        # One thread: reads and closing come one after the other, even if a wait was given up.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="recording")
        loop = asyncio.get_running_loop()
        self._recording = await loop.run_in_executor(self._thread, self._opening)

    async def stop(self) -> None:
        """Close the recording."""
        recording, self._recording = self._recording, None
        thread, self._thread = self._thread, None
        self._reading = None
        if thread is not None:
            if recording is not None:
                await asyncio.get_running_loop().run_in_executor(thread, recording.close)
            thread.shutdown(wait=False)

    async def next_frame(self) -> Frame:
        """Wait until the next frame is due; RecordingEnded when there is none."""
        if self._recording is None:
            raise PeerError(f"recording {self._name}: it is closed")
        loop = asyncio.get_running_loop()
        if self._reading is None:
            self._reading = loop.run_in_executor(self._thread, self._recording.next_frame)
        # Whoever is cancelled here finds the same frame again.
        frame = await asyncio.shield(self._reading)
        await asyncio.sleep(self._due_s - loop.time())
        self._reading = None
        if frame is None:
            raise RecordingEnded(f"recording {self._name}: it has ended")
        now_s, interval_s = loop.time(), self._recording.interval_s
        is_far_behind = now_s - self._due_s > interval_s
        self._due_s = (now_s if is_far_behind else self._due_s) + interval_s
        return frame
