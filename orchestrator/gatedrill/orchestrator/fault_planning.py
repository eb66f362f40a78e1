"""Working out faults: whom they strike, by name, and which of them an end is meant for. Pure."""

from collections.abc import Iterator, Sequence

from gatedrill.contract.messages import DeviceInfo
from gatedrill.fixtures.fault_contradictions import BROKER_FAULTS, OWN_FAULTS, SHARED_FAULTS
from gatedrill.fixtures.scenario import BeginFaults, Burst, Fault, Heal, Scenario, Stream
from gatedrill.orchestrator.plan import EndAct, PlannedFault, Step


class FaultPlanner:
    """Names the faults of one scenario's phases and the devices that they strike.

    `seed` decides what a fault spoils that spoils a share.
    """

    def __init__(
        self, gates: Sequence[DeviceInfo], kiosks: Sequence[DeviceInfo], seed: int
    ) -> None:
        self._seed = seed
        self._gates = tuple(gate.name for gate in gates)
        self._everybody = (*self._gates, *(kiosk.name for kiosk in kiosks))

    def plan(self, faults: Sequence[Fault], prefix: str) -> tuple[PlannedFault, ...]:
        """These faults, their ids beginning with that of the step or phase."""
        return tuple(
            PlannedFault(
                id=f"{prefix}-f{number}",
                fault=fault.fault,
                devices=self._struck(fault),
                at_s=fault.at_s,
                for_s=fault.for_s,
                delay_ms=fault.delay_ms,
                share=fault.share,
                skew_s=fault.skew_s,
                seed=0 if fault.share is None else self._seed,
            )
            for number, fault in enumerate(faults, 1)
        )

    def _struck(self, fault: Fault) -> tuple[str, ...]:
        if fault.fault in SHARED_FAULTS:
            return self._everybody
        if not fault.gates:
            return self._gates
        return tuple(self._gates[number - 1] for number in sorted(fault.gates))


class Ends:
    """Remembers, in the order of a plan, what has begun and not been ended."""

    def __init__(self) -> None:
        self._begun: list[PlannedFault] = []

    def after(self, steps: Sequence[Step]) -> None:
        """These steps are over, and with them those of their faults that end by themselves."""
        self._begun += [fault for step in steps for fault in step.faults if fault.for_s is None]

    def begin(self, faults: Sequence[PlannedFault]) -> None:
        """These begin between two steps."""
        self._begun += faults

    def heal(self, phase: Heal) -> EndAct:
        """The end of those that the phase names, in its order, or of all.

        One that ends by itself may have ended by then. The broker comes before all others where no
        order is given, as some ends have to be told over it.
        """
        ending = [each for name in phase.faults for each in self._begun if each.fault == name]
        if not phase.faults:
            ending = sorted(self._begun, key=lambda each: each.fault not in BROKER_FAULTS)
        self._begun = [each for each in self._begun if each not in ending]
        return EndAct(tuple(each.id for each in ending))


def solo_devices(scenario: Scenario, names: Sequence[str]) -> set[str]:
    """Which of these gates need a process of their own, as a fault is about just theirs.

    `names` are all gates of the venue; those of them that take part are chosen as in a plan.
    """
    allowed = frozenset(scenario.roster)
    gates = [name for name in sorted(names) if not allowed or name in allowed][: scenario.devices]
    return {
        gates[number - 1]
        for fault in all_faults(scenario)
        if fault.fault in OWN_FAULTS
        for number in fault.gates
        if number <= len(gates)
    }


def all_faults(scenario: Scenario) -> Iterator[Fault]:
    """Every fault that the scenario speaks of, in order."""
    for phase in scenario.phases:
        if isinstance(phase, Burst | Stream | BeginFaults):
            yield from phase.faults
