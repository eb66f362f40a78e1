"""`gatedrill broker`: a broker for one machine, and accounts and certificates for a venue's."""

import asyncio
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from gatedrill.cli import options
from gatedrill.cli.environment import ACCOUNTS, BROKER_PASSWORD, BROKER_USER
from gatedrill.cli.extras import extra_needed
from gatedrill.cli.logs import LogLevel, set_up_logging, tell
from gatedrill.cli.service_process import serve_until_stopped

broker = typer.Typer(rich_markup_mode=None)

AccountsFolder = Annotated[
    Path,
    typer.Option(
        "--accounts",
        metavar="DIR",
        help="The folder of the broker's accounts, which gatedrill secrets makes as DIR/broker. "
        f"Environment: {ACCOUNTS}",
        envvar=ACCOUNTS,
        show_envvar=False,
    ),
]
FleetName = Annotated[
    str, typer.Argument(metavar="NAME", help="The fleet; of a real gate, the name it goes by")
]
_AS_SOON_AS = (
    "as soon as Mosquitto reads its files again, on SIGHUP: docker-compose kill -s HUP broker"
)


class BrokerKind(StrEnum):
    """Which broker to start."""

    AUTO = "auto"
    MOSQUITTO = "mosquitto"
    EMBEDDED = "embedded"


@broker.callback(invoke_without_command=True)
def start_broker(
    context: typer.Context,
    port: options.Port = 1883,
    kind: Annotated[
        BrokerKind, typer.Option(help="auto: Mosquitto where it is on PATH, else the embedded one")
    ] = BrokerKind.AUTO,
    log_level: options.Level = LogLevel.WARNING,
    log_json: options.LogJson = False,
    supervised: options.Supervised = None,
) -> None:
    """Start an MQTT broker for this machine alone: on its loopback address, without passwords.

    The commands below are for a venue's own broker, which other machines reach.
    """
    if context.invoked_subcommand is not None:
        return
    from gatedrill.broker.serve import BrokerReady, serve

    set_up_logging(log_level, as_json=log_json, run=supervised)
    whom_for = " for this machine alone" if supervised is None else ""

    async def run(ready: Callable[[str, str], None], stop: asyncio.Event) -> None:
        def broker_ready(up: BrokerReady) -> None:
            ready(up.url, up.kind + whom_for)

        await serve(port=port, kind=kind.value, ready=broker_ready, stop=stop)

    serve_until_stopped(run, supervised=supervised is not None)


@broker.command("add-device")
def add_device(
    name: FleetName,
    accounts: AccountsFolder,
    renew: Annotated[
        bool, typer.Option("--renew", help="Give an account that is there another password")
    ] = False,
) -> None:
    """Make an account that speaks for one gate or fleet alone, and print what logs it in."""
    from gatedrill.broker.accounts.accounts import Accounts

    password = Accounts(accounts).add(name, renew=renew)
    sys.stdout.write(f"{BROKER_USER}={name}\n{BROKER_PASSWORD}={password}\n")
    what = "has another password" if renew else f"may speak for the fleet {name} alone"
    tell(f"gatedrill: {name} {what}, {_AS_SOON_AS}")


@broker.command("remove-device")
def remove_device(name: FleetName, accounts: AccountsFolder) -> None:
    """Take the account of a gate or fleet away, as of one that was lost."""
    from gatedrill.broker.accounts.accounts import Accounts

    Accounts(accounts).remove(name)
    tell(f"gatedrill: {name} is let in no more, and its connection ended, {_AS_SOON_AS}")


@broker.command("certificates")
def certificates(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files are kept")],
    name: Annotated[
        list[str],
        typer.Option(
            "--name",
            metavar="HOST",
            help="A host name or address by which clients reach the broker. Repeatable",
        ),
    ],
) -> None:
    """Make a certificate for the venue's broker, and the CA by which clients know it."""
    with extra_needed("tls"):
        from gatedrill.broker.certificates.venue_certificates import make_certificates

    made = make_certificates(folder, name, datetime.now(UTC))
    which = "made" if made.is_new_ca else "kept"
    sys.stdout.write(
        f"{folder / 'ca.pem'}: CA {which}, lasts until {made.ca_until:%Y-%m-%d}; "
        "give this file to every client\n"
        f"{folder / 'ca.key'}: signs certificates: keep it where the broker is not\n"
        f"{folder / 'server.pem'}, {folder / 'server.key'}: made for {', '.join(name)}, last until "
        f"{made.server_until:%Y-%m-%d}\n"
    )
