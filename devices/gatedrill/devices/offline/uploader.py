"""The loop that uploads one device's queue, whenever its uplink is there.

A scan leaves the queue only when the service has said what it makes of it. It is never left
`syncing` while nobody is sending it: not when the loop is cancelled, nor when the process dies, for
then the next start takes it up again.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from typing import Final, NamedTuple, NoReturn

from gatedrill.contract.messages import QueueState
from gatedrill.devices.offline import backoff
from gatedrill.devices.offline.errors import NotRecordedError
from gatedrill.devices.offline.journal import Journal
from gatedrill.devices.offline.journal_rows import JournaledScan, PutOff, Settlement
from gatedrill.devices.offline.upload import Upload
from gatedrill.devices.offline.upload_answers import Verdict

BATCH: Final = 5

logger = logging.getLogger(__name__)


class Sent(NamedTuple):
    """What came of one batch: how many were sent, and what was in the way.

    `out_of_reach` is what kept the service itself from hearing, `put_off` from taking one of them.
    """

    scans: int
    out_of_reach: str | None = None
    put_off: str | None = None


def _nobody() -> None:
    """Nobody wants to know."""


class Uploader:
    """Uploads what stands in `journal` while `uplink` is set; `rng` decides about pauses.

    `lost` is called when the service turns out to be out of reach.
    """

    def __init__(
        self,
        journal: Journal,
        upload: Upload,
        *,
        uplink: asyncio.Event,
        rng: random.Random,
        lost: Callable[[], None] = _nobody,
    ) -> None:
        self._lost = lost
        self._journal = journal
        self._upload = upload
        self._uplink = uplink
        self._rng = rng
        self._clock = journal.time.clock
        self._awake = asyncio.Event()
        self._failures = 0
        self._hurries = False
        self._has_taken = False  # what the file says of some scans may not be so

    def wake(self) -> None:
        """There is something new to upload; that does not shorten the pause after a failure."""
        if not self._failures:
            self._awake.set()

    def hurry(self) -> None:
        """The uplink is back: whatever was put off for want of it is due now."""
        self._hurries = True
        self._awake.set()

    async def run(self) -> NoReturn:
        """Upload until cancelled."""
        while True:
            if not self._uplink.is_set():
                await self._uplink.wait()
                self._hurries = True
            self._awake.clear()
            await self._rest(await self._step())

    async def upload_once(self) -> str | None:
        """Upload what is due, each scan once; what kept the last one from it, None if nothing did.

        It asks nobody whether the uplink is there.
        """
        now_ns = self._clock.now_ns()
        trouble: str | None = None
        while True:
            sent = await self.upload_batch(now_ns)
            trouble = sent.out_of_reach or sent.put_off or trouble
            if not sent.scans or sent.out_of_reach:
                return trouble

    async def upload_batch(self, due_ns: int | None = None) -> Sent:
        """Upload some scans that are due, now or at `due_ns`, one after the other.

        NotRecordedError when the file takes nothing; what was sent then is sent again later.
        """
        if self._has_taken:
            await self._release()
        try:
            self._has_taken = True
            sent = await self._send_due(self._clock.now_ns() if due_ns is None else due_ns)
            self._has_taken = sent.out_of_reach is not None
        finally:
            # Raised here, a full disk would take the place of a cancellation. What is not released
            # now is released before the next batch, or by the next start.
            with contextlib.suppress(NotRecordedError):
                if self._has_taken:
                    await asyncio.shield(self._release())
        return sent

    async def _send_due(self, due_ns: int) -> Sent:
        put_off: str | None = None
        taken = await self._journal.take_due(due_ns, BATCH)
        for number, scan in enumerate(taken, start=1):
            verdict = await self._upload.send(scan)
            await self._keep(scan, verdict)
            if isinstance(verdict, PutOff):
                put_off = verdict.error
                if verdict.out_of_reach:
                    return Sent(number, verdict.error)
        return Sent(len(taken), put_off=put_off)

    async def _release(self) -> None:
        await self._journal.release()
        self._has_taken = False

    async def _keep(self, scan: JournaledScan, verdict: Verdict) -> None:
        if isinstance(verdict, Settlement):
            return await self._settle(scan, verdict)
        if verdict.refused and backoff.is_hopeless(scan.refusals + 1):
            failed = Settlement(QueueState.FAILED, error=verdict.error)
            return await self._settle(scan, failed)
        # When there is no way at all, this scan need not wait longer than the others.
        pause_s = 0.0 if verdict.out_of_reach else backoff.pause_s(scan.tries, self._rng)
        next_try_ns = self._clock.now_ns() + round(pause_s * 1e9)
        return await self._journal.put_off(
            scan, verdict.error, next_try_ns, refused=verdict.refused
        )

    async def _settle(self, scan: JournaledScan, settlement: Settlement) -> None:
        await self._journal.settle(scan, settlement)
        context = {"device": self._journal.device}
        if settlement.state is QueueState.FAILED:
            logger.warning("scan %s failed: %s", scan.nonce, settlement.error, extra=context)
        else:
            logger.debug("scan %s is %s", scan.nonce, settlement.state, extra=context)

    async def _step(self) -> float | None:
        """Do what can be done now; how long to rest after it, None: until there is something."""
        try:
            if self._hurries:
                await self._journal.hurry()
                self._hurries = False
            sent = await self.upload_batch()
        except NotRecordedError as error:
            logger.warning("cannot upload: %s", error, extra={"device": self._journal.device})
            return self._after_failure()
        if sent.out_of_reach is not None:
            self._lost()
            return self._after_failure()
        self._failures = 0
        if sent.scans:
            return 0.0
        due_ns = await self._journal.next_due_ns()
        return None if due_ns is None else max(0.0, (due_ns - self._clock.now_ns()) / 1e9)

    def _after_failure(self) -> float:
        self._failures += 1
        if not self._hurries:
            self._awake.clear()
        return backoff.pause_s(self._failures, self._rng)

    async def _rest(self, pause_s: float | None) -> None:
        try:
            async with asyncio.timeout(pause_s):
                await self._awake.wait()
        except TimeoutError:
            pass
