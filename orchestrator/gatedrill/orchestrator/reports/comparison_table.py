"""A comparison as a person reads it on a terminal."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gatedrill.orchestrator.reports.comparison import Block, Pair, compare
from gatedrill.orchestrator.result import Result


def print_comparison(pairs: Sequence[Pair], console: Console) -> None:
    """Write every pair to `console`."""
    for pair in pairs:
        if pair.first is not None and pair.second is not None:
            console.print(Text(_title(pair.first, pair.second), "bold"))
            console.print(_table(compare(pair.first, pair.second)))
        elif pair.first is not None:
            console.print(Text(f"{pair.first.scenario}: only in the first", "yellow"))
        elif pair.second is not None:
            console.print(Text(f"{pair.second.scenario}: only in the second", "yellow"))
        console.print(Text(""))


def _title(first: Result, second: Result) -> str:
    if first.scenario == second.scenario:
        return first.scenario
    return f"{first.scenario} and {second.scenario}"


def _table(blocks: Iterable[Block]) -> Table:
    table = Table(box=None, padding=(0, 0, 0, 2), header_style="dim")
    table.add_column("", overflow="fold")
    for column in ("first", "second", "change"):
        table.add_column(column, justify="right", overflow="fold")
    for block in blocks:
        table.add_row(Text(block.title, "bold"))
        for row in block.rows:
            changed = "yellow" if row.change else ""
            table.add_row(
                Text(f"  {row.name}"), Text(row.first), Text(row.second), Text(row.change, changed)
            )
    return table
