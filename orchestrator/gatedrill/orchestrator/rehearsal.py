"""A rehearsal from the roster to the verdicts, at a venue that stands."""

import asyncio
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from gatedrill.broker.bus import Bus
from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.contract.messages import PRESENT_WITHIN_S
from gatedrill.fixtures.scenario import Requires, Scenario
from gatedrill.fixtures.supply import make_supply
from gatedrill.fixtures.tickets import TicketFile
from gatedrill.orchestrator.conductor import Conductor
from gatedrill.orchestrator.gathering import gather
from gatedrill.orchestrator.guide import Guide
from gatedrill.orchestrator.hands import Hands, refuse_without
from gatedrill.orchestrator.history import Ended, HistoryWriter, Started, WalkedIn
from gatedrill.orchestrator.needed import needed_for
from gatedrill.orchestrator.plan import Plan, Step
from gatedrill.orchestrator.planning import make_plans
from gatedrill.orchestrator.population import late_tickets, population
from gatedrill.orchestrator.record_reader import RecordReader
from gatedrill.orchestrator.result import Result
from gatedrill.orchestrator.roster import Roster
from gatedrill.orchestrator.run_folder import RunFolder
from gatedrill.orchestrator.service_client import ServiceClient
from gatedrill.orchestrator.target import check_target

READ_AT_MOST = 10
"""As often records are read while people go on presenting tickets."""
OPEN_BEFORE = timedelta(hours=1)
"""The gates have been open for so long when a scenario begins."""


class Rehearsal(msgspec.Struct, frozen=True):
    """What to run. `devices` names those that must come; `target` None takes the roster's.

    A scenario that is there more than once is run again from a reset state. `tickets` None means
    that the service is the reference backend, which is given fresh ones. `fault` is what was
    planted somewhere at the venue, if that is known. Where people present tickets, they have
    `present_within_s` for each. `requires` comes on top of what the scenarios require of the
    roster; `wait_s`, if given, is how long it is waited for, whatever they say.
    """

    run: str
    scenarios: tuple[Scenario, ...]
    seed: int
    devices: tuple[str, ...]
    target: str | None
    key: str
    allowed_hosts: frozenset[str]
    tickets: TicketFile | None
    event_id: str
    out: Path
    fault: str | None = None
    present_within_s: float = PRESENT_WITHIN_S
    requires: Requires = Requires()
    wait_s: float | None = None

    def __repr__(self) -> str:
        return f"Rehearsal({self.run!r})"


class Onlooker(Protocol):
    """Whoever watches the rehearsal."""

    def say(self, line: str) -> None:
        """Something happened that a person wants to know."""
        ...

    def update(self, step: Step, attempts: int) -> None:
        """So many attempts of a step have ended."""
        ...

    def show(self, result: Result, folder: Path) -> None:
        """A scenario was judged."""
        ...


class _Stage(NamedTuple):
    """What every scenario of a rehearsal shares."""

    order: Rehearsal
    bus: Bus
    clock: Clock
    roster: Roster
    service: ServiceClient
    target: str
    fault: str | None
    onlooker: Onlooker
    hands: Hands | None
    guide: Guide | None


async def rehearse(
    order: Rehearsal,
    bus: Bus,
    clock: Clock,
    onlooker: Onlooker,
    hands: Hands | None = None,
    guide: Guide | None = None,
) -> list[Result]:
    """Run all scenarios, one after the other, and judge each.

    `hands` make parts of the venue fail; without them scenarios that want that are refused.
    A `guide` leads people through all of it.
    Raises UsageError and PeerError for what stands in the way before anything was fired. When
    cancelled, judges and shows what there is, then lets the cancellation through.
    """
    roster = Roster(clock)
    needed = needed_for(order.scenarios, order.devices, order.requires)
    await gather(bus, clock, roster, needed, _wait_s(order), onlooker.say)
    target = check_target(_agreed_target(order.target, roster), order.allowed_hosts)
    onlooker.say(f"roster: {len(roster.devices)} devices, service at {target}")
    async with ServiceClient(target, order.key) as service:
        about = await service.about()
        if about is None and order.tickets is None:
            raise UsageError(
                f"{target} is not the reference backend, so it cannot be given fresh tickets: "
                "name tickets that exist there with --tickets FILE"
            )
        supply = make_supply(order.tickets, order.event_id, order.seed)
        plans = make_plans(order.scenarios, roster.devices, order.seed, supply)
        for plan in plans:
            refuse_without(hands, plan)
            _refuse_sales(plan, order)
        fault = order.fault or (None if about is None else about.fault)
        stage = _Stage(order, bus, clock, roster, service, target, fault, onlooker, hands, guide)
        return [await _run(plan, number, stage) for number, plan in enumerate(plans, 1)]


