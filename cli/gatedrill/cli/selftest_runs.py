"""Running the self-test's cells: one broker, one fleet, and a service for each fault."""

import asyncio
import secrets
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, nullcontext
from itertools import groupby
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from gatedrill.broker.clock import MonotonicClock
from gatedrill.cli.console import open_console
from gatedrill.cli.drill import conducting
from gatedrill.cli.environment import DEFAULT_EVENT
from gatedrill.cli.interruption import run_interruptibly
from gatedrill.cli.offline_venue import offline_parts
from gatedrill.cli.selftest_matrix import HONEST, Cell, CellResult, Ending
from gatedrill.cli.together import all_or_none
from gatedrill.cli.venue import (
    Helping,
    LocalVenue,
    Venue,
    local_devices,
    new_key,
    start_backend,
    start_broker,
    start_fleets,
    start_venue,
)
from gatedrill.contract.errors import UsageError
from gatedrill.contract.service import Population
from gatedrill.fixtures.scenario import Burst, Scenario
from gatedrill.orchestrator.checks.check import CheckStatus
from gatedrill.orchestrator.plan import Step
from gatedrill.orchestrator.rehearsal import Rehearsal, rehearse
from gatedrill.orchestrator.result import Result, Verdict
from gatedrill.orchestrator.service_client import ServiceClient

MAX_ROUNDS = 5
"""A fault that is not caught in so many rounds counts as missed."""
STREAM_S = 2.0
VENUES_AT_ONCE = 3
"""In an outage there is more waiting than working."""


class SelfTest(NamedTuple):
    """Which cells to run on which stores (None: SQLite), and where to keep the runs, if at all."""

    cells: tuple[Cell, ...]
    stores: tuple[str | None, ...]
    seed: int
    out: Path | None


class _Place(NamedTuple):
    """Where cells are run."""

    venue: Venue
    store: str
    seed: int
    out: Path


def run_cells(test: SelfTest) -> list[CellResult]:
    """Run all cells on all stores; UsageError if there are none, as nothing would be told."""
    if not test.cells:
        raise UsageError("none of these scenarios claims to catch any of these faults")
    with _folder(test.out) as out:
        return run_interruptibly(_run(test, out))


@contextmanager
def _folder(out: Path | None) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() if out is None else nullcontext(str(out)) as folder:
        yield Path(folder)


async def _run(test: SelfTest, out: Path) -> list[CellResult]:
    """Those where the service alone decides share a venue; each of the others has one of its own.

    There what is planted is not always in the service, and parts are killed.
    """
    own = [cell for cell in test.cells if offline_parts([cell.scenario], out) is not None]
    shared = [cell for cell in test.cells if cell not in own]
    results: list[CellResult] = []
    for store in test.stores:
        results += await _run_together(shared, store, test.seed, out)
        turns = asyncio.Semaphore(VENUES_AT_ONCE)
        apart = (_run_apart(cell, store, test.seed, out, turns) for cell in own)
        results += await all_or_none(apart)
    return results


async def _run_together(
    cells: Sequence[Cell], store: str | None, seed: int, out: Path
) -> list[CellResult]:
    if not cells:
        return []
    results: list[CellResult] = []
    async with AsyncExitStack() as stack:
        services = await _Services.start(stack, _wanted(cells, store))
        for fault, theirs in groupby(cells, key=lambda cell: cell.fault):
            async with services.serving(fault) as venue:
                place = _Place(venue, _name(store), seed, out)
                results += [await _run_cell(cell, place) for cell in theirs]
    return results


async def _run_apart(
    cell: Cell, store: str | None, seed: int, out: Path, turns: asyncio.Semaphore
) -> CellResult:
    wanted = msgspec.structs.replace(
        _wanted([cell], store),
        fault=cell.fault,
        offline=offline_parts([cell.scenario], out / f"venue-{secrets.token_hex(4)}"),
    )
    async with turns, start_venue(wanted) as venue:
        return await _run_cell(cell, _Place(venue, _name(store), seed, out))


def _wanted(cells: Sequence[Cell], store: str | None) -> LocalVenue:
    return LocalVenue(
        run=f"selftest-{secrets.token_hex(2)}",
        gates=max(cell.scenario.devices for cell in cells),
        kiosks=max(cell.scenario.kiosks for cell in cells),
        store=store,
        log_options=("--log-level", "error"),
    )


def _name(store: str | None) -> str:
    return "PostgreSQL" if store else "SQLite"


