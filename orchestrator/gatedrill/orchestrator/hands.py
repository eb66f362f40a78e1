"""What lays hands on a venue's parts when a plan says so, and what does it by word of mouth.

Processes, files and the uplink are the business of whoever has started the venue: the conductor is
handed that as `Hands`. A device's clock it sets wrong itself, over the broker.
"""

from collections.abc import Iterator
from typing import Protocol

from gatedrill.broker.bus import Bus
from gatedrill.contract import topics
from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.contract.messages import SetClock
from gatedrill.fixtures.scenario import FaultName
from gatedrill.orchestrator.plan import BeginAct, Plan, PlannedFault
from gatedrill.orchestrator.roster import Roster

CLOCK_FAULT: FaultName = "clock-skewed"


class Hands(Protocol):
    """Makes parts of a venue fail, and mends them."""

    async def begin(self, fault: PlannedFault) -> bool | None:
        """Have it fail; returns once it does. PeerError where that cannot be done.

        True says that it has begun only now, as somebody has just told; else it counts from the
        moment at which it was set about.
        """
        ...

    async def end(self, fault: PlannedFault) -> None:
        """Mend it; returns once what it had stopped runs again. PeerError where it cannot be.

        Also called for a fault whose beginning or ending was interrupted halfway.
        """
        ...


class ClockHands:
    """Hands for clocks: tells a device's fleet how wrong its time of day is from now on."""

    def __init__(self, bus: Bus, roster: Roster) -> None:
        self._bus = bus
        self._roster = roster

    async def begin(self, fault: PlannedFault) -> None:
        """Set the clocks of these devices wrong; PeerError if one of them has gone."""
        for device in fault.devices:
            if not await self._set(device, fault.skew_s or 0.0):
                raise PeerError(f"cannot set the clock of {device} wrong: its process has gone")

    async def end(self, fault: PlannedFault) -> None:
        """Set them right. The clock of a device that has gone is nobody's concern."""
        for device in fault.devices:
            await self._set(device, 0.0)

    async def _set(self, device: str, skew_s: float) -> bool:
        fleet = self._roster.fleet_of(device)
        if fleet is None:
            return False
        await self._bus.publish(topics.SET_CLOCK, SetClock(device, skew_s), fleet=fleet.fleet)
        return True


def refuse_without(hands: Hands | None, plan: Plan) -> None:
    """UsageError if the plan lays hands on a venue and there are none."""
    names = {fault.fault for fault in planned_faults(plan)} - {CLOCK_FAULT}
    if hands is None and names:
        raise UsageError(
            f"scenario {plan.scenario.name} has faults ({', '.join(sorted(names))}): it needs a "
            "venue that this command starts itself: leave out --broker and GATEDRILL_BROKER"
        )


def planned_faults(plan: Plan) -> Iterator[PlannedFault]:
    """All faults of a plan, in order."""
    for step in plan.steps:
        for act in step.before:
            yield from act.faults if isinstance(act, BeginAct) else ()
        yield from step.faults
    for act in plan.after:
        yield from act.faults if isinstance(act, BeginAct) else ()
