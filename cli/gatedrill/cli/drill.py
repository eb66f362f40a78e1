"""Doing what a request asks: a venue, a bus, a conductor's claim, a rehearsal."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from gatedrill.broker.bus import Bus
from gatedrill.broker.claim import claim_alone
from gatedrill.broker.clock import MonotonicClock
from gatedrill.cli.console import open_console
from gatedrill.cli.exits import gravest
from gatedrill.cli.extras import extra_needed
from gatedrill.cli.logs import log_with
from gatedrill.cli.onlooker import TerminalOnlooker
from gatedrill.cli.plan_table import print_plan
from gatedrill.cli.request import Request
from gatedrill.cli.venue import LOCAL_PREFIX, LocalVenue, Venue, start_venue
from gatedrill.contract import topics
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import ConductorClaim, DeviceInfo
from gatedrill.fixtures.tickets import Supply
from gatedrill.orchestrator.plan import Plan, make_plans
from gatedrill.orchestrator.rehearsal import Rehearsal, rehearse
from gatedrill.orchestrator.service_client import ServiceRecords


def show_plan(request: Request) -> None:
    """Print what a run would do with emulated devices, device by device. Starts nothing."""
    console = open_console()
    for plan in _plans_without_venue(request):
        print_plan(plan, console)


def conduct_drill(request: Request, log_options: Sequence[str]) -> int:
    """Run the request to its verdicts; returns the exit code of the gravest."""
    if request.broker is None:
        _plans_without_venue(request)  # what cannot be planned is refused before anything starts
    _make_folder(request.out)
    try:
        return asyncio.run(_drill(request, log_options))
    except asyncio.CancelledError:  # SIGTERM ends a run as Ctrl-C does
        raise KeyboardInterrupt from None


def _make_folder(folder: Path) -> None:
    """Have the place where runs are kept; UsageError before anything starts if that cannot be."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {folder}: cannot be made: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        raise UsageError(f"--out {folder}: may not be written")


def _plans_without_venue(request: Request) -> list[Plan]:
    supply = Supply(request.seed, request.tickets, request.event_id)
    roster = _emulated_devices(request.device_count)
    return make_plans(request.scenarios, roster, request.seed, supply)


def _emulated_devices(count: int) -> tuple[DeviceInfo, ...]:
    with extra_needed("devices"):
        from gatedrill.devices.emulated import emulated_devices
    return emulated_devices(LOCAL_PREFIX, count)


async def _drill(request: Request, log_options: Sequence[str]) -> int:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - this is it
    with contextlib.suppress(NotImplementedError):  # Windows has no SIGTERM to speak of
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    if request.target is not None:
        async with ServiceRecords(request.target, request.key or "") as service:
            await service.about()  # who cannot be reached is told before anything starts
    run = f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    log_with(run=run)
    with TerminalOnlooker() as onlooker:
        async with _venue(request, run, log_options) as venue:
            for part in venue.parts:
                onlooker.say(part)
            async with _conducting(venue.broker, run) as bus:
                order = _rehearsal(request, venue, run)
                results = await rehearse(order, bus, MonotonicClock(), onlooker)
    return gravest([result.exit_code for result in results])


@contextlib.asynccontextmanager
async def _venue(request: Request, run: str, log_options: Sequence[str]) -> AsyncIterator[Venue]:
    if request.broker is not None:
        yield Venue(request.broker, request.target, request.key or "")
        return
    wanted = LocalVenue(
        run=run,
        devices=tuple(device.name for device in _emulated_devices(request.device_count)),
        target=request.target,
        key=request.key,
        decoder=request.decoder,
        fault=request.fault,
        log_options=tuple(log_options),
    )
    async with start_venue(wanted) as venue:
        yield venue


@contextlib.asynccontextmanager
async def _conducting(broker: str, run: str) -> AsyncIterator[Bus]:
    """A bus on which we alone conduct this venue, known by the run."""
    own_topic = topics.CONDUCTOR.topic(conductor=run)
    claim = ConductorClaim(run, socket.gethostname(), os.getpid())
    async with (
        Bus(broker, f"conductor-{run}", own_topic=own_topic) as bus,
        claim_alone(
            bus, topics.CONDUCTOR, claim, mine={"conductor": run}, rivals={}, refusal=_occupied
        ),
    ):
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
    )
