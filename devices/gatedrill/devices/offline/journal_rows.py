"""What a device's journal tells of a scan. Pure values, and how one becomes a contract's entry."""

from typing import Literal

import msgspec

from gatedrill.contract.messages import QueueEntry, QueueState
from gatedrill.contract.outcome import Authority, Outcome, OutcomeKind, Reason
from gatedrill.devices.offline.cached_ticket import Kind
from gatedrill.devices.offline.service_time import Corrected, ServiceTime

SettledState = Literal[QueueState.SYNCED, QueueState.CONFLICT, QueueState.FAILED]


class NewScan(msgspec.Struct, frozen=True):
    """A scan about which somebody is going to be asked.

    `ticket` is what the device takes the symbol for: a ticket's or pass's id, or else the symbol
    itself. `asked_for` is what the VIP function is asked with, the pass's id or its token. `run`
    and `attempt` are a drill's, empty for a guest who came by himself.
    """

    nonce: str
    edition: str
    symbol: str
    ticket: str
    kind: Kind = "ticket"
    asked_for: str | None = None
    attempt: str = ""
    run: str = ""


class Learnt(msgspec.Struct, frozen=True):
    """What a symbol turned out to stand for while it was asked about; None leaves it as it was."""

    ticket: str | None = None
    kind: Kind | None = None
    asked_for: str | None = None


class Settlement(msgspec.Struct, frozen=True):
    """What has become of an upload, for good; the fields are those of `QueueEntry`."""

    state: SettledState
    error: str | None = None
    winner_device: str | None = None
    winner_time: str | None = None
    flag: str | None = None
    recognised: bool = False


class PutOff(msgspec.Struct, frozen=True):
    """An upload that came to nothing, for now.

    `refused`: by the service itself, and definitely. `out_of_reach`: it says nothing about the
    scan, and the next one will fare no better.
    """

    error: str
    refused: bool = False
    out_of_reach: bool = False


class JournaledScan(msgspec.Struct, frozen=True):
    """A row of the journal. Instants are nanoseconds.

    `began_ns`, `decided_ns` and `settled_ns` are on the clock of the boot in which they were, which
    another boot cannot read; `of_day_ns`, `offset_ns` and `bound_ns` are as in `Stamp`, when the
    scan was decided. `tries` counts uploads, `refusals` those that the service refused.
    """

    id: int
    nonce: str
    attempt: str
    edition: str
    run: str
    boot: str
    symbol: str
    ticket: str
    kind: Kind
    asked_for: str | None
    began_ns: int
    state: QueueState
    outcome: OutcomeKind | None
    reason: Reason | None
    authority: Authority | None
    decided_ns: int | None
    of_day_ns: int | None
    offset_ns: int | None
    bound_ns: int | None
    tries: int
    refusals: int
    error: str | None
    settled_ns: int | None
    settled_boot: str | None
    winner_device: str | None
    winner_time: str | None
    flag: str | None
    recognised: bool

    @property
    def admits(self) -> bool:
        """Whether somebody was let in."""
        return self.outcome is not None and Outcome(self.outcome).admits


def corrected(scan: JournaledScan, boot: str, service: ServiceTime) -> Corrected | None:
    """When the scan was decided, in the service's time of day; None if it was not.

    What is known of the service's time in this boot serves the scans of this boot, also those that
    were decided before anything was known. Those of earlier boots have what was known then: nobody
    can tell how a clock stood that is gone.
    """
    if scan.of_day_ns is None or scan.decided_ns is None:
        return None
    known: list[Corrected] = []
    if scan.offset_ns is not None and scan.bound_ns is not None:
        known.append(Corrected(scan.of_day_ns + scan.offset_ns, scan.bound_ns / 1e6))
    now = service.at(scan.decided_ns) if scan.boot == boot else None
    if now is not None:
        known.append(Corrected(scan.decided_ns + now.offset_ns, now.bound_ns / 1e6))
    return min(known, key=_bound_ms, default=Corrected(scan.of_day_ns, None))


def _bound_ms(instant: Corrected) -> float:
    return float("inf") if instant.bound_ms is None else instant.bound_ms


def entry_of(scan: JournaledScan, device: str, boot: str, at: Corrected | None) -> QueueEntry:
    """The scan as the contract tells it; `at` is what `corrected` makes of it."""
    return QueueEntry(
        attempt=scan.attempt,
        device=device,
        boot=scan.boot,
        nonce=scan.nonce,
        ticket=scan.ticket,
        state=scan.state,
        kind=scan.kind,
        outcome=None if scan.outcome is None else Outcome(scan.outcome, scan.reason),
        authority=scan.authority,
        scanned_at=None if at is None else at.text,
        clock_bound_ms=None if at is None else at.bound_ms,
        tries=scan.tries,
        error=scan.error,
        settled_ns=scan.settled_ns if scan.settled_boot == boot else None,
        winner_device=scan.winner_device,
        winner_time=scan.winner_time,
        flag=scan.flag,
        recognised=scan.recognised,
    )
