"""What is told of a run in which devices may decide without the service: named, not judged."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from gatedrill.contract.messages import QueueState
from gatedrill.orchestrator.checks.check import witness
from gatedrill.orchestrator.doubles import doubled_tickets
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.lockouts import find_lockouts
from gatedrill.orchestrator.outages import FaultWindow
from gatedrill.orchestrator.uploads import NOT_ON_RECORD, own_decisions


class FaultSpan(msgspec.Struct, frozen=True):
    """What failed, whom it struck, and when, in seconds since the run began.

    `ended_s` is None for what never ended.
    """

    fault: str
    kind: str
    devices: tuple[str, ...]
    began_s: float
    ended_s: float | None


class AuthorityCount(msgspec.Struct, frozen=True):
    """How many scans an authority decided, and how many of these let somebody in."""

    authority: str
    decided: int
    admitted: int


class ExpectedDouble(msgspec.Struct, frozen=True):
    """A ticket that let several people in, where nobody could have known.

    `because` are the faults that kept the devices apart, by id; `witness` shows the first two.
    """

    ticket: str
    admissions: int
    because: tuple[str, ...]
    witness: tuple[str, ...]


class LockedOut(msgspec.Struct, frozen=True):
    """A guest with a valid ticket whom devices turned away. Without `because` it is a violation."""

    ticket: str
    why: str
    because: tuple[str, ...]
    witness: tuple[str, ...]


class PendingScan(msgspec.Struct, frozen=True):
    """A scan that its device decided by itself and still keeps, and why."""

    device: str
    attempt: str
    ticket: str
    outcome: str
    state: str
    why: str


class Conflict(msgspec.Struct, frozen=True):
    """An uploaded admission that stands behind an earlier one of the same ticket."""

    device: str
    attempt: str
    ticket: str
    scanned_at: str | None
    winner_device: str | None
    winner_time: str | None


class Uploads(msgspec.Struct, frozen=True):
    """What devices decided by themselves, by where it is now.

    Of these, `flagged` are those whose time the service did not believe, and `recognised` those
    that a device knew again as its own earlier scan, at a service that takes no nonces.
    """

    synced: int
    conflicts: int
    waiting: int
    failed: int
    flagged: int
    recognised: int


class UnreadJournals(msgspec.Struct, frozen=True):
    """Devices whose journals were not told in the end."""

    fleet: str
    devices: tuple[str, ...]
    why: str


def fault_spans(evidence: Evidence) -> tuple[FaultSpan, ...]:
    """Everything that failed, in order."""
    return tuple(
        FaultSpan(
            each.fault,
            each.kind,
            each.devices,
            each.began_ns / 1e9,
            None if each.ended_ns is None else each.ended_ns / 1e9,
        )
        for each in evidence.faults
    )


def count_authorities(evidence: Evidence) -> tuple[AuthorityCount, ...]:
    """Who decided how many scans, without probes and open ones; nothing if only the service may."""
    if evidence.plan.is_online_only:
        return ()
    settled = [
        seen.record for seen in evidence.scans if not (seen.is_probe or seen.record.outcome.is_open)
    ]
    decided = Counter(record.authority for record in settled)
    admitted = Counter(record.authority for record in settled if record.outcome.admits)
    return tuple(
        AuthorityCount(each, decided[each], admitted[each])
        for each in evidence.plan.scenario.authorities
    )


def expected_doubles(evidence: Evidence) -> tuple[ExpectedDouble, ...]:
    """Tickets that admitted several times, none of which can be held against anybody."""
    return tuple(
        ExpectedDouble(
            each.ticket,
            len(each.admissions),
            _ids(window for double in each.doubles for window in double.because),
            witness(each.admissions[:2]),
        )
        for each in doubled_tickets(evidence)
        if each.wrong is None
    )


def locked_out_guests(evidence: Evidence) -> tuple[LockedOut, ...]:
    """Guests whom devices turned away though their tickets were valid."""
    return tuple(
        LockedOut(each.ticket, each.why, _ids(each.because), witness(each.scans[:2]))
        for each in find_lockouts(evidence)
    )


def _ids(windows: Iterable[FaultWindow]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(window.fault for window in windows))


def pending_scans(evidence: Evidence) -> tuple[PendingScan, ...]:
    """Scans that are in no record but in their device's journal."""
    kept = (own for own in own_decisions(evidence) if own.entry is not None)
    return tuple(
        PendingScan(
            own.device,
            own.entry.attempt,
            own.ticket,
            str(own.entry.outcome),
            own.entry.state,
            own.entry.error or _NO_ERROR[own.entry.state],
        )
        for own in kept
        if own.entry is not None and own.entry.state in NOT_ON_RECORD
    )


_NO_ERROR = {
    QueueState.PENDING: "not sent yet",
    QueueState.SYNCING: "sent, no answer yet",
    QueueState.FAILED: "the service will not take it",
}


def conflicts(evidence: Evidence) -> tuple[Conflict, ...]:
    """Uploads that came second, with both sides."""
    entries = (own.entry for own in own_decisions(evidence))
    return tuple(
        Conflict(
            entry.device,
            entry.attempt,
            evidence.as_planned(entry.ticket),
            entry.scanned_at,
            entry.winner_device,
            entry.winner_time,
        )
        for entry in entries
        if entry is not None and entry.state is QueueState.CONFLICT
    )


def count_uploads(evidence: Evidence) -> Uploads | None:
    """Where everything is that devices decided by themselves; None if there is nothing."""
    entries = [own.entry for own in own_decisions(evidence) if own.entry is not None]
    if not entries:
        return None
    states = Counter(entry.state for entry in entries)
    return Uploads(
        synced=states[QueueState.SYNCED],
        conflicts=states[QueueState.CONFLICT],
        waiting=states[QueueState.PENDING] + states[QueueState.SYNCING],
        failed=states[QueueState.FAILED],
        flagged=sum(entry.flag is not None for entry in entries),
        recognised=sum(entry.recognised for entry in entries),
    )


def unread_journals(evidence: Evidence) -> tuple[UnreadJournals, ...]:
    """Whose journals nobody could read, and why."""
    return tuple(
        UnreadJournals(event.fleet, event.devices, event.why)
        for event in evidence.journals.not_told
    )
