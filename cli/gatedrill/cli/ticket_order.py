"""Whose tickets are to be printed: the plan of the run that will present them, and its command."""

import shlex
from pathlib import Path

import msgspec

from gatedrill.cli.environment import Environment
from gatedrill.cli.guided_drill import PREFIX
from gatedrill.cli.request import find_contradictions
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import KIOSK, DeviceInfo
from gatedrill.fixtures.loader import load_scenario, load_tickets
from gatedrill.fixtures.practice.prints import Showing
from gatedrill.fixtures.scenario import Scenario
from gatedrill.fixtures.supply import make_supply
from gatedrill.fixtures.tickets import RaceTicket, TicketFile
from gatedrill.orchestrator.plan import Plan, PlannedScan, Step, StreamStep
from gatedrill.orchestrator.planning import make_plans


class TicketOrder(msgspec.Struct, frozen=True):
    """A scenario by name or path, the seed and the sizes; None leaves one as the scenario has it.

    Of each stream only the first `limit` scans count.
    """

    scenario: str
    seed: int
    limit: int
    devices: int | None = None
    rounds: int | None = None
    file: Path | None = None

    def plan(self, environment: Environment) -> Plan:
        """The plan of a run of this scenario alone; UsageError if it cannot be made.

        Which devices there are decides no ticket, so those of the plan are made up.
        """
        scenario = self._load()
        file = _ticket_file(self.file, environment)
        supply = make_supply(file, environment.event_id, self.seed)
        [plan] = make_plans([scenario], _roster(scenario), self.seed, supply)
        return plan

    def showings(self, plan: Plan) -> list[Showing]:
        """Which tickets the steps of the plan show, streams only as far as the limit."""
        return [
            Showing(step.id, tuple(scan.ticket for scan in self._scans(step)))
            for step in plan.steps
        ]

    def left_out(self, plan: Plan) -> int:
        """How many scans of streams the limit leaves out."""
        streams = [step for step in plan.steps if isinstance(step, StreamStep)]
        return sum(max(0, len(step.attempts) - self.limit) for step in streams)

    def next_command(self, environment: Environment) -> str:
        """The command whose run presents these very tickets."""
        words = ["gatedrill", *self._command(), "--seed", str(self.seed)]
        given = {"--devices": self.devices, "--rounds": self.rounds, "--tickets": self.file}
        for option, value in given.items():
            words += [] if value is None else [option, str(value)]
        if self.file is not None and not (environment.target or environment.broker):
            words += ["--target", "URL"]
        return shlex.join(words)

    def _command(self) -> list[str]:
        """What people are led through is a drill, as long as it has the size that it has there."""
        as_it_is = self.devices is None and self.rounds is None
        if as_it_is and self._load().is_guided:
            return ["drill", self.scenario.removeprefix(PREFIX)]
        return ["run", self.scenario]

    def foot(self, scenario: str) -> str:
        """What the foot of a page says, so that the same pages can be made again."""
        sizes = {"devices": self.devices, "rounds": self.rounds}
        if self.limit != DEFAULT_LIMIT:
            sizes["limit"] = self.limit
        given = [f"{name} {size}" for name, size in sizes.items() if size is not None]
        listed = [] if self.file is None else [f"tickets {self.file.name}"]
        return ", ".join([scenario, f"seed {self.seed}", *given, *listed])

    def _load(self) -> Scenario:
        loaded = load_scenario(self.scenario, find_contradictions)
        scenario = loaded.adjusted(devices=self.devices, rounds=self.rounds)
        if problems := find_contradictions(scenario):
            raise UsageError("\n".join(f"{scenario.name}: {problem}" for problem in problems))
        # Whoever is named for it decides no ticket, and need not be at the venue yet.
        return msgspec.structs.replace(scenario, roster=())

    def _scans(self, step: Step) -> list[PlannedScan]:
        scans = [each for each in step.attempts if isinstance(each, PlannedScan)]
        return scans[: self.limit] if isinstance(step, StreamStep) else scans


DEFAULT_LIMIT = 24
"""A page for each stream."""


def _ticket_file(path: Path | None, environment: Environment) -> TicketFile | None:
    """The tickets that a run would be told of, the environment's race ticket among them."""
    named = environment.race_ticket
    race_ticket = None if named is None else RaceTicket(named)
    if path is None:
        return TicketFile((), race_ticket) if race_ticket and environment.target else None
    file = load_tickets(path)
    if file.race_ticket is not None:
        return file
    return msgspec.structs.replace(file, race_ticket=race_ticket)


def _roster(scenario: Scenario) -> list[DeviceInfo]:
    """As many devices as the scenario needs."""
    gates = [DeviceInfo(f"gate-{n:04}", "camera", 1.0) for n in range(1, scenario.devices + 1)]
    kiosks = [DeviceInfo(f"kiosk-{n:04}", KIOSK, 0.0) for n in range(1, scenario.kiosks + 1)]
    return [*gates, *kiosks]
