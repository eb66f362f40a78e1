"""Lines of standard input as they come, whatever it is: terminal, pipe, file or nothing."""

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Final

_STDIN: Final = 0
_MOST_WAITING: Final = 1000
"""So many lines are read ahead; whoever writes them waits then."""


async def stdin_lines() -> AsyncIterator[bytes]:
    """Each line without its end, until there are no more.

    They are read by a thread that ends with the process: an event loop cannot watch a file, and a
    thread that waits for a terminal cannot be called back. It asks the system and not `sys.stdin`,
    whose lock it would hold when the process ends.
    """
    lines: asyncio.Queue[bytes | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    room = threading.Semaphore(_MOST_WAITING)

    def read() -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended
            for line in _lines():
                room.acquire()
                loop.call_soon_threadsafe(lines.put_nowait, line)
            loop.call_soon_threadsafe(lines.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    while (line := await lines.get()) is not None:
        room.release()
        yield line


def _lines() -> Iterator[bytes]:
    begun = b""
    with contextlib.suppress(OSError):  # stdin is closed
        while chunk := os.read(_STDIN, 65536):
            *lines, begun = (begun + chunk).split(b"\n")
            for line in lines:
                yield line.removesuffix(b"\r")
    if begun:
        yield begun
