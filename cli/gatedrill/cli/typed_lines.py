"""Lines that a person types, or that are piped in: one at a time, when they are asked for."""

import asyncio
import os
import sys


class TypedLines:
    """Reads a file descriptor without keeping the event loop; whoever waits may be cancelled.

    Nothing is read ahead of a question: what was typed on a terminal before it answers nothing.
    """

    def __init__(self, fd: int | None) -> None:
        self._fd = fd
        self._begun = b""

    @property
    def is_terminal(self) -> bool:
        """Whether somebody sits there who sees what he types."""
        return self._fd is not None and os.isatty(self._fd)

    async def next(self) -> str | None:
        """The next line without its end and the blanks around it; None once there are no more."""
        self._drop_typed_ahead()
        while b"\n" not in self._begun and self._fd is not None:
            await _readable(self._fd)
            chunk = _read(self._fd)
            self._begun += chunk
            if not chunk:
                self._fd = None
        line, end, self._begun = self._begun.partition(b"\n")
        return line.decode(errors="replace").strip() if line or end else None

    def _drop_typed_ahead(self) -> None:
        if self._fd is not None and self.is_terminal:
            import termios  # which Windows does not have

            termios.tcflush(self._fd, termios.TCIFLUSH)


def stdin_fd() -> int | None:
    """Where standard input is read; None if it was closed, and its number may be another's."""
    return None if sys.stdin is None else sys.stdin.fileno()


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 4096)
    except OSError:  # a terminal that has gone
        return b""


async def _readable(fd: int) -> None:
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    try:
        loop.add_reader(fd, ready.set)
    except OSError:  # a file cannot be watched, and keeps nobody waiting
        return
    try:
        await ready.wait()
    finally:
        loop.remove_reader(fd)
