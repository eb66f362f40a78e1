"""Putting a plan in order: what is done to the venue goes before the step that follows. Pure."""

from collections.abc import Sequence

import msgspec

from gatedrill.fixtures.scenario import BeginFaults, Drain, Heal, Pause, Sell
from gatedrill.fixtures.stock import Stock
from gatedrill.orchestrator.fault_planning import Ends, FaultPlanner
from gatedrill.orchestrator.plan import (
    BeginAct,
    DrainAct,
    PauseAct,
    SellAct,
    Step,
    VenueAct,
)


class Course:
    """Takes steps and acts in the order of their phases; all tickets must have been dealt."""

    def __init__(self, faults: FaultPlanner, stock: Stock) -> None:
        self._faults = faults
        self._stock = stock
        self._ends = Ends()
        self._acts: list[VenueAct] = []
        self.steps: list[Step] = []
        self.late: list[str] = []

    @property
    def acts(self) -> tuple[VenueAct, ...]:
        """What was done since the last step."""
        return tuple(self._acts)

    def act(self, phase: Pause | BeginFaults | Heal | Drain | Sell, phase_id: str) -> None:
        """Something is done between two steps."""
        match phase:
            case Pause():
                self._acts.append(PauseAct(phase.duration_s))
            case BeginFaults():
                faults = self._faults.plan(phase.faults, phase_id)
                self._ends.begin(faults)
                self._acts.append(BeginAct(faults))
            case Heal():
                self._acts.append(self._ends.heal(phase))
            case Drain():
                self._acts.append(DrainAct(phase_id, phase.within_s))
            case Sell():
                tickets = self._stock.made(phase.tickets)
                self.late += tickets
                self._acts.append(SellAct(tickets))

    def add(self, steps: Sequence[Step]) -> None:
        """The steps of one phase; after pauses alone the first of them rests as long as these."""
        first, *others = steps
        pauses_s = [act.duration_s for act in self._acts if isinstance(act, PauseAct)]
        if len(pauses_s) == len(self._acts):
            first = msgspec.structs.replace(first, rest_s=max(first.rest_s, sum(pauses_s)))
        else:
            first = msgspec.structs.replace(first, before=self.acts)
        self.steps += [first, *others]
        self._acts = []
        self._ends.after(steps)
