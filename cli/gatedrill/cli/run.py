"""`gatedrill run`: rehearse, and end with the verdict."""

from pathlib import Path
from typing import Annotated

import typer

from gatedrill.cli import options
from gatedrill.cli.environment import read_environment
from gatedrill.cli.logs import LogLevel, never_log, set_up_logging
from gatedrill.fixtures.scenario import MAX_DEVICES

DEFAULT_SCENARIOS = ("scanner-burst", "race")


def run(
    scenario: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names (see `gatedrill scenarios`) or .toml files; without any: "
            + " and ".join(DEFAULT_SCENARIOS),
            show_default=False,
        ),
    ] = None,
    devices: Annotated[
        int | None, typer.Option(min=1, max=MAX_DEVICES, help="Devices taking part")
    ] = None,
    duration: Annotated[
        str | None, typer.Option(metavar="TIME", help="Length of streams, like 60s or 2m")
    ] = None,
    rounds: Annotated[int | None, typer.Option(min=1, max=1000, help="Rounds of bursts")] = None,
    repeat: Annotated[
        int, typer.Option(min=1, max=100, help="Run each scenario so often; all must hold")
    ] = 1,
    seed: Annotated[
        int | None, typer.Option(help="Decides tickets, frames and plan; drawn if not given")
    ] = None,
    broker: options.BrokerUrl = None,
    target: options.TargetUrl = None,
    allow_target: options.AllowTarget = None,
    tickets: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Tickets that exist at the target (JSON)")
    ] = None,
    present_within: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="How long people have to present a ticket at a real gate; 30s if not given",
            show_default=False,
        ),
    ] = None,
    wait: options.Wait = None,
    require: Annotated[
        list[str] | None,
        typer.Option(
            metavar="[GATE=]N",
            help="So many scanners must be at the venue, or so many of a name prefix. Repeatable",
            show_default=False,
        ),
    ] = None,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Where runs keep their folders")] = Path(
        "drills"
    ),
    decoder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="What reads camera frames in the fleet that this run starts: zxing or zbar",
            show_default=False,
        ),
    ] = None,
    vip_argument: options.VipArgumentName = options.VipArgument.P_PASS_ID,
    store: options.Store = None,
    fault: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Plant a fault in the service, registrar or gates that this run starts",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Validate and show the plan; start nothing")
    ] = False,
    log_level: options.Level = LogLevel.WARNING,
    log_json: options.LogJson = False,
) -> int:
    """Rehearse: scan at one instant, judge, and end with the verdict's exit code.

    Without --broker, a broker, a fleet and (without --target) the reference backend are started,
    and stopped again. Exit codes: 0 all holds, 1 safety violated, 3 threshold crossed,
    4 inconclusive, 2 wrong usage, 5 somebody out of reach, 70 a fault of gatedrill's own,
    130 interrupted.
    """
    from gatedrill.cli.drill import conduct_drill, show_plan
    from gatedrill.cli.request import Sizes, make_request

    set_up_logging(log_level, as_json=log_json)
    environment = read_environment()
    never_log(environment.key)
    request = make_request(
        environment,
        scenarios=scenario or DEFAULT_SCENARIOS,
        sizes=Sizes(devices, rounds, duration, repeat),
        seed=seed,
        broker=broker,
        target=target,
        allowed_hosts=allow_target or (),
        tickets=tickets,
        decoder=decoder,
        vip_argument=vip_argument.value,
        store=store,
        fault=fault,
        out=out,
        present_within=present_within,
        wait=wait,
        require=require or (),
    )
    if dry_run:
        show_plan(request)
        return 0
    log_options = ["--log-level", str(log_level), *(["--log-json"] if log_json else [])]
    return conduct_drill(request, log_options)
