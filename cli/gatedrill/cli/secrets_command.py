"""`gatedrill secrets`: what the parts of a venue prove themselves with."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from gatedrill.cli.environment import BROKER_NAMES


def secrets(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where they are kept, in a folder for each part")
    ],
    broker_name: Annotated[
        list[str] | None,
        typer.Option(
            "--broker-name",
            metavar="HOST",
            help="Make the broker's certificate, for this host name or address. Repeatable. "
            f"Environment: {BROKER_NAMES}, separated by spaces",
            envvar=BROKER_NAMES,
            show_envvar=False,
        ),
    ] = None,
) -> None:
    """Make the accounts and keys that the parts of a venue need, as far as they are missing."""
    from gatedrill.cli.venue_secrets import make_secrets, make_venue_certificates

    made = make_secrets(folder)
    if broker_name:
        made |= make_venue_certificates(folder, broker_name)
    for part, files in made.items():
        sys.stdout.write(f"{part}: {'made ' + ', '.join(files) if files else 'all there'}\n")
