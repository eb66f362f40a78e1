"""`gatedrill scenarios`: what can be rehearsed."""

import sys
from typing import Annotated

import msgspec
import typer

from gatedrill.cli.console import open_console
from gatedrill.fixtures.loader import shipped_scenarios


def scenarios(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with all details")] = False,
) -> None:
    """List the scenarios that come with gatedrill, one a line, name first."""
    shipped = shipped_scenarios()
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(shipped)).decode() + "\n")
        return
    from rich.text import Text

    console = open_console()
    width = max(len(scenario.name) for scenario in shipped)
    for scenario in shipped:
        console.print(Text(f"{scenario.name:<{width}}  {scenario.title}"))
