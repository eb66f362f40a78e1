"""`gatedrill`: the commands and how they end."""

import sys
from typing import Annotated

import typer

from gatedrill.cli.exits import run_to_exit
from gatedrill.cli.parts import backend, broker, fleet
from gatedrill.cli.report import report
from gatedrill.cli.run import run
from gatedrill.cli.scenarios import scenarios

app = typer.Typer(
    help="Rehearse a venue's entrance gates before the crowd arrives.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (run, scenarios, report, fleet, backend, broker):
    app.command()(command)


@app.callback(invoke_without_command=True)
def gatedrill(
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version and stop", is_eager=True)
    ] = False,
) -> None:
    """Rehearse a venue's entrance gates before the crowd arrives."""
    if show_version:
        from importlib.metadata import version

        sys.stdout.write(f"gatedrill {version('gatedrill')}\n")
        raise typer.Exit


def main() -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run_to_exit(lambda: app(standalone_mode=False)))
