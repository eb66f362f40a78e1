"""From a symbol to an outcome: ask the check-in service, and again only where that is safe."""

import asyncio
import random
from collections.abc import Awaitable

from gatedrill.contract.attempt import Ask
from gatedrill.contract.clock import Clock
from gatedrill.contract.outcome import Outcome
from gatedrill.devices.checkin import CheckIn, Reply
from gatedrill.devices.scanner import retry_pause_s


async def decide(
    symbol: str,
    first: Awaitable[Reply],
    checkin: CheckIn,
    clock: Clock,
    rng: random.Random,
) -> tuple[Outcome, tuple[Ask, ...]]:
    """Wait for the first reply, ask on until an answer stands; returns it with all questions."""
    began_ns = clock.now_ns()
    reply = await first
    asks = [reply.ask]
    while True:
        pause_s = retry_pause_s(reply.outcome, (clock.now_ns() - began_ns) / 1e9, rng)
        if pause_s is None:
            return reply.outcome, tuple(asks)
        await asyncio.sleep(pause_s)
        reply = await checkin.ask(symbol)
        asks.append(reply.ask)
