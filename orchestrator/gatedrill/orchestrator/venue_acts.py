"""What is done to the venue between two steps: faults, their ends, queues that drain, sales."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence

from gatedrill.orchestrator.faults_in_force import FaultsInForce
from gatedrill.orchestrator.history import Drained, Event, Sold
from gatedrill.orchestrator.plan import BeginAct, DrainAct, EndAct, PauseAct, SellAct, VenueAct
from gatedrill.orchestrator.roster import Roster

Sell = Callable[[Collection[str]], Awaitable[None]]
"""Gives the service these tickets, by their ids."""

_LOOK_S = 0.1


class VenueActs:
    """Performs a plan's acts; `now_ns` is the history's time, which `record` takes."""

    def __init__(
        self,
        faults: FaultsInForce,
        roster: Roster,
        sell: Sell,
        now_ns: Callable[[], int],
        record: Callable[[list[Event]], None],
        say: Callable[[str], None],
    ) -> None:
        self._faults = faults
        self._roster = roster
        self._sell = sell
        self._now_ns = now_ns
        self._record = record
        self._say = say

    async def perform(self, acts: Sequence[VenueAct], devices: Collection[str]) -> None:
        """Do these, one after the other; `devices` are those that take part in the plan."""
        for act in acts:
            match act:
                case BeginAct():
                    await self._faults.begin(act.faults)
                case EndAct():
                    for fault in act.faults:
                        await self._faults.end(fault)
                case DrainAct():
                    await self._drain(act, devices)
                case SellAct():
                    await self._sell(act.tickets)
                    self._record([Sold(act.tickets, self._now_ns())])
                case PauseAct():
                    await asyncio.sleep(act.duration_s)

    async def _drain(self, act: DrainAct, devices: Collection[str]) -> None:
        """Wait until all queues are empty, as far as heard since the wait began."""
        began_ns, mark = self._now_ns(), self._roster.mark
        deadline_ns = began_ns + round(act.within_s * 1e9)
        while (left := self._left(devices, mark)) and self._now_ns() < deadline_ns:
            self._roster.drop_stale()
            await asyncio.sleep(_LOOK_S)
        ended_ns = self._now_ns()
        self._record([Drained(act.id, began_ns, ended_ns, left)])
        what = f"not empty at {', '.join(left)}" if left else "empty"
        self._say(f"{act.id}: queues are {what} after {(ended_ns - began_ns) / 1e9:.1f} s")

    def _left(self, devices: Collection[str], mark: int) -> dict[str, int]:
        """Devices of whose queues it is not known that they are empty, and what was heard last."""
        states = self._roster.states
        queued = {name: states[name].queued if name in states else 0 for name in devices}
        return {
            name: number
            for name, number in queued.items()
            if number or not self._roster.has_told_since(name, mark)
        }
