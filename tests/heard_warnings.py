"""What the code under test warns of, to be awaited."""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager


class Warnings(logging.Handler):
    """What was warned of, in order of time."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: asyncio.Queue[str] = asyncio.Queue()

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.put_nowait(record.getMessage())


@contextmanager
def heard_warnings() -> Iterator[Warnings]:
    """Those of gatedrill, while the body runs."""
    handler = Warnings()
    logger = logging.getLogger("gatedrill")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)
