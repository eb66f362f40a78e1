"""Answers come later, in their order. What is late when the fault ends comes at once."""

import asyncio
from collections import deque
from functools import partial

from gatedrill.broker.uplink.stage import MakeStage, Stage, Wire
from gatedrill.contract.uplink import UplinkFault


class _Slow(Stage):
    def __init__(self, delay_s: float, wire: Wire) -> None:
        super().__init__(wire)
        self._delay_s = delay_s
        self._loop = asyncio.get_running_loop()
        self._late: deque[tuple[float, bytes]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def answer(self, data: bytes) -> None:
        self._late.append((self._loop.time() + self._delay_s, data))
        if self._timer is None:
            self._await_next()

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        while self._late:
            super().answer(self._late.popleft()[1])

    def _await_next(self) -> None:
        self._timer = self._loop.call_at(self._late[0][0], self._pass_next)

    def _pass_next(self) -> None:
        self._timer = None
        super().answer(self._late.popleft()[1])
        if self._late and self._timer is None:
            self._await_next()


def slow(fault: UplinkFault) -> MakeStage:
    """The stage that delays answers by the fault's `delay_ms`."""
    return partial(_Slow, fault.delay_ms / 1000)