class _Services:
    """One service after the other, at the one address that the fleet asks."""

    def __init__(self, wanted: LocalVenue, venue: Venue) -> None:
        self._wanted = wanted
        self._venue = venue

    @classmethod
    async def start(cls, stack: AsyncExitStack, wanted: LocalVenue) -> "_Services":
        """Start broker and fleets; a first service finds the address, and goes again."""
        key = new_key()
        async with AsyncExitStack() as first:
            target = (await start_backend(first, wanted, key)).child.url
        broker = await start_broker(stack, wanted)
        await start_fleets(stack, wanted, Helping(broker), target, key)
        return cls(wanted, Venue(broker.child.url, target, key, local_devices(wanted)))

    @asynccontextmanager
    async def serving(self, fault: str | None) -> AsyncIterator[Venue]:
        """The venue, with a service that has this fault."""
        wanted = msgspec.structs.replace(self._wanted, fault=fault)
        port = urlsplit(self._venue.target or "").port or 0
        async with AsyncExitStack() as stack:
            service = await start_backend(stack, wanted, self._venue.key, port)
            yield self._venue
            async with ServiceClient(service.child.url, self._venue.key) as client:
                # What a fault has left behind in PostgreSQL would keep the next service out.
                await client.populate(Population(tickets=()))


async def _run_cell(cell: Cell, place: _Place) -> CellResult:
    """Round after round until the fault is caught, or until an honest service has passed one."""
    fault = cell.fault or HONEST
    open_console(stderr=True).print(f"{place.store}: {fault} in {cell.scenario.name}")
    for round_number in range(1, (MAX_ROUNDS if cell.must_catch else 1) + 1):
        result = await _one_round(cell, place, round_number)
        ending, by = _ending(cell, result)
        if ending in (Ending.PASSED, Ending.CAUGHT, Ending.FALSE_ALARM):
            break
    rounds = _rounds_needed(result, round_number)
    return CellResult(fault, cell.scenario.name, place.store, cell.must_catch, ending, rounds, by)


def _rounds_needed(result: Result, runs: int) -> int:
    """Up to the one in which the last run's hunt found it; a run that hunts for nothing is one."""
    for hunt in result.hunts:
        if hunt.found_in_round is not None:
            return (runs - 1) * hunt.rounds + hunt.found_in_round
    return runs


async def _one_round(cell: Cell, place: _Place, round_number: int) -> Result:
    scenario = _shortened(cell.scenario)
    run = f"selftest-{secrets.token_hex(4)}"
    order = Rehearsal(
        run=run,
        scenarios=(scenario,),
        seed=place.seed + round_number - 1,
        devices=place.venue.devices,
        target=place.venue.target,
        key=place.venue.key,
        allowed_hosts=frozenset(),
        tickets=None,
        event_id=DEFAULT_EVENT,
        out=place.out,
    )
    async with conducting(place.venue.broker, run) as bus:
        [result] = await rehearse(order, bus, MonotonicClock(), _Silence(), place.venue.hands)
    return result


def _shortened(scenario: Scenario) -> Scenario:
    """With one round, unless it hunts: there each round is narrowed by those before.

    Where things fail at instants of their own, it is left as it is.
    """
    if offline_parts([scenario], Path()) is not None:
        return scenario
    hunts = any(isinstance(phase, Burst) and phase.sweep_ms for phase in scenario.phases)
    return scenario.adjusted(rounds=None if hunts else 1, duration_s=STREAM_S)


def _ending(cell: Cell, result: Result) -> tuple[Ending, tuple[str, ...]]:
    checks = tuple(check.name for check in result.checks if check.status is CheckStatus.VIOLATED)
    crossed = tuple(f"threshold {each.metric}" for each in result.thresholds if not each.passed)
    if checks:
        return (Ending.FALSE_ALARM if cell.fault is None else Ending.CAUGHT), checks
    if result.verdict is Verdict.PASSED:
        return (Ending.PASSED if cell.fault is None else Ending.MISSED), ()
    if result.verdict is Verdict.THRESHOLD_CROSSED and not cell.breaks_safety:
        return Ending.CAUGHT, crossed
    # Inconclusive, or slow where slowness says nothing: this machine has been busy.
    return Ending.UNCLEAR, ()


class _Silence:
    """Watches a rehearsal and says nothing: the matrix will."""

    def say(self, line: str) -> None:
        """Nothing."""

    def update(self, step: Step, attempts: int) -> None:
        """Nothing."""

    def show(self, result: Result, folder: Path) -> None:
        """Nothing."""
