"""A terminal or a scanner's port that a test holds the other end of."""

import contextlib
import os
import tty
from collections.abc import Iterator
from typing import NamedTuple

from gatedrill.devices.feedback.cue import Shown


class Wire(NamedTuple):
    """A pseudo-terminal: what is written to `near` is read at `far`, byte for byte."""

    near: int
    far: int

    def send(self, data: bytes) -> None:
        """What a reader's port does with bytes for its scanner."""
        os.write(self.near, data)

    def received(self) -> bytes:
        """All that was written until now: on a pseudo-terminal it is there at once."""
        arrived = b""
        os.set_blocking(self.far, False)
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self.far, 65536):
                arrived += chunk
        return arrived


@contextlib.contextmanager
def wire() -> Iterator[Wire]:
    """A pseudo-terminal that changes nothing and echoes nothing."""
    far, near = os.openpty()
    tty.setraw(near)
    try:
        yield Wire(near, far)
    finally:
        os.close(near)
        os.close(far)


class Heard:
    """A feedback that keeps what it was told."""

    def __init__(self) -> None:
        self.shown: list[Shown] = []
        self.is_closed = False

    def show(self, shown: Shown) -> None:
        self.shown.append(shown)

    def close(self) -> None:
        self.is_closed = True


class Broken(Heard):
    """A feedback that breaks its promise, each time."""

    def show(self, shown: Shown) -> None:
        super().show(shown)
        raise RuntimeError("no paper")

    def close(self) -> None:
        super().close()
        raise RuntimeError("no paper")
