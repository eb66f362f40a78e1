"""`gatedrill compare`: two runs side by side."""

from pathlib import Path
from typing import Annotated

import typer

from gatedrill.cli.console import open_console


def compare(
    first: Annotated[Path, typer.Argument(metavar="FIRST", help="Folder of a run")],
    second: Annotated[Path, typer.Argument(metavar="SECOND", help="Folder of the other")],
) -> None:
    """Set two runs side by side, scenario by scenario, and say by how much the second differs.

    Judges neither against the other: ends with 0 whatever it finds.
    """
    from gatedrill.orchestrator.reports.comparison import pair_up
    from gatedrill.orchestrator.reports.comparison_table import print_comparison
    from gatedrill.orchestrator.run_folder import find_runs

    sides = [[run.read().judge() for run in find_runs(folder)] for folder in (first, second)]
    print_comparison(pair_up(*sides), open_console())
