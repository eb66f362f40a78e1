"""Cameras that see what happens now: webcams, and network cameras over HTTP or RTSP.

A thread takes every frame as it comes and keeps the newest alone: read one after the other, frames
wait in the camera's queue, and a reader that is a little too slow soon looks seconds into the past.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from gatedrill.contract.errors import PeerError
from gatedrill.devices.readers.camera import Frame
from gatedrill.devices.readers.sources.capture import Capture
from gatedrill.devices.readers.sources.grabber import Grabber

STALL_S = 3.0
"""A camera that has delivered nothing for so long will not do so any more, until it is reopened."""

LETTING_GO_S = 1.0
"""How long stopping waits for a read under way. A driver may take longer to give up: then it does
so behind our back, and until then a webcam is busy for whoever opens it anew."""


class LiveSource:
    """A `FrameSource` that hands out the newest frame of a capture.

    `opening` opens the capture, in a thread of the source's own; what it raises, `start` raises.
    `name` is what messages call the camera: without credentials. May be started anew after it was
    stopped.
    """

    def __init__(
        self, name: str, opening: Callable[[], Capture], *, stall_s: float = STALL_S
    ) -> None:
        self._name = name
        self._opening = opening
        self._stall_s = stall_s
        self._grabber: Grabber | None = None

    @property
    def dropped(self) -> int:
        """How many frames were replaced by newer ones unread, since the source was started."""
        return 0 if self._grabber is None else self._grabber.dropped

    async def start(self) -> None:
        """Open the camera; UsageError or PeerError, as the opening says, if that fails."""
        await self.stop()
        self._grabber = Grabber(self._opening)
        try:
            await self._grabber.opened
        except BaseException:
            self._grabber.stop()  # given up: what is opened yet is closed at once
            raise

    async def stop(self) -> None:
        """Close the camera. Returns in time even if the camera hangs."""
        grabber, self._grabber = self._grabber, None
        if grabber is None:
            return
        grabber.stop()
        with suppress(TimeoutError):
            async with asyncio.timeout(LETTING_GO_S):
                await grabber.ended.wait()

    async def next_frame(self) -> Frame:
        """Wait for a frame not handed out before.

        Raises PeerError when the camera has gone, or has been silent for `stall_s` seconds.
        """
        if self._grabber is None:
            raise PeerError(f"camera {self._name}: it is closed")
        grabber = self._grabber
        while (frame := grabber.take()) is None:
            if grabber.lost:
                raise self._no_more("reading it fails")
            try:
                async with asyncio.timeout_at(grabber.last_frame_s + self._stall_s):
                    await grabber.news.wait()
            except TimeoutError as error:
                silent_s = asyncio.get_running_loop().time() - grabber.last_frame_s
                if silent_s >= self._stall_s:
                    raise self._no_more(f"none for {self._stall_s:g} s") from error
        return frame

    def _no_more(self, why: str) -> PeerError:
        return PeerError(
            f"camera {self._name}: no more frames come ({why}); check its cable, power and network"
        )
