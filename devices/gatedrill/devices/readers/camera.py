"""Cameras: from frames to symbols.

What the frames come from (a webcam, a video, an emulated guest) hides behind `FrameSource`.
"""

import asyncio
import logging
from collections import deque
from concurrent.futures import Executor
from typing import Final, Protocol

import cv2
import numpy as np

from gatedrill.contract.attempt import FrameFigures
from gatedrill.contract.clock import Clock
from gatedrill.devices.readers.decoders import Decoded, Decoder, Image
from gatedrill.devices.readers.repeat_windows import CAMERA_S
from gatedrill.devices.readers.symbol import Symbol

logger = logging.getLogger(__name__)

Frame = bytes | Image
"""One picture: encoded as the camera delivers it (mostly JPEG), or as pixels."""


class FrameSource(Protocol):
    """What a camera is to its reader.

    A live source hands out its newest frame and forgets those before it, so that a busy machine
    never falls behind what happens; a recorded one hands out every frame, at its own pace.
    """

    @property
    def dropped(self) -> int:
        """How many frames, since it was started, were forgotten for newer ones unread."""
        ...

    async def start(self) -> None:
        """Begin to see; UsageError or PeerError if that fails."""
        ...

    async def stop(self) -> None:
        """Let go of the hardware; nothing runs on. Harmless if it was not started."""
        ...

    async def next_frame(self) -> Frame:
        """Wait for a frame not handed out before; PeerError when no more will come."""
        ...


class CameraReader:
    """Reads the codes that a camera sees.

    Decoding happens in `executor`, which outlives the reader: all cameras of a process share one
    pool of about a thread a core, as decoding is nothing but work for the processor. A frame in
    which the decoder fails is one without a code.
    """

    kind: Final = "camera"
    repeat_window_s: Final = CAMERA_S

    def __init__(
        self, source: FrameSource, decoder: Decoder, clock: Clock, executor: Executor
    ) -> None:
        self._source = source
        self._decoder = decoder
        self._clock = clock
        self._executor = executor
        self._has_failed = False
        self._begin()

    def _begin(self) -> None:
        self._unread: deque[Symbol] = deque()
        self._since_ns: int | None = None
        self._looked_at = 0
        self._dropped_before = 0

    async def open(self) -> None:
        """Start the source; UsageError or PeerError if that fails."""
        self._begin()
        await self._source.start()
        self._since_ns = self._clock.now_ns()

    async def close(self) -> None:
        """Stop the source; the executor is the caller's and stays."""
        await self._source.stop()

    async def read(self) -> Symbol:
        """Wait for the next code in view; PeerError when the source has no more frames.

        Several codes in one frame are as many readings of one instant, with the same figures.
        """
        loop = asyncio.get_running_loop()
        while not self._unread:
            frame = await self._source.next_frame()
            self._looked_at += 1
            found, decoded_ns = await loop.run_in_executor(self._executor, self._look_at, frame)
            if found:
                frames = self._figures(decoded_ns)
                self._unread.extend(
                    Symbol(code.text, code.symbology, decoded_ns, frames) for code in found
                )
        return self._unread.popleft()

    def _look_at(self, frame: Frame) -> tuple[list[Decoded], int]:
        """The codes in a frame, and when they were known; all that is not for the event loop."""
        try:
            image = _gray(frame)
            found = [] if image is None else self._decoder.decode(image)
        except Exception as error:  # one frame must not take the gate down
            level = logging.DEBUG if self._has_failed else logging.WARNING
            self._has_failed = True
            logger.log(level, "a frame could not be decoded: %r", error)
            found = []
        return found, self._clock.now_ns()

    def _figures(self, decoded_ns: int) -> FrameFigures:
        """What was seen since the last frame with a code, and begin to count anew."""
        dropped = self._source.dropped - self._dropped_before
        since_ns = decoded_ns if self._since_ns is None else self._since_ns
        figures = FrameFigures(
            delivered=self._looked_at + dropped,
            dropped=dropped,
            with_code=1,
            span_ms=(decoded_ns - since_ns) / 1e6,
        )
        self._since_ns, self._looked_at = decoded_ns, 0
        self._dropped_before += dropped
        return figures


def _gray(frame: Frame) -> Image | None:
    """The frame in gray; None if it is broken, as webcams' JPEGs sometimes are.

    Decoders turn colour into gray anyway, and once for each kind of code: for a frame of 1280 x 720
    that costs 2 ms more.
    """
    if not isinstance(frame, bytes):
        return frame if frame.ndim == 2 else cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)
    if not frame:
        return None
    return cv2.imdecode(np.frombuffer(frame, np.uint8), cv2.IMREAD_GRAYSCALE)
