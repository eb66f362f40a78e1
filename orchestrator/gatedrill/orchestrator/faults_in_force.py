"""The faults in force: when they begin and end, and that in the end none is left."""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from gatedrill.fixtures.fault_contradictions import BROKER_FAULTS
from gatedrill.orchestrator.excuses import Excuses
from gatedrill.orchestrator.hands import CLOCK_FAULT, Hands
from gatedrill.orchestrator.history import Event, FaultBegan, FaultEnded
from gatedrill.orchestrator.plan import PlannedFault
from gatedrill.orchestrator.roster import Roster

logger = logging.getLogger(__name__)

RETURN_TIMEOUT_S = 30.0
"""How long a device that was started again may take to make itself known."""


@dataclass
class _Force:
    """A fault from the moment at which somebody set about it. `boots` are those it strikes."""

    fault: PlannedFault
    boots: dict[str, str]
    has_begun: bool = False
    ending: asyncio.Lock = field(default_factory=asyncio.Lock)


class FaultsInForce:
    """Begins and ends faults through hands, and writes down between which instants each lay.

    `now_ns` is the history's time, `record` takes the history, `say` a line for people. What is
    to happen later is done by `tasks`, which must be set before anything begins: whoever waits
    there learns of what went wrong. `on_broker_back` is called when the broker has been mended.
    """

    tasks: asyncio.TaskGroup

    def __init__(
        self,
        hands: Hands | None,
        clocks: Hands,
        roster: Roster,
        excuses: Excuses,
        now_ns: Callable[[], int],
        record: Callable[[list[Event]], None],
        say: Callable[[str], None],
    ) -> None:
        self._hands = hands
        self._clocks = clocks
        self._roster = roster
        self._excuses = excuses
        self._now_ns = now_ns
        self._record = record
        self._say = say
        self._in_force: dict[str, _Force] = {}
        self._timers: list[asyncio.Task[None]] = []
        self.on_broker_back: Callable[[], None] = lambda: None

    async def begin(self, faults: Iterable[PlannedFault]) -> None:
        """Have these begin at once; those with a length end by themselves later."""
        faults = tuple(faults)
        await _all_of([self.tasks.create_task(self._begin(fault)) for fault in faults])
        self._timers += [
            self.tasks.create_task(self._end_later(fault, fault.for_s))
            for fault in faults
            if fault.for_s is not None
        ]

    def strike(self, faults: Iterable[PlannedFault], at_ns: int) -> "list[asyncio.Task[None]]":
        """Have these begin at their instants around a step's instant T, and end in time.

        Whoever waits for what is returned waits until all have begun, and until those that end by
        themselves have ended.
        """
        return [self.tasks.create_task(self._strike(fault, at_ns)) for fault in faults]

    async def end(self, fault_id: str, *, patiently: bool = True) -> None:
        """End a fault, unless it has ended already.

        `patiently` waits until devices that were started again have made themselves known.
        """
        force = self._in_force.get(fault_id)
        if force is None:
            return
        async with force.ending:
            if fault_id not in self._in_force:
                return
            await self._mend(force, patiently=patiently)
            del self._in_force[fault_id]
            self._excuses.end(fault_id)
            if force.fault.fault in BROKER_FAULTS:
                self.on_broker_back()
            if force.has_begun:
                self._record([FaultEnded(fault_id, self._now_ns())])
                self._say(f"{force.fault.fault} has ended ({fault_id})")

    async def end_all(self, *, patiently: bool = True) -> None:
        """Try to end every fault that is in force; then raise the first error, if there was one."""
        for timer in self._timers:
            timer.cancel()
        errors: list[Exception] = []
        for fault in sorted((each.fault for each in self._in_force.values()), key=_urgency):
            try:
                await self.end(fault.id, patiently=patiently)
            except Exception as error:  # the others must end all the same
                errors.append(error)
                self._in_force.pop(fault.id)
        if errors:
            raise errors[0]

    async def abandon(self) -> None:
        """End what is in force when the run is over anyhow: what goes wrong is only logged."""
        try:
            await self.end_all(patiently=False)
        except Exception as error:  # another error is under way
            logger.warning("a fault of the plan could not be ended: %s", error)

    async def _begin(self, fault: PlannedFault) -> None:
        force = _Force(fault, self._boots(fault.devices))
        self._in_force[fault.id] = force
        self._excuse(force)
        at_ns = self._now_ns()  # it takes effect before we hear that it has
        if await self._hands_for(fault).begin(fault):
            at_ns = self._now_ns()
        force.has_begun = True
        self._record([FaultBegan(fault.id, fault.fault, fault.devices, at_ns)])
        self._say(f"{fault.fault} strikes {_in_words(fault.devices)} ({fault.id})")

    def _excuse(self, force: _Force) -> None:
        if force.fault.fault in BROKER_FAULTS:
            self._excuses.begin(force.fault.id, None)
        elif force.fault.fault == "device-paused":
            self._excuses.begin(force.fault.id, force.boots.values())

    async def _strike(self, fault: PlannedFault, at_ns: int) -> None:
        begins_ns = at_ns + round(fault.at_s * 1e9)
        await asyncio.sleep(max(0, begins_ns - self._now_ns()) / 1e9)
        await self._begin(fault)
        if fault.for_s is not None:
            await self._end_later(fault, fault.for_s)

    async def _end_later(self, fault: PlannedFault, after_s: float) -> None:
        await asyncio.sleep(after_s)
        await self.end(fault.id)

    async def _mend(self, force: _Force, *, patiently: bool) -> None:
        await self._hands_for(force.fault).end(force.fault)
        if patiently and force.has_begun and force.fault.fault == "device-killed":
            await self._roster.wait_for_return(force.boots, RETURN_TIMEOUT_S)

    def _hands_for(self, fault: PlannedFault) -> Hands:
        if fault.fault == CLOCK_FAULT:
            return self._clocks
        assert self._hands is not None  # noqa: S101 - such a plan was refused
        return self._hands

    def _boots(self, devices: Collection[str]) -> dict[str, str]:
        fleets = {device: self._roster.fleet_of(device) for device in devices}
        return {device: fleet.boot for device, fleet in fleets.items() if fleet is not None}


async def _all_of(tasks: "list[asyncio.Task[None]]") -> None:
    if tasks:
        await asyncio.wait(tasks)


def _urgency(fault: PlannedFault) -> int:
    """The broker first, as clocks are set right over it, and those last, by devices that hear."""
    return 0 if fault.fault in BROKER_FAULTS else 2 if fault.fault == CLOCK_FAULT else 1


def _in_words(devices: tuple[str, ...]) -> str:
    return ", ".join(devices) if len(devices) <= 3 else f"{len(devices)} devices"
