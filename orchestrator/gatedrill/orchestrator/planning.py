"""Working out plans: phase by phase, who does what with which ticket. Pure."""

import math
import random
from collections import Counter
from collections.abc import Sequence

from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import DeviceInfo
from gatedrill.fixtures.codes import qr_secret
from gatedrill.fixtures.scenario import Burst, Scenario, Stream
from gatedrill.fixtures.stock import Stock
from gatedrill.fixtures.supply import Supply
from gatedrill.orchestrator.course import Course
from gatedrill.orchestrator.fault_planning import FaultPlanner
from gatedrill.orchestrator.plan import (
    PLAN_VERSION,
    Plan,
    PlannedScan,
    Step,
    StreamStep,
)
from gatedrill.orchestrator.rests import Rests
from gatedrill.orchestrator.round_planning import RoundPlanner

DEFAULT_PAUSE_S = 0.1


def make_plans(
    scenarios: Sequence[Scenario], devices: Sequence[DeviceInfo], seed: int, supply: Supply
) -> list[Plan]:
    """One plan for each scenario, in order, drawing tickets from one supply.

    A scenario that is there more than once is run again, from a reset state. Bursts are served
    first, because a race without a ticket is no race, while a stream makes do with what is left.
    Raises UsageError when the devices or the tickets do not suffice.
    """
    planners = []
    rests = Rests(devices)
    repeats: Counter[str] = Counter()
    for scenario in scenarios:
        repeats[scenario.name] += 1
        planners.append(_Planner(scenario, devices, seed, repeats[scenario.name], supply))
    for planner in planners:
        planner.plan_bursts(rests)
    streams = sum(planner.stream_count for planner in planners)
    for planner in planners:
        streams = planner.plan_streams(streams)
    return [planner.plan() for planner in planners]


class _Planner:
    """Works out one scenario's plan."""

    def __init__(
        self,
        scenario: Scenario,
        devices: Sequence[DeviceInfo],
        seed: int,
        repeat: int,
        supply: Supply,
    ) -> None:
        self._scenario = scenario
        self._seed = seed
        self._repeat = repeat
        self._gates = _choose(scenario, devices, kiosks=False)
        self._kiosks = _choose(scenario, devices, kiosks=True)
        self._rng = random.Random(f"hands {seed} {scenario.name} {repeat}")
        self._faults = FaultPlanner(self._gates, self._kiosks, seed)
        self._stock = Stock(scenario, supply, qr_secret(seed))
        self._steps: dict[int, list[Step]] = {}

    @property
    def stream_count(self) -> int:
        return sum(isinstance(phase, Stream) for phase in self._scenario.phases)

    def plan_bursts(self, rests: Rests) -> None:
        rounds = RoundPlanner(
            self._scenario,
            self._gates,
            self._kiosks,
            self._stock,
            rests,
            self._faults,
            self._rng,
        )
        for number, phase in enumerate(self._scenario.phases, 1):
            if isinstance(phase, Burst):
                self._steps[number] = list(rounds.plan(phase, self._id(number)))

    def plan_streams(self, streams_left: int) -> int:
        """Plan this scenario's streams; `streams_left` share what the supply still has."""
        for number, phase in enumerate(self._scenario.phases, 1):
            if isinstance(phase, Stream):
                self._steps[number] = [self._stream(number, phase, streams_left)]
                streams_left -= 1
        return streams_left

    def plan(self) -> Plan:
        course = self._course()
        return Plan(
            version=PLAN_VERSION,
            scenario=self._scenario,
            seed=self._seed,
            repeat=self._repeat,
            devices=(*self._gates, *self._kiosks),
            tickets=tuple(self._stock.tickets),
            reservations=self._stock.reservations,
            slots=self._stock.slots,
            steps=tuple(course.steps),
            after=course.acts,
            late=tuple(course.late),
        )

    def _id(self, phase_number: int) -> str:
        again = f"~{self._repeat}" if self._repeat > 1 else ""
        return f"{self._scenario.name}{again}-{phase_number}"

    def _course(self) -> Course:
        """All steps in order, with what is done to the venue between them."""
        course = Course(self._faults, self._stock)
        for number, phase in enumerate(self._scenario.phases, 1):
            if isinstance(phase, Burst | Stream):
                course.add(self._steps[number])
            else:
                course.act(phase, self._id(number))
        return course

    def _stream(self, number: int, phase: Stream, streams_left: int) -> StreamStep:
        if phase.arrivals_per_s is None:
            pause_s = DEFAULT_PAUSE_S if phase.pause_s is None else phase.pause_s
            each = math.ceil(phase.duration_s / pause_s)
            due_s: list[float | None] = [None] * (each * len(self._gates))
        else:
            pause_s = 0.0
            due_s = [*self._arrivals(phase.arrivals_per_s, phase.duration_s)]
        step_id = self._id(number)
        tickets = self._stock.take(phase.tickets, self._affordable(phase, len(due_s), streams_left))
        gates = self._gates
        scans = tuple(
            PlannedScan(
                attempt=f"{step_id}:{gates[index % len(gates)].name}:{index // len(gates) + 1}",
                device=gates[index % len(gates)].name,
                ticket=ticket.id,
                symbol=ticket.symbol,
                seed=self._rng.getrandbits(32),
                due_s=due_s[index],
            )
            for index, ticket in enumerate(tickets)
        )
        faults = self._faults.plan(phase.faults, step_id)
        return StreamStep(step_id, scans, pause_s, phase.duration_s, faults=faults)

    def _affordable(self, phase: Stream, wanted: int, streams_left: int) -> int:
        """As many scans as are wanted, or this stream's share of what there is."""
        remaining = self._stock.remaining(phase.tickets)
        if remaining is None:
            return wanted
        share = remaining // streams_left
        each = max(1, share // len(self._gates))
        return min(wanted, each * len(self._gates))

    def _arrivals(self, rate_per_s: float, duration_s: float) -> list[float]:
        """Instants of a Poisson process within the duration, at least one."""
        instants_s = [0.0]
        while (next_s := instants_s[-1] + self._rng.expovariate(rate_per_s)) < duration_s:
            instants_s.append(next_s)
        return instants_s


def _choose(
    scenario: Scenario, devices: Sequence[DeviceInfo], *, kiosks: bool
) -> tuple[DeviceInfo, ...]:
    """The scenario's own of the roster; UsageError if they are too few.

    Else those at which people stand, who have come to take part, then the first by name.
    """
    wanted = scenario.kiosks if kiosks else scenario.devices
    named = frozenset(scenario.roster)
    fit = [
        device
        for device in devices
        if device.is_kiosk == kiosks and (not named or device.name in named)
    ]
    if len(fit) < wanted:
        what = "kiosks" if kiosks else "devices"
        raise UsageError(
            f"scenario {scenario.name} needs {wanted} {what}, the roster has {len(fit)}"
        )
    return tuple(sorted(fit, key=lambda device: not device.attended)[:wanted])
