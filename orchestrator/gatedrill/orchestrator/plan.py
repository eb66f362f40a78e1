"""The plan: every scan of a rehearsal, worked out before anything runs.

A pure function of scenario, roster, seed and tickets: the same four give the same plan, byte for
byte. What is not in the plan does not happen.
"""

import math
import random
from collections.abc import Sequence

import msgspec

from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import BurstKind, DeviceInfo
from gatedrill.fixtures.scenario import Burst, Scenario, Stream
from gatedrill.fixtures.tickets import Supply, Ticket

PLAN_VERSION = 1
MIN_REST_S = 0.3
"""Rounds keep at least this distance, so that one cannot reach into the next."""


class PlannedScan(msgspec.Struct, frozen=True):
    """One ticket that one device will be shown."""

    attempt: str
    device: str
    ticket: str
    seed: int


class BurstStep(msgspec.Struct, frozen=True, tag_field="kind", tag="burst"):
    """All scans at one instant, at least `rest_s` after the answers of the step before.

    Within a fleet they are let go in this order, microseconds apart; it is drawn anew for each
    round, so that no device is always first. A probe is a burst of one: `probes` names the step
    whose ticket it shows again.
    """

    id: str
    burst: BurstKind
    scans: tuple[PlannedScan, ...]
    rest_s: float = MIN_REST_S
    contended: bool = False
    probes: str | None = None


class StreamStep(msgspec.Struct, frozen=True, tag_field="kind", tag="stream"):
    """A closed loop on every device from one instant on."""

    id: str
    scans: tuple[PlannedScan, ...]
    pause_s: float
    duration_s: float
    rest_s: float = MIN_REST_S


Step = BurstStep | StreamStep


class Plan(msgspec.Struct, frozen=True):
    """Everything that will happen, in order."""

    version: int
    scenario: Scenario
    seed: int
    devices: tuple[DeviceInfo, ...]
    tickets: tuple[Ticket, ...]
    steps: tuple[Step, ...]


def make_plans(
    scenarios: Sequence[Scenario], devices: Sequence[DeviceInfo], seed: int, supply: Supply
) -> list[Plan]:
    """One plan for each scenario, drawing tickets from one supply.

    Bursts are served first, because a race without a ticket is no race, while a stream makes do
    with what is left. Raises UsageError when the tickets do not suffice.
    """
    planners = [_Planner(scenario, devices, seed, supply) for scenario in scenarios]
    for planner in planners:
        planner.plan_bursts()
    streams = sum(planner.stream_count for planner in planners)
    for planner in planners:
        streams = planner.plan_streams(streams)
    return [planner.plan() for planner in planners]


class _Planner:
    """Works out one scenario's plan, phase by phase."""

    def __init__(
        self, scenario: Scenario, devices: Sequence[DeviceInfo], seed: int, supply: Supply
    ) -> None:
        if len(devices) < scenario.devices:
            raise UsageError(
                f"scenario {scenario.name} needs {scenario.devices} devices, "
                f"the roster has {len(devices)}"
            )
        self._scenario = scenario
        self._devices = tuple(devices[: scenario.devices])
        self._seed = seed
        self._supply = supply
        self._rng = random.Random(f"hands {seed} {scenario.name}")
        self._tickets: list[Ticket] = []
        self._steps: dict[int, list[Step]] = {}

    @property
    def stream_count(self) -> int:
        return sum(isinstance(phase, Stream) for phase in self._scenario.phases)

    def plan_bursts(self) -> None:
        for number, phase in enumerate(self._scenario.phases, 1):
            if isinstance(phase, Burst):
                self._steps[number] = self._burst_steps(number, phase)

    def plan_streams(self, streams_left: int) -> int:
        """Plan this scenario's streams; `streams_left` share what the supply still has."""
        for number, phase in enumerate(self._scenario.phases, 1):
            if isinstance(phase, Stream):
                self._steps[number] = [self._stream_step(number, phase, streams_left)]
                streams_left -= 1
        return streams_left

    def plan(self) -> Plan:
        return Plan(
            version=PLAN_VERSION,
            scenario=self._scenario,
            seed=self._seed,
            devices=self._devices,
            tickets=tuple(self._tickets),
            steps=tuple(step for _, steps in sorted(self._steps.items()) for step in steps),
        )

    def _burst_steps(self, phase_number: int, phase: Burst) -> list[Step]:
        steps: list[Step] = []
        for round_number in range(1, phase.rounds + 1):
            step_id = f"{self._scenario.name}-{phase_number}.{round_number}"
            if phase.tickets == "one":
                tickets = [self._take(self._supply.for_race())] * len(self._devices)
            else:
                tickets = [self._take(self._supply.fresh()) for _ in self._devices]
            scans = [
                self._scan(step_id, device, ticket)
                for device, ticket in zip(self._shuffled_devices(), tickets, strict=True)
            ]
            steps.append(
                BurstStep(
                    id=step_id,
                    burst=phase.burst,
                    scans=tuple(scans),
                    contended=phase.tickets == "one",
                )
            )
            if phase.probe:
                steps.append(self._probe(step_id, round_number, scans))
        return steps

    def _shuffled_devices(self) -> list[DeviceInfo]:
        return self._rng.sample(self._devices, len(self._devices))

    def _probe(self, probed: str, round_number: int, scans: Sequence[PlannedScan]) -> BurstStep:
        shortest_s = min(device.repeat_window_s for device in self._devices)
        quick = [device for device in self._devices if device.repeat_window_s == shortest_s]
        device = quick[round_number % len(quick)]
        step_id = f"{probed}-probe"
        return BurstStep(
            id=step_id,
            # Shown at T, not before: to a reader that has just seen it, the ticket would pass for
            # the same sighting.
            burst=BurstKind.PRESENT,
            scans=(self._scan(step_id, device, scans[0].ticket),),
            rest_s=max(MIN_REST_S, shortest_s + 0.1),
            probes=probed,
        )

    def _stream_step(self, phase_number: int, phase: Stream, streams_left: int) -> StreamStep:
        step_id = f"{self._scenario.name}-{phase_number}"
        each = math.ceil(phase.duration_s / phase.pause_s)
        if self._supply.remaining is not None:
            share = self._supply.remaining // streams_left
            each = max(1, min(each, share // len(self._devices)))
        scans = [
            self._scan(step_id, device, self._take(self._supply.fresh()), number)
            for number in range(1, each + 1)
            for device in self._devices
        ]
        return StreamStep(
            id=step_id, scans=tuple(scans), pause_s=phase.pause_s, duration_s=phase.duration_s
        )

    def _take(self, ticket: Ticket) -> str:
        self._tickets.append(ticket)
        return ticket.id

    def _scan(
        self, step_id: str, device: DeviceInfo, ticket: str, number: int | None = None
    ) -> PlannedScan:
        nth = "" if number is None else f":{number}"
        return PlannedScan(
            attempt=f"{step_id}:{device.name}{nth}",
            device=device.name,
            ticket=ticket,
            seed=self._rng.getrandbits(32),
        )
