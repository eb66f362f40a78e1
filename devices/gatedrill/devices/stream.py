"""A stream at one device: guests who come one after the other, and are prepared a few ahead.

A guest without a due time comes some time after the decision before: the line at a gate, a closed
loop. One with a due time comes then, whether or not the device is still busy: an open model, where
the wait behind a slow scan is part of the latency, as it is for the guest.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import NamedTuple

from gatedrill.contract.attempt import AttemptRecord
from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import GatedrillError
from gatedrill.contract.messages import Presentation
from gatedrill.devices.device import Act, Device
from gatedrill.devices.ready import prepare

AHEAD = 4
"""A rendered ticket takes some 100 kB: the next few, never a whole evening's."""


class StreamTimes(NamedTuple):
    """When a stream begins and ends, and the rest between two scans of a closed loop."""

    at_ns: int
    until_ns: int
    pause_ns: int

    def due_ns(self, due_s: float) -> int:
        """The instant so many seconds after the beginning."""
        return self.at_ns + round(due_s * 1e9)


class _Guest(NamedTuple):
    due_s: float | None
    act: Act
    preparing: asyncio.Task[GatedrillError | None]


class Stream:
    """One device's part of a stream.

    Raises UsageError when the device takes no such orders.
    """

    def __init__(
        self, device: Device, orders: Sequence[Presentation], workers: Executor, clock: Clock
    ) -> None:
        self._device = device
        self._orders = deque(orders)
        self._workers = workers
        self._clock = clock
        self._ahead: deque[_Guest] = deque()
        first = device.begin(self._orders[0])
        self.opening = first if orders[0].due_s is None else None
        """What is to be released from outside, at T, together with other devices'."""
        self._look_ahead(first)

    async def prepare(self) -> None:
        """Make the first few ready."""
        await asyncio.gather(*(guest.preparing for guest in self._ahead))

    async def run(self, times: StreamTimes, emit: Callable[[AttemptRecord], None]) -> None:
        """Serve the guests in order; `emit` is given each record as it comes about."""
        next_ns = times.at_ns
        while self._ahead:
            guest = self._ahead.popleft()
            intended_ns = next_ns if guest.due_s is None else times.due_ns(guest.due_s)
            if intended_ns >= times.until_ns:
                return
            await guest.preparing
            await self._let_go(guest.act, intended_ns)
            record = await guest.act.record()
            emit(record)
            self._look_ahead()  # not before: rendering would keep the processor from decoding
            # Latency counts from here: a loop that wakes late adds to its own figure.
            next_ns = record.decided_ns + times.pause_ns

    async def give_up(self) -> None:
        """Leave nothing that is still being prepared."""
        preparing = {guest.preparing for guest in self._ahead}
        for task in preparing:
            task.cancel()
        if preparing:
            await asyncio.wait(preparing)

    async def _let_go(self, act: Act, intended_ns: int) -> None:
        act.intended_ns = intended_ns
        if act is self.opening:
            return
        await asyncio.sleep(max(0, intended_ns - self._clock.now_ns()) / 1e9)
        act.release()
        act.resume()

    def _look_ahead(self, first: Act | None = None) -> None:
        while self._orders and len(self._ahead) < AHEAD:
            order = self._orders.popleft()
            act, first = first or self._device.begin(order), None
            preparing = asyncio.create_task(prepare(act, self._workers))
            self._ahead.append(_Guest(order.due_s, act, preparing))
