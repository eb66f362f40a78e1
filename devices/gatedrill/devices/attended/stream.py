"""A stream at an attended gate: a pile of tickets, presented in any order and at any pace."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gatedrill.contract.attempt import AttemptRecord
from gatedrill.contract.messages import Presentation
from gatedrill.contract.outcome import Reason
from gatedrill.devices.attended.presenting import Presenting
from gatedrill.devices.stream import StreamTimes

if TYPE_CHECKING:
    from gatedrill.devices.attended.gate import AttendedGate


class AttendedStream:
    """What `Stream` is to an emulated device. Tickets that nobody has presented are not told of."""

    opening = None

    def __init__(self, gate: "AttendedGate", orders: Sequence[Presentation]) -> None:
        self._acts = [Presenting(gate, order) for order in orders]

    async def prepare(self) -> None:
        """There is nothing to prepare."""

    async def run(self, times: StreamTimes, emit: Callable[[AttemptRecord], None]) -> None:
        """Wait for all of them until the stream ends; `emit` is given each scan as it comes."""

        async def present(act: Presenting) -> None:
            act.intended_ns, act.until_ns = times.at_ns, times.until_ns
            act.resume()
            record = await act.record()
            if record.outcome.reason is not Reason.NOT_PRESENTED:
                emit(record)

        async with asyncio.TaskGroup() as presenting:
            for act in self._acts:
                presenting.create_task(present(act))

    async def give_up(self) -> None:
        """Wait for none of them any longer."""
        for act in self._acts:
            await act.give_up()
