"""`gatedrill report`: judge a run's folder again."""

from pathlib import Path
from typing import Annotated

import typer

from gatedrill.cli.console import open_console
from gatedrill.cli.exits import gravest


def report(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A run's folder, or one that holds several")
    ],
) -> int:
    """Judge a run again from its folder, without running anything, and end with its verdict."""
    from gatedrill.orchestrator.run_folder import find_runs
    from gatedrill.orchestrator.summary import print_summary

    console = open_console()
    results = [run.judge() for run in find_runs(folder)]
    for result in results:
        print_summary(result, console)
    return gravest([result.exit_code for result in results])
