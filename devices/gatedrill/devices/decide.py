"""From a symbol to an outcome: ask the check-in service, and again only where that is safe."""

import asyncio
import random

from gatedrill.contract.attempt import Ask
from gatedrill.contract.clock import Clock
from gatedrill.contract.outcome import Outcome
from gatedrill.devices.checkin import CheckIn
from gatedrill.devices.scanner import retry_pause_s


async def decide(
    symbol: str, checkin: CheckIn, clock: Clock, rng: random.Random
) -> tuple[Outcome, tuple[Ask, ...]]:
    """Ask until the answer stands; returns it with every question that was asked."""
    began_ns = clock.now_ns()
    asks: list[Ask] = []
    while True:
        reply = await checkin.ask(symbol)
        asks.append(reply.ask)
        pause_s = retry_pause_s(reply.outcome, (clock.now_ns() - began_ns) / 1e9, rng)
        if pause_s is None:
            return reply.outcome, tuple(asks)
        await asyncio.sleep(pause_s)
