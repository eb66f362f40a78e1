"""An emulated camera, in front of which guests hold their tickets."""

import asyncio
import contextlib

from gatedrill.devices.emulation.frames import render_looks
from gatedrill.devices.emulation.presenter import Material

FRAME_INTERVAL_S = 1 / 30


class EmulatedCamera:
    """A `FrameSource` and `Presenter`: it sees what is presented to it, 30 times a second.

    The first look comes at once, the last one again and again until the ticket is withdrawn.
    Between tickets no frame comes: decoding a blank one would burn processor time for nothing.
    A frame comes into being when it is asked for, so that none is ever dropped.
    """

    dropped = 0

    def __init__(self) -> None:
        self._looks: Material = ()
        self._presented = asyncio.Event()
        """Set while a ticket is in view of which no frame has been taken yet."""
        self._next_due_s = 0.0

    async def start(self) -> None:
        """There is nothing to start."""

    async def stop(self) -> None:
        """There is nothing to stop."""

    def prepare(self, text: str, seed: int) -> Material:
        """Render the looks of a ticket; UsageError if its text does not fit a QR code."""
        return render_looks(text, seed)

    def present(self, material: Material) -> None:
        """Hold the ticket into view."""
        self._looks = material
        self._presented.set()

    def withdraw(self) -> None:
        """Take the ticket out of view."""
        self._looks = ()
        self._presented.clear()

    def close(self) -> None:
        """There is nothing to let go of but a ticket."""
        self.withdraw()

    async def next_frame(self) -> bytes:
        """Wait for the next frame with a ticket in it: a JPEG."""
        await self._pace()
        while not self._looks:
            await self._presented.wait()
        self._presented.clear()
        self._next_due_s = asyncio.get_running_loop().time() + FRAME_INTERVAL_S
        look = self._looks[0]
        self._looks = self._looks[1:] or self._looks
        return look

    async def _pace(self) -> None:
        """Between two frames of one ticket, wait as long as a camera takes."""
        if self._looks:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(self._next_due_s):
                    await self._presented.wait()
