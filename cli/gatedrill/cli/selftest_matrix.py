"""The matrix of planted faults and scenarios: which cells there are, and how they came out."""

import string
import sys
from collections.abc import Collection, Iterable, Sequence
from enum import StrEnum

import msgspec
from rich.table import Table
from rich.text import Text

from gatedrill.cli.console import open_console
from gatedrill.cli.planted import planted_faults
from gatedrill.contract.errors import UsageError
from gatedrill.fixtures.loader import shipped_scenarios
from gatedrill.fixtures.scenario import Scenario

MOST_DEVICES = 50
HONEST = "none"
"""Stands for the service without a fault."""


class Cell(msgspec.Struct, frozen=True):
    """One scenario against one fault; `must_catch` tells whether the scenario claims it.

    A fault that breaks safety is only caught by a check; a slow or failing service by a threshold
    as well.
    """

    fault: str | None
    scenario: Scenario
    must_catch: bool
    breaks_safety: bool


class Ending(StrEnum):
    """How a cell came out."""

    PASSED = "passed"
    CAUGHT = "caught"
    MISSED = "missed"
    FALSE_ALARM = "false alarm"
    UNCLEAR = "inconclusive"


class CellResult(msgspec.Struct, frozen=True):
    """What came of a cell after so many rounds; `by` names the checks or thresholds that told."""

    fault: str
    scenario: str
    store: str
    must_catch: bool
    ending: Ending
    rounds: int
    by: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """What the cell makes of the command: a cell that promises nothing fails nothing."""
        if self.ending in (Ending.FALSE_ALARM, Ending.MISSED) and self.must_catch:
            return 1
        return 4 if self.ending is Ending.UNCLEAR and self.must_catch else 0


def make_cells(
    *, faults: Collection[str] | None, scenarios: Collection[str] | None, everything: bool
) -> list[Cell]:
    """The cells to be run: the honest service first, then fault by fault.

    Raises UsageError for a name that there is not, and for a scenario that claims such a fault.
    """
    known = {fault.name: fault.breaks_safety for fault in planted_faults().values()}
    shipped = shipped_scenarios()
    _check_names("fault", faults or (), [HONEST, *known])
    _check_names("scenario", scenarios or (), [each.name for each in shipped])
    wanted = [each for each in shipped if _is_wanted(each, scenarios, everything=everything)]
    for each in wanted:
        _check_names(f"fault (caught by {each.name})", each.catches, known)
    rows = [row for row in (None, *known) if faults is None or (row or HONEST) in faults]
    return [
        Cell(row, each, row is None or row in each.catches, row is None or known[row])
        for row in rows
        for each in wanted
        if everything or row is None or row in each.catches
    ]


def _is_wanted(scenario: Scenario, names: Collection[str] | None, *, everything: bool) -> bool:
    """Whether it is named, or, where none is, not one of those that take minutes by their size."""
    if names is not None:
        return scenario.name in names
    return everything or scenario.devices <= MOST_DEVICES


def _check_names(what: str, given: Iterable[str], known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            raise UsageError(f"there is no {what} {name!r}: choose from {', '.join(known)}")


def write_json(results: Sequence[CellResult]) -> None:
    """All results on stdout."""
    sys.stdout.write(msgspec.json.format(msgspec.json.encode(results)).decode() + "\n")


def print_matrix(results: Sequence[CellResult]) -> None:
    """The matrix on stdout, store by store, and below it what caught each fault."""
    console = open_console()
    for store in dict.fromkeys(result.store for result in results):
        theirs = [result for result in results if result.store == store]
        scenarios = list(dict.fromkeys(result.scenario for result in theirs))
        letters = dict(zip(scenarios, string.ascii_lowercase, strict=False))
        console.print(Text(f"\n{store}", "bold"))
        console.print(_matrix(theirs, letters))
        for scenario, letter in letters.items():
            console.print(Text(f"  {letter}  {scenario}", "dim"), soft_wrap=True)
        console.print(Text("\nwhat told", "bold"))
        for result in theirs:
            if result.by:
                told = f"  {result.fault} in {result.scenario}: {', '.join(result.by)}"
                console.print(Text(told), soft_wrap=True)
    for line in _conclusion(results):
        console.print(line, soft_wrap=True)


def _matrix(results: Sequence[CellResult], letters: dict[str, str]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 1), header_style="dim")
    table.add_column("fault")
    for letter in letters.values():
        table.add_column(letter, justify="right")
    for fault in dict.fromkeys(result.fault for result in results):
        row = {result.scenario: result for result in results if result.fault == fault}
        marks = (_mark(row.get(scenario)) for scenario in letters)
        table.add_row("no fault" if fault == HONEST else fault, *marks)
    return table


def _mark(result: CellResult | None) -> Text:
    """Rounds until caught, `ok` for an honest pass, a word where it should not be."""
    if result is None:
        return Text("")
    claimed = result.must_catch
    match result.ending:
        case Ending.CAUGHT:
            return Text(str(result.rounds), "green")
        case Ending.PASSED:
            return Text("ok", "green")
        case Ending.MISSED:
            return Text("MISSED", "bold red") if claimed else Text("-")
        case Ending.UNCLEAR:
            return Text("?", "yellow")
        case Ending.FALSE_ALARM:
            return Text("FALSE", "bold red")


def _conclusion(results: Sequence[CellResult]) -> Iterable[Text]:
    faults = {result.fault for result in results} - {HONEST}
    claimed = [result for result in results if result.fault != HONEST and result.must_catch]
    missed = [result for result in claimed if result.ending is not Ending.CAUGHT]
    honest = [result for result in results if result.fault == HONEST]
    passed = [result for result in honest if result.ending is Ending.PASSED]
    yield Text(
        f"\n{len(claimed) - len(missed)} of {len(claimed)} claims hold over {len(faults)} faults; "
        f"the honest service passed {len(passed)} of {len(honest)}"
    )
    yield Text(
        "numbers: rounds until the fault was caught; ok: passed, as it should; "
        "?: inconclusive; -: not caught, nor claimed",
        "dim",
    )
