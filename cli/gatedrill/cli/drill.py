"""Doing what a request asks: a venue, a bus, a conductor's claim, a rehearsal."""

import contextlib
import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from gatedrill.broker.bus import Bus
from gatedrill.broker.claim import claim_alone
from gatedrill.broker.clock import MonotonicClock
from gatedrill.broker.other_conductors import listening_to_others
from gatedrill.cli.console import open_console
from gatedrill.cli.exits import gravest
from gatedrill.cli.interruption import run_interruptibly
from gatedrill.cli.logs import log_with
from gatedrill.cli.offline_venue import offline_parts
from gatedrill.cli.onlooker import TerminalOnlooker
from gatedrill.cli.plan_table import print_plan
from gatedrill.cli.request import Request
from gatedrill.cli.venue import LocalVenue, Venue, emulated_roster, start_venue
from gatedrill.contract import topics
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import ConductorClaim
from gatedrill.fixtures.supply import make_supply
from gatedrill.orchestrator.guide import Guide
from gatedrill.orchestrator.hands import Hands
from gatedrill.orchestrator.plan import Plan
from gatedrill.orchestrator.planning import make_plans
from gatedrill.orchestrator.rehearsal import Onlooker, Rehearsal, rehearse
from gatedrill.orchestrator.service_client import ServiceClient


class Led(NamedTuple):
    """A drill that people are led through. `hands` are for a venue that we have not started."""

    onlooker: Onlooker
    guide: Guide
    hands: Hands


def show_plan(request: Request) -> None:
    """Print what a run would do with emulated devices, device by device. Starts nothing."""
    console = open_console()
    for plan in _plans_without_venue(request):
        print_plan(plan, console)


def conduct_drill(request: Request, log_options: Sequence[str], led: Led | None = None) -> int:
    """Run the request to its verdicts; returns the exit code of the gravest.

    `led` is there where people are led through it.
    """
    if request.broker is None:
        _plans_without_venue(request)  # what cannot be planned is refused before anything starts
    _make_folder(request.out)
    return run_interruptibly(_drill(request, log_options, led))


def _make_folder(folder: Path) -> None:
    """Have the place where runs are kept; UsageError before anything starts if that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {folder}: cannot be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        raise UsageError(f"--out {folder}: may not be written")


def _plans_without_venue(request: Request) -> list[Plan]:
    supply = make_supply(request.tickets, request.event_id, request.seed)
    roster = emulated_roster(request.gates, request.kiosks)
    return make_plans(request.scenarios, roster, request.seed, supply)


async def _drill(request: Request, log_options: Sequence[str], led: Led | None) -> int:
    if request.target is not None:
        async with ServiceClient(request.target, request.key or "") as service:
            await service.about()  # who cannot be reached is told before anything starts
    run = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    log_with(run=run)
    with TerminalOnlooker() as terminal:
        onlooker: Onlooker = terminal if led is None else led.onlooker
        async with _venue(request, run, log_options) as venue:
            for line in (*venue.parts, *_unclaimed(request)):
                onlooker.say(line)
            async with conducting(venue.broker, run) as bus:
                order = _rehearsal(request, venue, run)
                hands = venue.hands or (led and led.hands)
                guide = led and led.guide
                results = await rehearse(order, bus, MonotonicClock(), onlooker, hands, guide)
    return gravest([result.exit_code for result in results])


def _unclaimed(request: Request) -> Iterator[str]:
    """Scenarios that say nothing of the planted fault: that they pass is no promise broken."""
    for name, scenario in {each.name: each for each in request.scenarios}.items():
        if request.fault is not None and request.fault not in scenario.catches:
            yield f"{name} does not claim to catch the fault {request.fault}"


@contextlib.asynccontextmanager
async def _venue(request: Request, run: str, log_options: Sequence[str]) -> AsyncIterator[Venue]:
    if request.broker is not None:
        yield Venue(request.broker, request.target, request.key or "")
        return
    wanted = LocalVenue(
        offline=offline_parts(request.scenarios, request.out / run),
        run=run,
        gates=request.gates,
        kiosks=request.kiosks,
        target=request.target,
        key=request.key,
        decoder=request.decoder,
        vip_argument=request.vip_argument,
        store=request.store,
        fault=request.fault,
        log_options=tuple(log_options),
    )
    async with start_venue(wanted) as venue:
        yield venue


@contextlib.asynccontextmanager
async def conducting(broker: str, run: str) -> AsyncIterator[Bus]:
    """A bus on which we alone conduct this venue, known by the run."""
    own_topic = topics.CONDUCTOR.topic(conductor=run)
    claim = ConductorClaim(run, socket.gethostname(), os.getpid())
    async with (
        Bus(broker, f"conductor-{run}", own_topic=own_topic) as bus,
        listening_to_others(bus, "this run") as others,
        claim_alone(
            bus, topics.CONDUCTOR, claim, mine={"conductor": run}, rivals={}, refusal=_occupied
        ),
    ):
        await others.refuse()
        yield bus


def _occupied(other: ConductorClaim) -> str:
    return (
        f"this venue is being conducted already: run {other.conductor} "
        f"by process {other.pid} on {other.host}"
    )


def _rehearsal(request: Request, venue: Venue, run: str) -> Rehearsal:
    return Rehearsal(
        run=run,
        scenarios=request.scenarios,
        seed=request.seed,
        devices=venue.devices,
        target=venue.target,
        key=venue.key,
        allowed_hosts=request.allowed_hosts,
        tickets=request.tickets,
        event_id=request.event_id,
        out=request.out,
        fault=request.fault,
        present_within_s=request.present_within_s,
        requires=request.requires,
        wait_s=request.wait_s,
    )
