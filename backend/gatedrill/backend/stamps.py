"""The service's own stamps: when a request had arrived, when its answer left, what time it was."""

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gatedrill.contract.service import ARRIVED_HEADER, DEPARTED_HEADER, TIME_HEADER


class Stamps:
    """Puts the two stamps and the time of day into the headers of every answer.

    The stamps are nanoseconds of `now_ns`, a monotonic clock with an origin of its own. A request
    has arrived when its last byte has been read, not when its first one has: a device may hold the
    last byte back until the instant of a burst. A request answered without its body having been
    asked for counts from its headers.

    The stamps are coarse. The server has a single thread and reads every connection that is
    readable in one go before any request gets its turn; requests that came milliseconds apart while
    it was busy are stamped microseconds apart. They must not be taken for the spread of arrivals.
    They err to one side, though: a request is stamped after it came and before its answer went, so
    two requests that overlap by their stamps did overlap.

    The time of day, `time_ns`, is nanoseconds since the Unix epoch: devices learn from it how wrong
    their own clocks are.
    """

    def __init__(
        self,
        app: ASGIApp,
        now_ns: Callable[[], int] = time.perf_counter_ns,
        time_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._app = app
        self._now_ns = now_ns
        self._time_ns = time_ns

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        arrived_ns = self._now_ns()

        async def stamping_receive() -> Message:
            nonlocal arrived_ns
            message = await receive()
            if message["type"] == "http.request" and not message.get("more_body", False):
                arrived_ns = self._now_ns()
            return message

        async def stamping_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                stamps = [
                    (ARRIVED_HEADER.encode(), str(arrived_ns).encode()),
                    (DEPARTED_HEADER.encode(), str(self._now_ns()).encode()),
                    (TIME_HEADER.encode(), str(self._time_ns()).encode()),
                ]
                message = {**message, "headers": [*message["headers"], *stamps]}
            await send(message)

        await self._app(scope, stamping_receive, stamping_send)
