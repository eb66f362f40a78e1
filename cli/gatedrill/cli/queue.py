"""`gatedrill queue`: what stands in a device's file, and uploading it in the device's stead."""

import asyncio
import random
import secrets
import ssl
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gatedrill.cli import options
from gatedrill.cli.console import open_console
from gatedrill.cli.environment import KEY, TARGET, read_environment
from gatedrill.cli.extras import extra_needed
from gatedrill.cli.logs import never_log
from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.contract.messages import ANSWER_TIMEOUT_S, QueueEntry, QueueState
from gatedrill.orchestrator.target import check_target

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from gatedrill.devices.offline.device_file import DeviceFile

_WAITING = (QueueState.PENDING, QueueState.SYNCING)


class Service(msgspec.Struct, frozen=True):
    """Where to upload to, with which key, and in whose name."""

    url: str
    key: str
    scanned_by: str

    def __repr__(self) -> str:
        return f"Service({self.url!r})"


def queue(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file of a device at rest")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Export all scans in it as JSON, with all details")
    ] = False,
    upload: Annotated[
        bool, typer.Option("--upload", help="Upload what is queued, each scan once")
    ] = False,
    target: options.TargetUrl = None,
    allow_target: options.AllowTarget = None,
) -> int:
    """Show what a device decided and has not uploaded, and upload it if so wished."""
    with extra_needed("devices"):
        from gatedrill.devices.offline import device_file as _  # noqa: F401
    if target and not upload:
        raise UsageError("--target says where to upload to: give --upload, too")
    service = _service(target, allow_target or ()) if upload else None
    device, entries, trouble = asyncio.run(_work(file, service))
    if as_json:
        sys.stdout.write(msgspec.json.format(msgspec.json.encode(entries)).decode() + "\n")
    else:
        _show(device, entries, open_console())
    left = sum(entry.state in _WAITING for entry in entries)
    if upload and left:
        raise PeerError(f"{left} scans are not uploaded and stay in {file}: {trouble}")
    return 0


def _service(target: str | None, allowed_hosts: Sequence[str]) -> Service:
    environment = read_environment()
    url = target or environment.target
    if url is None:
        raise UsageError(f"--target is missing: give it, or set {TARGET}")
    if environment.key is None:
        raise UsageError(f"the service's key is missing: set {KEY} (it is no option on purpose)")
    never_log(environment.key)
    return Service(check_target(url, allowed_hosts), environment.key, environment.scanned_by)


async def _work(file: Path, service: Service | None) -> tuple[str, list[QueueEntry], str | None]:
    """The device, its scans in the end, and what kept the service from taking them."""
    from gatedrill.broker.clock import MonotonicClock
    from gatedrill.devices.offline.device_file import DeviceFile
    from gatedrill.devices.offline.time_of_day import TimeOfDay

    opened = await DeviceFile.open_orphan(
        file, f"queue-{secrets.token_hex(4)}", TimeOfDay(MonotonicClock())
    )
    try:
        trouble = None if service is None else await _upload(opened, service)
        return opened.device, await opened.journal.entries(), trouble
    finally:
        await opened.close()


async def _upload(opened: "DeviceFile", service: Service) -> str | None:
    from gatedrill.devices.connection import ServiceConnection
    from gatedrill.devices.offline.upload import SupabaseUpload
    from gatedrill.devices.offline.uploader import Uploader

    journal = opened.journal
    connection = ServiceConnection(
        service.url,
        service.key,
        clock=journal.time.clock,
        tls=ssl.create_default_context(),
        timeout_s=ANSWER_TIMEOUT_S,
    )
    upload = SupabaseUpload(connection, journal, scanned_by=service.scanned_by)
    uploader = Uploader(journal, upload, uplink=asyncio.Event(), rng=random.Random())
    try:
        return await uploader.upload_once()
    finally:
        await connection.close()


def _show(device: str, entries: Sequence[QueueEntry], console: "Console") -> None:
    from rich.text import Text

    states = Counter(entry.state for entry in entries)
    told = ", ".join(f"{states[state]} {state}" for state in QueueState if states[state])
    console.print(Text(f"{device}: {len(entries)} scans" + (f", {told}" if told else "")))
    if not any(states[state] for state in _WAITING):
        console.print(Text("nothing is queued"))
    shown = [entry for entry in entries if entry.state is not QueueState.ONLINE]
    if shown:
        console.print(_table(shown))


def _table(entries: Sequence[QueueEntry]) -> "Table":
    from rich.table import Table
    from rich.text import Text

    table = Table("scanned at", "ticket", "outcome", "authority", "state", "tries", "note")
    for entry in entries:
        cells = (
            entry.scanned_at or "",
            entry.ticket,
            str(entry.outcome or ""),
            entry.authority or "",
            entry.state,
            str(entry.tries),
            _note(entry),
        )
        table.add_row(*(Text(cell) for cell in cells))
    return table


def _note(entry: QueueEntry) -> str:
    """What a person should know of it."""
    notes = [entry.error] if entry.error else []
    if entry.state is QueueState.CONFLICT:
        notes.append(f"{entry.winner_device} was first, {entry.winner_time}")
    if entry.recognised:
        notes.append("recognised as its own by device and time")
    if entry.flag:
        notes.append(f"time not believed: {entry.flag}")
    if entry.scanned_at and entry.clock_bound_ms is None:
        notes.append("time not corrected")
    return "; ".join(notes)
