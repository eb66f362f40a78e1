"""`gatedrill emulate`: hardware that is not there, for any software that reads the real one."""

import asyncio
import sys
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gatedrill.cli.logs import LogLevel, set_up_logging
from gatedrill.cli.service_process import serve_until_stopped
from gatedrill.contract.errors import UsageError

emulate = typer.Typer(rich_markup_mode=None)


class Framing(StrEnum):
    """What `--framing` takes."""

    CR = "cr"
    LF = "lf"
    CRLF = "crlf"
    TAB = "tab"
    ETX = "etx"
    NONE = "none"


@emulate.callback(invoke_without_command=True)
def emulated_hardware(context: typer.Context) -> None:
    """Emulate a gate's hardware, for any software that reads the real one."""
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")
        raise typer.Exit(2)


@emulate.command("serial")
def emulate_serial(
    link: Annotated[
        Path, typer.Option("--link", metavar="PATH", help="The name by which to open its port")
    ],
    codes: Annotated[
        str | None,
        typer.Option(
            "--codes", metavar="FILE", help="Codes, one a line; - is stdin. Without it, UUIDs"
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            "--rate",
            metavar="N",
            min=0,
            max=1000,
            help="Codes a second. Without it, or 0, one for each line on stdin",
        ),
    ] = None,
    count: Annotated[
        int | None, typer.Option("--count", metavar="N", min=1, help="End after so many codes")
    ] = None,
    framing: Annotated[
        Framing, typer.Option("--framing", metavar="NAME", help="What ends a code")
    ] = Framing.CR,
    aim: Annotated[
        str, typer.Option("--aim", metavar="ID", help="AIM identifier before each code, like ]Q1")
    ] = "",
    prefix: Annotated[
        str, typer.Option("--prefix", metavar="TEXT", help="Text before each code")
    ] = "",
    suffix: Annotated[
        str, typer.Option("--suffix", metavar="TEXT", help="Text after each code")
    ] = "",
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", help="Decides the UUIDs; drawn if not given"),
    ] = None,
    unplug_after: Annotated[
        int | None,
        typer.Option("--unplug-after", metavar="N", min=1, help="Unplug it after so many codes"),
    ] = None,
    replug_after: Annotated[
        float | None,
        typer.Option("--replug-after", metavar="SECONDS", min=0, help="Plug it in again then"),
    ] = None,
) -> None:
    """Be a serial scanner on a port of its own, and send codes to whoever opens it."""
    if sys.platform == "win32":
        raise UsageError("a serial scanner is emulated by a pseudo-terminal, and Windows has none")
    from gatedrill.cli.scanning import Scanning, scan_until_stopped
    from gatedrill.devices.emulation.serial_port import ScannerStyle

    set_up_logging(LogLevel.WARNING, as_json=False)
    if (unplug_after is None) is not (replug_after is None):
        raise UsageError("--unplug-after and --replug-after belong together: give both or neither")
    scanning = Scanning(codes, rate, count, seed, unplug_after, replug_after)
    style = ScannerStyle.of(framing, aim=aim, prefix=prefix, suffix=suffix)
    is_complete = False

    async def serve(ready: Callable[[str, str], None], stop: asyncio.Event) -> None:
        nonlocal is_complete

        def plugged_in(port: str) -> None:
            ready(str(link), f"serial scanner on {port}")

        is_complete = await scan_until_stopped(scanning, link, style, plugged_in, stop)

    serve_until_stopped(serve, supervised=False)
    if scanning.has_end and not is_complete:
        raise KeyboardInterrupt