def _wait_s(order: Rehearsal) -> float:
    """How long to wait for the roster: as was said, or as the most patient scenario does."""
    if order.wait_s is not None:
        return order.wait_s
    return max(scenario.requires.within_s for scenario in order.scenarios)


def _refuse_sales(plan: Plan, order: Rehearsal) -> None:
    if plan.late and order.tickets is not None:
        raise UsageError(
            f"scenario {plan.scenario.name} sells tickets amid the run, which only the reference "
            "backend can be given: leave out --tickets"
        )


def _agreed_target(wanted: str | None, roster: Roster) -> str:
    """The one service that all fleets ask; UsageError where they differ."""
    meant = [f"{fleet.fleet} asks {fleet.target}" for fleet in roster.fleets]
    targets = {fleet.target.rstrip("/") for fleet in roster.fleets}
    if wanted is not None:
        meant.insert(0, f"wanted {wanted}")
        targets.add(wanted.rstrip("/"))
    if len(targets) > 1:
        raise UsageError(f"not everybody means the same service: {'; '.join(meant)}")
    return targets.pop()


async def _run(plan: Plan, number: int, stage: _Stage) -> Result:
    order = stage.order
    folder = RunFolder.create(order.out / order.run / f"{number}-{plan.scenario.name}")
    folder.write_plan(plan)
    stage.onlooker.say(f"{plan.scenario.name}: kept in {folder.path}")
    reader = RecordReader(stage.service, plan)
    try:
        await _conduct(plan, folder, reader, stage, is_first=number == 1)
    except asyncio.CancelledError:
        _judge(folder, stage)
        raise
    return _judge(folder, stage)


def _judge(folder: RunFolder, stage: _Stage) -> Result:
    result = folder.read().judge()
    folder.write_result(result)
    stage.onlooker.show(result, folder.path)
    return result


async def _conduct(
    plan: Plan, folder: RunFolder, reader: RecordReader, stage: _Stage, *, is_first: bool
) -> None:
    """Go through the plan; PeerError only while nothing of the whole command was fired.

    Later on, what somebody else did to us cuts the run short, and it is judged as it stands.
    """

    async def sell(ids: Collection[str]) -> None:
        await stage.service.sell(late_tickets(plan, ids))

    with folder.history_path.open("x", encoding="utf-8") as file:
        writer = HistoryWriter(file)
        conductor = Conductor(
            stage.order.run,
            stage.bus,
            stage.clock,
            stage.roster,
            writer.add,
            stage.onlooker.update,
            hands=stage.hands,
            sell=sell,
            say=stage.onlooker.say,
            present_within_s=stage.order.present_within_s,
            guide=stage.guide,
        )
        writer.add([_started(plan, stage)])
        cut_short: str | None = "it ended on an error of its own"
        try:
            if stage.order.tickets is None:
                opened = datetime.now(UTC) - OPEN_BEFORE
                await stage.service.populate(population(plan, opened.isoformat()))
            await reader.read_before()
            await conductor.listen()
            await conductor.conduct(plan)
            cut_short = None
            await _read_records(folder, reader, conductor, stage)
        except asyncio.CancelledError:
            cut_short = "interrupted"
            await _read_records(folder, reader, conductor, stage)
            raise
        except PeerError as error:
            cut_short = str(error)
            if is_first and not conductor.has_fired:
                raise
            await _read_records(folder, reader, conductor, stage)
        finally:
            writer.add([Ended(conductor.now_ns(), cut_short)])
        await conductor.leave()


async def _read_records(
    folder: RunFolder, reader: RecordReader, conductor: Conductor, stage: _Stage
) -> None:
    """Keep what the service has on record, read at a moment in which nobody presented anything.

    What people present by themselves is asked for afterwards: had one come meanwhile, nobody could
    say whether the records know of it.
    """
    # Only the reference backend promises a log row for every call, and only the population that a
    # run without a ticket file begins with has emptied the log of earlier ones.
    complete = stage.order.tickets is None
    for _ in range(READ_AT_MOST):
        began_ns = conductor.now_ns()
        records = await reader.read_after(complete=complete)
        came = await conductor.gather_walk_ins()
        if not any(isinstance(e, WalkedIn) and e.record.decided_ns >= began_ns for e in came):
            break
    folder.write_records(records)


def _started(plan: Plan, stage: _Stage) -> Started:
    return Started(
        run=stage.order.run,
        scenario=plan.scenario.name,
        seed=plan.seed,
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        target=stage.target,
        broker=str(stage.bus.address),
        fault=stage.fault,
    )
