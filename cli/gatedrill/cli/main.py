"""`gatedrill`: the commands and how they end."""

import sys
from typing import Annotated

import typer
from typer.main import get_command

from gatedrill.cli.broker import broker
from gatedrill.cli.compare import compare
from gatedrill.cli.device import device
from gatedrill.cli.doctor import doctor
from gatedrill.cli.emulate import emulate
from gatedrill.cli.exits import run_to_exit
from gatedrill.cli.guided_drill import drill
from gatedrill.cli.hardware import hardware
from gatedrill.cli.last_step import LastStep
from gatedrill.cli.lean_libraries import keep_libraries_lean
from gatedrill.cli.parts import backend, fleet
from gatedrill.cli.queue import queue
from gatedrill.cli.registrar import registrar
from gatedrill.cli.report import report
from gatedrill.cli.roster import roster
from gatedrill.cli.run import run
from gatedrill.cli.scenarios import scenarios
from gatedrill.cli.schema import schema
from gatedrill.cli.secret_variables import take_secrets
from gatedrill.cli.secrets_command import secrets
from gatedrill.cli.selftest import selftest
from gatedrill.cli.tickets import tickets
from gatedrill.cli.uplink import uplink

app = typer.Typer(
    help="Rehearse a venue's entrance gates before the crowd arrives.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
REHEARSING = (run, drill, scenarios, schema, selftest, report, compare, tickets)
PARTS = (fleet, device, backend, registrar, uplink)
for command in (*REHEARSING, *PARTS, secrets, roster, queue, hardware, doctor):
    app.command()(command)
app.add_typer(broker, name="broker")
app.add_typer(emulate, name="emulate")


@app.callback(invoke_without_command=True)
def gatedrill(
    context: typer.Context,
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version and stop", is_eager=True)
    ] = False,
) -> None:
    """Rehearse a venue's entrance gates before the crowd arrives."""
    if show_version:
        from importlib.metadata import version

        sys.stdout.write(f"gatedrill {version('gatedrill')}\n")
        raise typer.Exit
    if context.invoked_subcommand is None:
        sys.stdout.write(context.get_help() + "\n")
        raise typer.Exit(2)
    take_secrets()


def main() -> None:
    """Run the command line and end the process with its exit code."""
    last_step = LastStep()
    keep_libraries_lean()
    last_step.code = run_to_exit(_invoke)


def _invoke() -> object:
    # Typer's own way would make exit codes of Ctrl-C and of a closed pipe before we see them.
    command = get_command(app)
    try:
        with command.make_context("gatedrill", sys.argv[1:]) as context:
            return command.invoke(context)
    except typer.Exit as ended:
        return ended.exit_code
