"""`gatedrill roster`: who is here at a venue, and how each device stands."""

import asyncio
import secrets
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gatedrill.cli import options
from gatedrill.cli.console import open_console
from gatedrill.cli.environment import BROKER, read_environment
from gatedrill.cli.logs import tell
from gatedrill.cli.parts import required

if TYPE_CHECKING:
    from rich.table import Table

    from gatedrill.orchestrator.roster import Roster
    from gatedrill.orchestrator.strangers import Strangers


class RosterRow(msgspec.Struct, frozen=True):
    """One device: its fleet and host, its reader, and how it stands, if it may decide by itself.

    At an `attended` one people present the tickets, `label` is what they call it, and `lost` says
    why its hardware is gone, if it is.
    """

    device: str
    reader: str
    fleet: str
    host: str
    target: str
    authority: str | None = None
    queued: int | None = None
    oldest_s: float | None = None
    attended: bool = False
    label: str | None = None
    lost: str | None = None


def roster(
    broker: options.BrokerUrl = None,
    wait: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.1, max=60, help="How long to listen")
    ] = 2.5,
    as_json: Annotated[bool, typer.Option("--json", help="The roster as JSON")] = False,
) -> int:
    """Show which devices are at a venue, whom each would ask, and what each has not uploaded.

    Fleets that speak another version of the protocol are told on stderr.
    """
    url = required(read_environment().at_broker(broker), "--broker", BROKER)
    seen, strangers = asyncio.run(_listen(url, wait))
    if others := strangers.in_words("this gatedrill"):
        tell(others)
    rows = _rows(seen)
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(rows)).decode() + "\n")
    elif rows:
        open_console().print(_table(rows))
    else:
        sys.stdout.write("nobody is here: start devices with gatedrill fleet\n")
    return 0


async def _listen(url: str, seconds: float) -> "tuple[Roster, Strangers]":
    """Who is heard meanwhile, or answers; a presence that was merely left behind is told."""
    from gatedrill.broker.bus import Bus
    from gatedrill.broker.clock import MonotonicClock
    from gatedrill.contract import topics
    from gatedrill.contract.other_versions import PRESENCE_OF_ANY_VERSION
    from gatedrill.orchestrator.gathering import leave_out_the_left_behind
    from gatedrill.orchestrator.roster import Roster
    from gatedrill.orchestrator.strangers import Strangers

    clock = MonotonicClock()
    seen, strangers = Roster(clock), Strangers(clock)
    async with Bus(url, f"roster-{secrets.token_hex(4)}") as bus:
        await bus.listen(PRESENCE_OF_ANY_VERSION, strangers.hear)
        await bus.listen(topics.PRESENCE, seen.hear)
        await asyncio.sleep(seconds)
        await leave_out_the_left_behind(bus, clock, seen, tell)
    return seen, strangers


def _rows(seen: "Roster") -> list[RosterRow]:
    states = seen.states
    rows = []
    for fleet in seen.fleets:
        for device in fleet.devices:
            state = states.get(device.name)
            row = RosterRow(
                device.name,
                device.reader,
                fleet.fleet,
                fleet.host,
                fleet.target,
                attended=device.attended,
                label=device.label or None,
                lost=fleet.lost.get(device.name),
            )
            if state is not None:
                row = msgspec.structs.replace(
                    row,
                    authority=str(state.authority),
                    queued=state.queued,
                    oldest_s=state.oldest_s,
                )
            rows.append(row)
    return sorted(rows, key=lambda row: row.device)


def _reader(row: RosterRow) -> str:
    by_hand = ", by hand" if row.attended else ""
    return f"{row.reader}{by_hand}" + (", GONE" if row.lost else "")


def _table(rows: Iterable[RosterRow]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for heading in ("device", "reader", "fleet", "host", "asks first", "service"):
        table.add_column(heading)
    table.add_column("queued", justify="right")
    table.add_column("oldest", justify="right")
    for row in rows:
        told = [
            row.device,
            _reader(row),
            row.fleet,
            row.host,
            row.authority or "online",
            row.target,
            "" if row.queued is None else str(row.queued),
            "" if row.oldest_s is None else f"{row.oldest_s:.0f} s",
        ]
        table.add_row(*(Text(cell, overflow="fold") for cell in told))
    return table
