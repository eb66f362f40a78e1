"""Times of day in a history that counts from a run's start: what devices and services wrote down.

The history's own beginning is told for people, not for comparing. So the time of day is taken from
the service, which stamps what it admits, or else from devices whose clocks nothing was done to.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from gatedrill.contract.outcome import Authority, OutcomeKind
from gatedrill.contract.service import TicketRow
from gatedrill.orchestrator.history import Event, Started
from gatedrill.orchestrator.outages import FaultWindow
from gatedrill.orchestrator.seen import SeenScan
from gatedrill.orchestrator.told_journals import Journals

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def epoch_ns(text: str | None) -> int | None:
    """A time of day (ISO 8601, in UTC unless it says otherwise); None if it is none."""
    try:
        at = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    known = at if at.tzinfo else at.replace(tzinfo=UTC)
    return (known - _EPOCH) // timedelta(microseconds=1) * 1000


class WallClock(NamedTuple):
    """What time it was when the history began, to within `bound_ns`, and who says so."""

    began_ns: int
    bound_ns: int
    said_by: str

    def in_history(self, text: str | None) -> int | None:
        """When that was, in the history; None if it is no time."""
        at_ns = epoch_ns(text)
        return None if at_ns is None else at_ns - self.began_ns


def read_wall_clock(
    history: Sequence[Event],
    scans: Sequence[SeenScan],
    rows: Mapping[str, TicketRow],
    journals: Journals,
    faults: Iterable[FaultWindow],
) -> WallClock | None:
    """By the service's stamps, else by the journals of unharmed devices, else by the first line."""
    told = _by_service(scans, rows) or _by_devices(scans, journals, _skewed(faults))
    if told:
        return sorted(told)[len(told) // 2]
    started = history[0]
    began_ns = epoch_ns(started.started_at) if isinstance(started, Started) else None
    return None if began_ns is None else WallClock(began_ns, 1_000_000_000, "the history")


def _by_service(scans: Iterable[SeenScan], rows: Mapping[str, TicketRow]) -> list[WallClock]:
    """From tickets that still stand as the one who was told so had them admitted."""
    found = []
    for seen in scans:
        row, record = rows.get(seen.planned.ticket), seen.record
        is_first = record.outcome.kind is OutcomeKind.ADMITTED
        if row is None or not (
            is_first and record.authority is Authority.ONLINE and record.acting_asks
        ):
            continue
        at_ns, ask = epoch_ns(row.scanned_at), record.acting_asks[-1]
        is_same = row.device_id == record.device and row.nonce in (None, record.nonce)
        if at_ns is not None and is_same:
            middle_ns, half_ns = (ask.sent_ns + ask.answered_ns) // 2, ask.answered_ns - ask.sent_ns
            found.append(WallClock(at_ns - middle_ns, half_ns // 2, "the service"))
    return found


def _by_devices(scans: Iterable[SeenScan], journals: Journals, skewed: set[str]) -> list[WallClock]:
    found = []
    for seen in scans:
        entry = journals.of_scan(seen.record.nonce, seen.record.attempt)
        at_ns = None if entry is None else epoch_ns(entry.scanned_at)
        if entry is None or at_ns is None or entry.device in skewed:
            continue
        bound_ns = round((entry.clock_bound_ms or 0.0) * 1e6)
        found.append(WallClock(at_ns - seen.record.decided_ns, bound_ns, entry.device))
    return found


def _skewed(faults: Iterable[FaultWindow]) -> set[str]:
    return {device for each in faults if each.kind == "clock-skewed" for device in each.devices}
