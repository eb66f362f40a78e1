"""A venue without devices: two scripted fleets, scripted hands, and a conductor who conducts it."""

from collections.abc import Callable, Collection, Sequence
from typing import TYPE_CHECKING, cast

from memory_bus import ManualClock, MemoryBus
from plans import plan_for, scenario
from scripted_fleet import HonestGate, ScriptedFleet

from gatedrill.contract import topics
from gatedrill.fixtures.scenario import Phase
from gatedrill.orchestrator.conductor import Conductor
from gatedrill.orchestrator.guide import Guide
from gatedrill.orchestrator.hands import Hands
from gatedrill.orchestrator.history import Attempted, Event
from gatedrill.orchestrator.plan import LEAD_S, Plan, PlannedFault
from gatedrill.orchestrator.roster import Roster

if TYPE_CHECKING:
    from gatedrill.broker.bus import Bus

RUN = "20261120-120000-abcd"
EAST_AHEAD_NS = 5_000_000_000
ORIGIN_NS = 1_000
LEAD_NS = round(LEAD_S * 1e9)


class ScriptedHands:
    """Does to a venue what a test has told it to, and remembers what it was asked for.

    `done` names each call: `begin` or `end` and the fault's id. `on_begin` and `on_end` are what
    happens then, by the fault's name.
    """

    def __init__(self) -> None:
        self.done: list[str] = []
        self.on_begin: dict[str, Callable[[PlannedFault], None]] = {}
        self.on_end: dict[str, Callable[[PlannedFault], None]] = {}

    async def begin(self, fault: PlannedFault) -> None:
        """Have it fail."""
        self.done.append(f"begin {fault.id}")
        if fault.fault in self.on_begin:
            self.on_begin[fault.fault](fault)

    async def end(self, fault: PlannedFault) -> None:
        """Mend it."""
        self.done.append(f"end {fault.id}")
        if fault.fault in self.on_end:
            self.on_end[fault.fault](fault)


class Venue:
    """Two fleets with two devices each, and a conductor who keeps what it writes."""

    def __init__(
        self, clock: ManualClock, hands: Hands | None = None, guide: Guide | None = None
    ) -> None:
        self.bus = MemoryBus()
        self.roster = Roster(ManualClock())
        self.gate = HonestGate()
        self.east = ScriptedFleet(
            self.bus, "east", ("gate-01", "gate-02"), self.gate, clock_ns=ORIGIN_NS + EAST_AHEAD_NS
        )
        self.west = ScriptedFleet(
            self.bus, "west", ("gate-03", "gate-04"), self.gate, clock_ns=ORIGIN_NS
        )
        self.history: list[Event] = []
        self.progress: list[tuple[str, int]] = []
        self.hands = ScriptedHands()
        self.lines: list[str] = []
        self.sold: list[tuple[str, ...]] = []
        self.conductor = Conductor(
            RUN,
            cast("Bus", self.bus),
            clock,
            self.roster,
            self.history.extend,
            lambda step, attempts: self.progress.append((step.id, attempts)),
            hands=hands or self.hands,
            sell=self._sell,
            say=self.lines.append,
            guide=guide,
        )

    async def open(self) -> None:
        """Let everybody come."""
        await self.bus.listen(topics.PRESENCE, self.roster.hear)
        await self.east.enter()
        await self.west.enter()
        await self.conductor.listen()

    def plan(self, *phases: Phase) -> Plan:
        """A plan for all four devices."""
        return plan_for(scenario(4, *phases), self.roster.devices)

    def told(self, kind: type[Event]) -> Sequence[Event]:
        """The events of this kind."""
        return [event for event in self.history if isinstance(event, kind)]

    async def _sell(self, tickets: Collection[str]) -> None:
        self.sold.append(tuple(tickets))

    def scanned(self, step: str) -> list[str]:
        """The devices of which an attempt was heard in this step, by name."""
        heard = (event for event in self.history if isinstance(event, Attempted))
        return sorted(event.record.device for event in heard if event.step == step)
