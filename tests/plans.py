"""Plans of made-up scenarios for made-up rosters."""

from collections.abc import Sequence

from gatedrill.contract.messages import KIOSK, DeviceInfo
from gatedrill.fixtures.scenario import Burst, Phase, Scenario, Show, Stream, TicketGroup
from gatedrill.fixtures.supply import DrawnSupply, ListedSupply, Supply
from gatedrill.fixtures.tickets import ListedTicket, RaceTicket, TicketFile
from gatedrill.orchestrator.plan import BurstStep, Plan, PlannedScan, Step, StreamStep
from gatedrill.orchestrator.planning import make_plans

EVENT = "00000000-0000-4000-8000-0000000000e0"
ONE, OWN = Show("shared", same=True), Show("own")
GROUPS = (TicketGroup("shared"), TicketGroup("own"))


def roster(gates: int, kiosks: int = 0, repeat_window_s: float = 0.5) -> list[DeviceInfo]:
    """Gates gate-01, gate-02 … with such readers, and kiosks kiosk-01, kiosk-02 …"""
    return [
        *(DeviceInfo(f"gate-{number:02}", "serial", repeat_window_s) for number in _up_to(gates)),
        *(DeviceInfo(f"kiosk-{number:02}", KIOSK, 0.0) for number in _up_to(kiosks)),
    ]


def scenario(
    devices: int,
    *phases: Phase,
    name: str = "drill",
    kiosks: int = 0,
    tickets: tuple[TicketGroup, ...] = GROUPS,
) -> Scenario:
    """A scenario with fresh tickets to be shared and to be owned."""
    return Scenario(1, name, "A drill", phases, devices, kiosks, tickets=tickets)


def race(rounds: int = 1, *, probe: bool = False) -> Burst:
    """All devices show one ticket, each round another."""
    return Burst(shows=(ONE,), rounds=rounds, probe=probe)


def own_tickets(rounds: int = 1, *, probe: bool = False) -> Burst:
    """Every device shows a ticket of its own."""
    return Burst(shows=(OWN,), rounds=rounds, probe=probe)


def closed_loop(duration_s: float, pause_s: float | None = None) -> Stream:
    """Every device shows one ticket of its own after the other."""
    return Stream("own", duration_s, pause_s)


def file_of(count: int, race: str | None = None) -> TicketFile:
    """Tickets t1, t2 … and perhaps one for races."""
    tickets = tuple(ListedTicket(f"t{number}", EVENT) for number in _up_to(count))
    return TicketFile(tickets, RaceTicket(race) if race else None)


def supply_of(seed: int = 1, file: TicketFile | None = None) -> Supply:
    """Tickets of that file, else drawn from the seed."""
    return DrawnSupply(seed, EVENT) if file is None else ListedSupply(file, EVENT, seed)


def plan_for(
    drill: Scenario,
    devices: Sequence[DeviceInfo] | None = None,
    *,
    seed: int = 1,
    file: TicketFile | None = None,
) -> Plan:
    """The plan of one scenario, for a roster that just suffices unless there is another."""
    here = roster(drill.devices, drill.kiosks) if devices is None else devices
    [plan] = make_plans([drill], here, seed, supply_of(seed, file))
    return plan


def plan_of(
    devices: Sequence[DeviceInfo],
    *phases: Phase,
    seed: int = 1,
    file: TicketFile | None = None,
) -> Plan:
    """The plan of these phases, in which all these gates take part."""
    return plan_for(scenario(len(devices), *phases), devices, seed=seed, file=file)


def bursts(plan: Plan) -> list[BurstStep]:
    """The rounds of a plan, without their probes."""
    return [step for step in plan.steps if isinstance(step, BurstStep) and step.probes is None]


def probes(plan: Plan) -> list[BurstStep]:
    """The probes of a plan."""
    return [step for step in plan.steps if isinstance(step, BurstStep) and step.probes]


def streams(plan: Plan) -> list[StreamStep]:
    """The streams of a plan."""
    return [step for step in plan.steps if isinstance(step, StreamStep)]


def scans(step: Step) -> list[PlannedScan]:
    """What the gates are to show in this step."""
    return [each for each in step.attempts if isinstance(each, PlannedScan)]


def all_scans(plan: Plan) -> list[PlannedScan]:
    """What the gates are to show in the whole plan."""
    return [scan for step in plan.steps for scan in scans(step)]


def _up_to(count: int) -> range:
    return range(1, count + 1)
