"""From what a symbol stands for to an outcome: whom to ask, and when to ask again."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol, TypeVar

from gatedrill.contract.attempt import Ask, ClaimAsk
from gatedrill.contract.clock import Clock
from gatedrill.contract.outcome import Authority, Outcome, OutcomeKind, Reason
from gatedrill.devices.checkin import CheckIn, Reply, Resolution, Ticket
from gatedrill.devices.question import HeldQuestion
from gatedrill.devices.scanner import retry_pause_s


class Answered(Protocol):
    """What a reply tells whoever asked."""

    @property
    def outcome(self) -> Outcome:
        """What it comes to."""
        ...


A = TypeVar("A", bound=Answered)

_USED = (Reason.ALREADY_USED, Reason.LOST_RACE)


class Decision(NamedTuple):
    """An outcome that stands, with all questions that led to it, and who decided.

    All of it stands in the `ScanRecord` under the same names.
    The next two are as in `Reply`, the last two as in `ScanRecord`.
    """

    outcome: Outcome
    asks: tuple[Ask, ...]
    last_entry_at: str | None = None
    checked_in_guests: int | None = None
    authority: Authority = Authority.ONLINE
    nonce: str | None = None
    claim: ClaimAsk | None = None


async def decide(
    resolution: Resolution,
    held: HeldQuestion[Reply] | None,
    checkin: CheckIn,
    clock: Clock,
    rng: random.Random,
    nonce: str | None = None,
) -> Decision:
    """Ask about what was found, with the question on `held` first, until an answer stands."""
    found = resolution.found
    if isinstance(found, Outcome):
        return Decision(found, resolution.asks)
    first = checkin.ask(found, nonce) if held is None else held.reply()
    replies = await ask_until_it_stands(first, lambda: checkin.ask(found, nonce), clock, rng)
    last = replies[-1]
    asks = (*resolution.asks, *(reply.ask for reply in replies))
    if isinstance(found, Ticket) and last.outcome.reason in _USED:
        return await _reconsider(found, Decision(last.outcome, asks), checkin)
    return Decision(last.outcome, asks, last.last_entry_at, last.checked_in_guests)


async def _reconsider(ticket: Ticket, refusal: Decision, checkin: CheckIn) -> Decision:
    """Let the bearer of a used ticket back in if it belongs to VIP guests who may re-enter.

    The refusal is definite: it stands unless the service says clearly that they may.
    """
    link = await checkin.ask_for_link(ticket)
    if link is None:
        return refusal
    outcome = Outcome(OutcomeKind.READMITTED) if link.allows_reentry else refusal.outcome
    return Decision(outcome, (*refusal.asks, link.ask))


async def ask_until_it_stands(
    first: Awaitable[A], again: Callable[[], Awaitable[A]], clock: Clock, rng: random.Random
) -> list[A]:
    """Wait for the first reply and ask `again` while that is safe; returns all replies in order."""
    began_ns = clock.now_ns()
    replies = [await first]
    while True:
        asking_for_s = (clock.now_ns() - began_ns) / 1e9
        pause_s = retry_pause_s(replies[-1].outcome, asking_for_s, rng)
        if pause_s is None:
            return replies
        await asyncio.sleep(pause_s)
        replies.append(await again())
