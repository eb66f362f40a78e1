"""This process's clock, and how far a fleet's clock stands from it, asked over the bus."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress

from gatedrill.broker.bus import Bus
from gatedrill.contract.clock import Clock, ClockEstimate, PingSample, estimate_offset
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import Ping, Pong
from gatedrill.contract.topics import PING, PONG

logger = logging.getLogger(__name__)

_TIMES_ASKED = 5


class MonotonicClock:
    """Nanoseconds since the Unix epoch as this process believed it at its start; never steps.

    The wall clock is read once; from then on the performance counter counts. A correction of the
    wall clock does not reach it, so compare such clocks anew before each run.
    """

    def __init__(self) -> None:
        self._origin_ns = time.time_ns() - time.perf_counter_ns()

    def now_ns(self) -> int:
        """Nanoseconds since the epoch, by this process's counter."""
        return self._origin_ns + time.perf_counter_ns()


async def measure_offset(
    bus: Bus, clock: Clock, fleet: str, *, boot: str, pings: int = 16, timeout_s: float
) -> ClockEstimate:
    """Ask the fleet `pings` times, one after the other, what time it is there.

    Returns the fleet's clock minus `clock` with its bound. Each answer is awaited for `timeout_s`,
    in which a ping is repeated; a missing one ends the asking, and those before it count. Raises
    PeerError if none came.
    """
    samples: list[PingSample] = []
    answers: asyncio.Queue[PingSample] = asyncio.Queue()

    def answered(_levels: dict[str, str], pong: Pong | None) -> None:
        now_ns = clock.now_ns()
        if pong is not None:
            answers.put_nowait(PingSample(pong.sent_ns, pong.received_ns, pong.replied_ns, now_ns))

    subscription = await bus.subscribe(PONG, answered, fleet=fleet, boot=boot)
    try:
        while len(samples) < pings:
            async with asyncio.timeout(timeout_s):
                samples.append(await _ask(bus, clock, fleet, answers, timeout_s / _TIMES_ASKED))
    except TimeoutError:
        logger.info("fleet %r left ping %d unanswered", fleet, len(samples) + 1)
    finally:
        subscription.end()
    if not samples:
        raise PeerError(f"fleet {fleet!r} does not answer pings: no pong within {timeout_s:g} s")
    return estimate_offset(samples)


async def who_answers(
    bus: Bus, clock: Clock, fleets: Mapping[str, str], timeout_s: float
) -> set[str]:
    """The boots that answer a ping within `timeout_s`, of these boots and their fleets' names.

    All are asked at once, and returned as soon as all have answered.
    """
    silent = set(fleets)
    all_answered = asyncio.Event()

    def answered(levels: dict[str, str], pong: Pong | None) -> None:
        if pong is not None and fleets.get(levels["boot"]) == levels["fleet"]:
            silent.discard(levels["boot"])
            if not silent:
                all_answered.set()

    subscription = await bus.subscribe(PONG, answered)
    try:
        for _ in range(_TIMES_ASKED):
            for boot in tuple(silent):
                await bus.publish(PING, Ping(clock.now_ns()), fleet=fleets[boot])
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s / _TIMES_ASKED):
                    await all_answered.wait()
                break
    finally:
        subscription.end()
    return set(fleets) - silent


async def _ask(
    bus: Bus, clock: Clock, fleet: str, answers: asyncio.Queue[PingSample], again_s: float
) -> PingSample:
    """Ask until there is an answer, as either may be lost: both are sent at most once."""
    ours: set[int] = set()
    while True:
        sent_ns = clock.now_ns()
        ours.add(sent_ns)
        await bus.publish(PING, Ping(sent_ns), fleet=fleet)
        with suppress(TimeoutError):
            async with asyncio.timeout(again_s):
                while True:
                    sample = await answers.get()
                    if sample.sent_ns in ours:  # else a late answer, or one to somebody else
                        return sample


@asynccontextmanager
async def answer_pings(bus: Bus, clock: Clock, *, fleet: str, boot: str) -> AsyncIterator[None]:
    """Answer every ping to `fleet` on `clock` while the body runs; ready once it is entered."""
    asked: asyncio.Queue[tuple[int, int]] = asyncio.Queue()

    def ping(_levels: dict[str, str], message: Ping | None) -> None:
        if message is not None:
            asked.put_nowait((message.sent_ns, clock.now_ns()))

    async def answer() -> None:
        while True:
            sent_ns, received_ns = await asked.get()
            pong = Pong(boot, sent_ns, received_ns, replied_ns=clock.now_ns())
            with suppress(PeerError):  # who asked is out of reach, and will ask again
                await bus.publish(PONG, pong, fleet=fleet, boot=boot)

    subscription = await bus.subscribe(PING, ping, fleet=fleet)
    answering = asyncio.create_task(answer())
    try:
        yield
    finally:
        answering.cancel()
        subscription.end()
