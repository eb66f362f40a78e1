"""A scan counts once at the service, however often it was sent."""

from collections.abc import Iterator

from gatedrill.contract.messages import QueueEntry, QueueState
from gatedrill.orchestrator.checks.check import CheckResult, Violation, result
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.uploads import entry_in_words, is_taken, own_decisions, row_in_words


def synced_once(evidence: Evidence) -> CheckResult:
    """No scan has two rows that let somebody in, and none lost against itself.

    The nonce is the same for the question that had no answer and for the upload. A scan that is
    told of a winner of its own device, where that device let nobody else in, was uploaded without
    it.
    """
    by_nonce = evidence.rows_by_nonce
    found = [
        Violation(_subject(evidence, nonce), "counts twice at the service", tuple(lines[:2]))
        for nonce, rows in by_nonce.items()
        if len(lines := [row_in_words(row) for row in rows if is_taken(row)]) > 1
    ]
    uploaded = [own.entry for own in own_decisions(evidence) if own.entry is not None]
    found += _against_themselves(evidence, uploaded)
    examined = by_nonce.keys() | {entry.nonce for entry in uploaded}
    claim = "a scan counts once, however often it was sent"
    return result("synced once", claim, len(examined), found)


def _subject(evidence: Evidence, nonce: str) -> str:
    told = evidence.journals.by_nonce.get(nonce)
    if told is not None:
        return evidence.as_planned(told.entry.ticket)
    scans = (seen.planned.ticket for seen in evidence.scans if seen.record.nonce == nonce)
    return next(scans, nonce)


def _against_themselves(evidence: Evidence, uploaded: list[QueueEntry]) -> Iterator[Violation]:
    for entry in uploaded:
        ticket = evidence.as_planned(entry.ticket)
        if entry.state is not QueueState.CONFLICT or entry.winner_device != entry.device:
            continue
        others = (
            seen
            for seen in evidence.by_ticket.get(ticket, ())
            if seen.record.device == entry.device
            and seen.record.outcome.admits
            and seen.record.nonce != entry.nonce
        )
        if next(others, None) is None:
            rows = evidence.log_rows.get(ticket, ())
            own = [row_in_words(row) for row in rows if row.device_id == entry.device]
            what = "lost against its own scan: it was uploaded without its nonce"
            yield Violation(ticket, what, (entry_in_words(entry), *own[:2]))
