"""Admissions of the service on their way to the registrar: in order, and never in a scan's way."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import chain
from typing import Final

from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import Admission

logger = logging.getLogger(__name__)

MOST_WAITING: Final = 10_000
"""So many admissions wait for a registrar; of more, the oldest are forgotten."""


class AdmissionOutbox:
    """Keeps admissions until a registrar that was there to hear them has lived on.

    Nobody acknowledges an admission but the broker, and that would take it without any registrar.
    So they are sent only while there is one, and what was sent since the heartbeat before last is
    sent again to a registrar that has come back: hearing it twice does no harm.
    """

    def __init__(
        self, publish: Callable[[Admission], Awaitable[None]], is_here: Callable[[], bool]
    ) -> None:
        self._publish = publish
        self._is_here = is_here
        self._waiting: deque[Admission] = deque(maxlen=MOST_WAITING)
        self._sent: deque[Admission] = deque(maxlen=MOST_WAITING)
        self._sent_before: deque[Admission] = deque(maxlen=MOST_WAITING)
        self._due = asyncio.Event()
        self._overflowed = False

    def put(self, admission: Admission) -> None:
        """Have it sent as soon as may be; it never waits."""
        if len(self._waiting) == MOST_WAITING and not self._overflowed:
            self._overflowed = True
            logger.warning(
                "more than %d admissions wait for a registrar: the oldest are forgotten",
                MOST_WAITING,
            )
        self._waiting.append(admission)
        self._due.set()

    def heartbeat(self) -> None:
        """The registrar lives: what it was sent before its last heartbeat has been heard."""
        self._sent_before = self._sent
        self._sent = deque(maxlen=MOST_WAITING)
        self._due.set()

    def came_back(self) -> None:
        """A registrar is here that was not: it may have missed what was sent lately."""
        lately = chain(self._sent_before, self._sent, self._waiting)
        self._waiting = deque(lately, maxlen=MOST_WAITING)
        self._sent.clear()
        self._sent_before.clear()
        self._due.set()

    async def send(self) -> None:
        """Send, for ever."""
        while True:
            await self._due.wait()
            self._due.clear()
            while self._waiting and self._is_here():
                admission = self._waiting.popleft()
                self._sent.append(admission)
                with suppress(PeerError):  # the connection is gone: it is sent again afterwards
                    await self._publish(admission)
