"""The thread that takes frames from a live camera and keeps the newest alone.

It is the only one to touch the capture, from opening to release: a capture that is released while
another thread reads from it takes the whole process down.
"""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress

from gatedrill.devices.readers.decoders import Image
from gatedrill.devices.readers.sources.capture import Capture

MOST_FAILURES = 5
"""A webcam fails to deliver a frame now and then; so many in a row, and it has gone."""


class Grabber:
    """Opens a capture and reads it until it is told to stop or no more frames come.

    All but the thread's own work belongs to the event loop in which it was made.
    """

    def __init__(self, opening: Callable[[], Capture]) -> None:
        self._opening = opening
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._newest: Image | None = None
        self._stopping = threading.Event()
        self.opened: asyncio.Future[None] = self._loop.create_future()
        """Done when the first frame may be waited for; fails as the opening did."""
        self.news = asyncio.Event()
        """Set when there is a frame to take, or none will come."""
        self.ended = asyncio.Event()
        """Set when the thread is over and the capture released."""
        self.dropped = 0
        """Frames that a newer one took the place of before anybody had taken them."""
        self.last_frame_s = self._loop.time()
        """When the last frame came, or the opening ended, on the loop's clock."""
        self.lost = False
        """Whether reading has failed for good."""
        # A daemon: a driver that never returns from a read must not keep the process from ending.
        threading.Thread(target=self._run, name="camera", daemon=True).start()

    def take(self) -> Image | None:
        """The newest frame if nobody has taken it yet; else None, and `news` will tell."""
        with self._lock:
            frame, self._newest = self._newest, None
        if frame is None and not self.lost:
            self.news.clear()
        return frame

    def stop(self) -> None:
        """Read no more. The thread ends when the read that it is in returns."""
        self._stopping.set()

    def _run(self) -> None:
        try:
            capture = self._opening()
        except Exception as error:  # whoever awaits the opening gets it
            self._tell(self._settle, error)
        else:
            self.last_frame_s = self._loop.time()
            self._tell(self._settle, None)
            try:
                self._read(capture)
            finally:
                capture.release()
        self._tell(self.ended.set)

    def _read(self, capture: Capture) -> None:
        failures = 0
        while failures < MOST_FAILURES and not self._stopping.is_set():
            try:
                is_there, frame = capture.read()
            except Exception:  # a frame that OpenCV cannot make sense of
                is_there = False
            failures = 0 if is_there else failures + 1
            if is_there:
                self._put(frame)
        if not self._stopping.is_set():
            self._tell(self._lose)

    def _put(self, frame: Image) -> None:
        with self._lock:
            is_first = self._newest is None
            self._newest = frame
            self.dropped += not is_first
            self.last_frame_s = self._loop.time()
        if is_first:
            self._tell(self.news.set)

    def _lose(self) -> None:
        self.lost = True
        self.news.set()

    def _settle(self, error: Exception | None) -> None:
        if self.opened.done():  # nobody waits for it any more
            return
        if error is None:
            self.opened.set_result(None)
        else:
            self.opened.set_exception(error)

    def _tell(self, what: Callable[..., None], *arguments: object) -> None:
        with suppress(RuntimeError):  # the loop is closed: there is nobody to tell
            self._loop.call_soon_threadsafe(what, *arguments)
