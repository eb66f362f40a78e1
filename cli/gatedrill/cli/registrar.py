"""`gatedrill registrar`: the part of a venue that grants claims while the service is away."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from gatedrill.cli import options
from gatedrill.cli.environment import BROKER, read_environment
from gatedrill.cli.logs import LogLevel, set_up_logging
from gatedrill.cli.parts import required
from gatedrill.cli.service_process import serve_until_stopped
from gatedrill.cli.sign_of_life import sign_of_life


def registrar(
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help="SQLite file; without it, a temporary one"),
    ] = None,
    broker: options.BrokerUrl = None,
    fault: Annotated[str | None, typer.Option(metavar="NAME", hidden=True)] = None,
    log_level: options.Level = LogLevel.WARNING,
    log_json: options.LogJson = False,
    supervised: options.Supervised = None,
) -> None:
    """Start the registrar of a venue, which grants claims while the service is away."""
    from gatedrill.broker.registrar.serve import serve

    set_up_logging(log_level, as_json=log_json, run=supervised)
    environment = read_environment()
    url = required(environment.at_broker(broker), "--broker", BROKER)
    beat = sign_of_life(environment.alive_file)

    async def run(ready: Callable[[str, str], None], stop: asyncio.Event) -> None:
        def registrar_ready(identity: str) -> None:
            ready("the broker", f"registrar {identity}" + (f", fault {fault}" if fault else ""))

        await serve(broker=url, file=file, fault=fault, ready=registrar_ready, stop=stop, beat=beat)

    serve_until_stopped(run, supervised=supervised is not None)
