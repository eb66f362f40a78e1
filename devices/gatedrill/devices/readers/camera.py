"""Cameras: from frames to symbols.

What the frames come from (a webcam, a video, an emulated guest) hides behind `FrameSource`.
"""

import asyncio
from collections import deque
from concurrent.futures import Executor
from typing import Final, Protocol

import cv2
import numpy as np

from gatedrill.contract.clock import Clock
from gatedrill.devices.readers.decoders import Decoder, Image
from gatedrill.devices.readers.symbol import Symbol

Frame = bytes | Image
"""One picture: encoded as the camera delivers it (mostly JPEG), or as pixels."""


class FrameSource(Protocol):
    """What a camera is to its reader.

    A live source hands out its newest frame and forgets those before it, so that a busy machine
    never falls behind what happens; a recorded one hands out every frame, at its own pace.
    """

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
    pool of about a thread a core, as decoding is nothing but work for the processor.
    """

    kind: Final = "camera"
    repeat_window_s: Final = 1.0

    def __init__(
        self, source: FrameSource, decoder: Decoder, clock: Clock, executor: Executor
    ) -> None:
        self._source = source
        self._decoder = decoder
        self._clock = clock
        self._executor = executor
        self._unread: deque[Symbol] = deque()

    async def open(self) -> None:
        """Start the source; UsageError or PeerError if that fails."""
        await self._source.start()

    async def close(self) -> None:
        """Stop the source; the executor is the caller's and stays."""
        await self._source.stop()

    async def read(self) -> Symbol:
        """Wait for the next code in view; PeerError when the source has no more frames."""
        loop = asyncio.get_running_loop()
        while not self._unread:
            frame = await self._source.next_frame()
            self._unread += await loop.run_in_executor(self._executor, self._symbols_in, frame)
        return self._unread.popleft()

    def _symbols_in(self, frame: Frame) -> list[Symbol]:
        image = _image(frame) if isinstance(frame, bytes) else frame
        found = [] if image is None else self._decoder.decode(image)
        decoded_ns = self._clock.now_ns()
        return [Symbol(code.text, code.symbology, decoded_ns) for code in found]


def _image(encoded: bytes) -> Image | None:
    """The gray picture in a JPEG, or None if it is broken, as webcams' frames sometimes are."""
    if not encoded:
        return None
    data = np.frombuffer(encoded, np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
