"""A request under way, which can be given up at any moment without harm to its connection.

httpcore guards its tidying up against the scopes of anyio, but not against the `cancel` of a task:
one that comes while it puts a connection back leaves it busy for ever, and as a device has but one,
none of its later questions would be answered. So a request has a task that nobody cancels, and a
scope by which it is given up.
"""

import asyncio
from collections.abc import Coroutine
from typing import NamedTuple

import anyio
import httpx

from gatedrill.contract.clock import Clock


class Response(NamedTuple):
    """What came, read to its end, and when that was."""

    response: httpx.Response
    answered_ns: int


class Asking:
    """Begins at once."""

    def __init__(self, sending: Coroutine[None, None, httpx.Response], clock: Clock) -> None:
        self._scope = anyio.CancelScope()
        self._clock = clock
        self.task = asyncio.create_task(self._ask(sending))

    async def _ask(self, sending: Coroutine[None, None, httpx.Response]) -> Response | None:
        with self._scope:
            response = await sending
            return Response(response, self._clock.now_ns())
        return None  # given up

    async def response(self, timeout_s: float) -> Response | None:
        """Wait for what comes, but no longer than this; None if nothing has, and nothing will.

        Raises what httpx does. Whoever gives up waiting gives the request up.
        """
        try:
            await asyncio.wait({self.task}, timeout=timeout_s)
        finally:
            await self.give_up()
        return self.task.result()

    async def give_up(self) -> None:
        """Have no answer any more; returns when the connection is free. Harmless afterwards."""
        if not self.task.done():
            self._scope.cancel()
            await asyncio.wait({self.task})
        if not self.task.cancelled():  # as the event loop does with all that is left at its end
            self.task.exception()  # seen, so that nobody complains of it later
