"""Where claims are laid down and grants handed out: all that has come at once, in one go."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Protocol

from gatedrill.broker.bus import Bus
from gatedrill.broker.registrar.rule import Said
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import Admission, VenueClaim, VenueGrant
from gatedrill.contract.topics import ADMISSION, CLAIM, GRANT

logger = logging.getLogger(__name__)


class Book(Protocol):
    """What remembers the answers: the registrar's file, or a faulty one."""

    def judge_all(self, said: Sequence[Said]) -> Sequence[VenueGrant | None]:
        """The answer to each, None to an admission; remembered for good when it returns."""
        ...


class Desk:
    """Hears claims and admissions, has the book judge them, and publishes the grants.

    The disk is the slow part: while it writes, what arrives gathers, and the next write is for all
    of it.
    """

    def __init__(self, bus: Bus, book: Book, writer: Executor) -> None:
        self._bus = bus
        self._book = book
        self._writer = writer
        self._said: list[Said] = []
        self._some = asyncio.Event()

    async def listen(self) -> None:
        """Take what is said from now on; nothing is answered before `work`."""
        await self._bus.subscribe(CLAIM, self._hear)
        await self._bus.subscribe(ADMISSION, self._hear)

    def _hear(self, levels: dict[str, str], message: VenueClaim | Admission | None) -> None:
        if message is not None:
            self._said.append(Said(levels["fleet"], message))
            self._some.set()

    async def work(self) -> None:
        """Answer, for ever; what the book raises ends it."""
        while True:
            await self._some.wait()
            self._some.clear()
            said, self._said = self._said, []
            await self._answer_all(said)

    async def _answer_all(self, said: Sequence[Said]) -> None:
        loop = asyncio.get_running_loop()
        grants = await loop.run_in_executor(self._writer, self._book.judge_all, said)
        async with asyncio.TaskGroup() as publishing:
            for each, grant in zip(said, grants, strict=True):
                if grant is not None:
                    publishing.create_task(self._publish(each.fleet, grant))

    async def _publish(self, fleet: str, grant: VenueGrant) -> None:
        try:
            await self._bus.publish(GRANT, grant, fleet=fleet)
        except PeerError as error:  # the device will ask again, and be told the same
            logger.warning("the answer to claim %s did not get out: %s", grant.claim, error)
