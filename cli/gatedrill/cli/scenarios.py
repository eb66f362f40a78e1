"""`gatedrill scenarios`: what can be rehearsed."""

import sys
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from gatedrill.fixtures.loader import shipped_scenarios


def scenarios(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, with all details")] = False,
) -> None:
    """List the scenarios that come with gatedrill, one a line, name first."""
    shipped = shipped_scenarios()
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(shipped)).decode() + "\n")
        return
    console = Console(highlight=False)
    width = max(len(scenario.name) for scenario in shipped)
    for scenario in shipped:
        line = Text(f"{scenario.name:<{width}}  {scenario.title}")
        console.print(line, soft_wrap=not console.is_terminal)
