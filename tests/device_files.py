"""Device files for tests, and what is written into them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from device_fakes import ManualClock

from gatedrill.contract.outcome import Authority, Outcome, OutcomeKind, Reason
from gatedrill.devices.offline.cached_ticket import Kind
from gatedrill.devices.offline.device_file import DeviceFile
from gatedrill.devices.offline.journal import Journal
from gatedrill.devices.offline.journal_rows import NewScan
from gatedrill.devices.offline.time_of_day import TimeOfDay

GATE = "gate-01"
EDITION = "run/1"
ADMITTED = Outcome(OutcomeKind.ADMITTED)
READMITTED = Outcome(OutcomeKind.READMITTED)
ALREADY_USED = Outcome(OutcomeKind.REFUSED, Reason.ALREADY_USED)
NOON_NS = 1_800_000_000_000_000_000


def uuid(number: int) -> str:
    return f"00000000-0000-0000-0000-{number:012}"


@asynccontextmanager
async def device_file(
    file: Path, boot: str = "boot-1", time: TimeOfDay | None = None, device: str = GATE
) -> AsyncIterator[DeviceFile]:
    """The file, open while the body runs; time stands at noon unless told."""
    opened = await DeviceFile.open(file, device, boot, time or TimeOfDay(ManualClock(NOON_NS)))
    try:
        yield opened
    finally:
        await opened.close()


def new_scan(
    nonce: str, ticket: str = "", kind: Kind = "ticket", asked_for: str | None = None
) -> NewScan:
    """A scan of a ticket, or else of the one whose id is its nonce."""
    return NewScan(nonce, EDITION, f"symbol of {nonce}", ticket or nonce, kind, asked_for)


async def scanned(
    journal: Journal,
    scan: NewScan,
    outcome: Outcome = ADMITTED,
    authority: Authority = Authority.OFFLINE,
) -> None:
    """A scan from its beginning to its decision."""
    await journal.begin(scan)
    await journal.decide(scan.nonce, outcome, authority, journal.time.stamp())
