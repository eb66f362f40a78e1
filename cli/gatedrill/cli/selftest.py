"""`gatedrill selftest`: are the judges to be trusted? Every planted fault must be caught."""

from pathlib import Path
from typing import Annotated

import typer

from gatedrill.cli import options
from gatedrill.cli.environment import STORE, read_environment
from gatedrill.cli.logs import LogLevel, set_up_logging
from gatedrill.contract.errors import UsageError


def selftest(
    fault: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only these faults. Repeatable", show_default=False),
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Only these scenarios. Repeatable", show_default=False),
    ] = None,
    full: Annotated[
        bool,
        typer.Option("--full", help="Every scenario against every fault, on SQLite and PostgreSQL"),
    ] = False,
    store: options.Store = None,
    seed: Annotated[int, typer.Option(help="Decides tickets, frames and plans")] = 1,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Keep the folders of all runs there", show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The matrix as JSON")] = False,
    log_level: options.Level = LogLevel.ERROR,
    log_json: options.LogJson = False,
) -> int:
    """Plant each fault in service, registrar or gates and see whether the scenarios catch it.

    Each scenario is run against an honest venue, which must pass, and against the faults that it
    is meant to catch, round by round until it does. Prints the matrix of faults and scenarios with
    the rounds that were needed. Ends with 0 if every fault was caught and the honest service passed
    everything, with 1 if not, and with 4 if that could not be told.
    """
    from gatedrill.cli.request import checked_store
    from gatedrill.cli.selftest_matrix import make_cells, print_matrix, write_json
    from gatedrill.cli.selftest_runs import SelfTest, run_cells

    set_up_logging(log_level, as_json=log_json)
    environment = read_environment()
    store_url = checked_store(store) or environment.store
    if full and store_url is None:
        raise UsageError(f"--full needs a PostgreSQL: name one with --store, or set {STORE}")
    cells = make_cells(faults=fault, scenarios=scenario, everything=full)
    # PostgreSQL first: if it cannot be reached, that is told at once.
    stores = (store_url, None) if full else (store_url,)
    test = SelfTest(tuple(cells), stores, seed, out)
    results = run_cells(test)
    if as_json:
        write_json(results)
    else:
        print_matrix(results)
    return max((result.exit_code for result in results), key=(0, 4, 1).index, default=0)
