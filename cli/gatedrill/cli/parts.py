"""Two parts of a venue, each started by hand: `backend` and `fleet`."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from gatedrill.cli import options
from gatedrill.cli.environment import BROKER, KEY, TARGET, read_environment
from gatedrill.cli.extras import extra_needed
from gatedrill.cli.logs import LogLevel, log_with, never_log, set_up_logging
from gatedrill.cli.request import checked_store
from gatedrill.cli.requirements import parse_wait_s
from gatedrill.cli.service_process import serve_until_stopped
from gatedrill.cli.shares import WHOLE, Hosting, Share
from gatedrill.cli.sign_of_life import sign_of_life
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import DeviceInfo
from gatedrill.contract.topics import check_name
from gatedrill.orchestrator.target import check_target


def backend(
    port: options.Port = 8000,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="The address of this machine to listen on")
    ] = "127.0.0.1",
    database: Annotated[
        Path | None,
        typer.Option("--db", metavar="FILE", help="SQLite file; without it, a temporary one"),
    ] = None,
    store: options.Store = None,
    wait: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How long to wait for a PostgreSQL that is not there yet; not at all by default",
            show_default=False,
        ),
    ] = None,
    fault: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Plant a fault that a drill should find"),
    ] = None,
    log_level: options.Level = LogLevel.WARNING,
    log_json: options.LogJson = False,
    supervised: options.Supervised = None,
) -> None:
    """Start the reference check-in service."""
    set_up_logging(log_level, as_json=log_json, run=supervised)
    allow_many_files()
    key = required_key()
    if database is not None and store is not None:
        raise UsageError("--db and --store both say where records are kept: give one of them")
    store_url = None if database else checked_store(store) or read_environment().store
    if wait is not None and store_url is None:
        raise UsageError("--wait is for a PostgreSQL: name one with --store")
    wait_s = parse_wait_s(wait) or 0.0
    kept = "reference backend on PostgreSQL" if store_url else "reference backend"
    what = f"{kept}, fault {fault}" if fault else kept
    beat = sign_of_life(read_environment().alive_file)

    async def run(ready: Callable[[str, str], None], stop: asyncio.Event) -> None:
        with extra_needed("backend"):
            from gatedrill.backend.serve import serve

        def backend_ready(url: str) -> None:
            ready(url, what)

        await serve(
            host=host,
            port=port,
            key=key,
            database=database,
            store_url=store_url,
            store_wait_s=wait_s,
            fault=fault,
            ready=backend_ready,
            stop=stop,
            beat=beat,
        )

    serve_until_stopped(run, supervised=supervised is not None)


def fleet(
    count: Annotated[int, typer.Option(min=0, max=1000, help="How many scanners")] = 10,
    kiosks: Annotated[
        int, typer.Option(min=0, max=1000, help="How many kiosks, which book, pay and link")
    ] = 0,
    name_prefix: Annotated[
        str, typer.Option(help="Names of the fleet and, with a number, of its devices")
    ] = "gate",
    next_free: Annotated[
        bool,
        typer.Option(
            "--next-free",
            help="Host only the first of these devices that no other process has in --data",
        ),
    ] = False,
    share: Annotated[
        str,
        typer.Option(metavar="K/N", help="Host only the K-th of N shares of these devices"),
    ] = WHOLE,
    only: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Host only this one of these devices, as its own fleet"),
    ] = None,
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Leave this device to another fleet. Repeatable"),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Where each gate keeps its file, by which it may decide without the service",
        ),
    ] = None,
    broker: options.BrokerUrl = None,
    target: options.TargetUrl = None,
    allow_target: options.AllowTarget = None,
    uplink: options.UplinkUrl = None,
    decoder: options.Decoder = "zxing",
    vip_argument: options.VipArgumentName = options.VipArgument.P_PASS_ID,
    fault: Annotated[str | None, typer.Option(metavar="NAME", hidden=True)] = None,
    log_level: options.Level = LogLevel.WARNING,
    log_json: options.LogJson = False,
    supervised: options.Supervised = None,
) -> None:
    """Start emulated devices and have them join a venue."""
    from gatedrill.devices.emulated_roster import emulated_devices
    from gatedrill.devices.fleet_settings import FleetSettings

    set_up_logging(log_level, as_json=log_json, run=supervised)
    check_name(name_prefix, "name prefix")
    everybody = emulated_devices(name_prefix, count, kiosks)
    if next_free:
        only = _next_free(everybody, data, only or share != WHOLE)
    hosting = Hosting(Share.parse(share), only, frozenset(without or ()))
    name = check_name(hosting.fleet(name_prefix), "fleet name")
    log_with(fleet=name)
    environment = read_environment()
    settings = FleetSettings(
        name=name,
        devices=hosting.of(everybody),
        broker=required(environment.at_broker(broker), "--broker", BROKER),
        target=check_target(
            required(target or environment.target, "--target", TARGET), allow_target or ()
        ),
        key=required_key(),
        scanned_by=environment.scanned_by,
        decoder=decoder,
        event_id=environment.event_id,
        vip_argument=vip_argument.value,
        data=data,
        fault=fault,
        uplink=uplink or environment.uplink,
    )
    allow_many_files()
    beat = sign_of_life(environment.alive_file)
    what = _what(settings.devices)

    async def run(ready: Callable[[str, str], None], stop: asyncio.Event) -> None:
        with extra_needed("devices"):
            from gatedrill.devices.host import serve_fleet

        await serve_fleet(settings, ready=lambda: ready("the broker", what), stop=stop, beat=beat)

    serve_until_stopped(run, supervised=supervised is not None)


def _next_free(devices: Iterable[DeviceInfo], data: Path | None, is_chosen: object) -> str:
    """The device that this process is, of many that are started alike."""
    from gatedrill.cli.free_place import take_first_free  # no Windows has its locks

    if data is None:
        raise UsageError("--next-free asks the gates' files who has one: give --data as well")
    if is_chosen:
        raise UsageError("--next-free chooses by itself: it goes neither with --only nor --share")
    return take_first_free(devices, data)


def _what(devices: Iterable[DeviceInfo]) -> str:
    """The sorts of devices that a fleet hosts, in words."""
    sorts = Counter("kiosk" if device.is_kiosk else device.reader for device in devices)
    what = f"{sorts['camera']} emulated cameras, {sorts['serial']} emulated serial scanners"
    return what + (f", {sorts['kiosk']} kiosks" if sorts["kiosk"] else "")


def required(value: str | None, option: str, variable: str) -> str:
    """What was given by option or environment variable; UsageError if it was not."""
    if value is None:
        raise UsageError(f"{option} is missing: give it, or set {variable}")
    return value


def required_key() -> str:
    """The service's key, which is never logged; UsageError where the environment has none."""
    key = read_environment().key
    if key is None:
        raise UsageError(f"the service's key is missing: set {KEY} (it is no option on purpose)")
    never_log(key)
    return key


def allow_many_files() -> None:
    """A device takes up to eight descriptors, and one at the service; 1,024 are the usual limit."""
    with contextlib.suppress(ImportError, ValueError):  # Windows has none, macOS takes no infinity
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
