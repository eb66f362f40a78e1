"""`gatedrill schema`: what files may hold, for editors that complete and check them."""

import json
import sys
from typing import Annotated

import typer

from gatedrill.contract.errors import UsageError


def schema(
    tickets: Annotated[bool, typer.Option("--tickets", help="Of ticket files instead")] = False,
    example_tickets: Annotated[
        bool,
        typer.Option(
            "--example-tickets",
            help="Print a ticket file to begin with instead, which says how to fill it in",
        ),
    ] = False,
) -> None:
    """Print the JSON schema of scenario files, for editors that complete and check them."""
    if tickets and example_tickets:
        raise UsageError("--tickets and --example-tickets print different things: give one")
    sys.stdout.write(_wanted(tickets=tickets, example_tickets=example_tickets))


def _wanted(*, tickets: bool, example_tickets: bool) -> str:
    from gatedrill.fixtures.loader import load_shipped_tickets
    from gatedrill.fixtures.schema import scenario_schema, ticket_file_schema
    from gatedrill.orchestrator.thresholds import METRICS

    if example_tickets:
        return load_shipped_tickets()
    found = ticket_file_schema() if tickets else scenario_schema(METRICS)
    return json.dumps(found, indent=2) + "\n"
