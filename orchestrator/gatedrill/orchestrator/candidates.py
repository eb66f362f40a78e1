"""Who may stand on the service's record as a ticket's first scan, and since when."""

from collections.abc import Sequence
from typing import NamedTuple

from gatedrill.contract.messages import QueueEntry, QueueState
from gatedrill.contract.outcome import Authority
from gatedrill.contract.service import ScanLogRow
from gatedrill.orchestrator.checks.scan_log import UPLOADED
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.seen import SeenScan, is_unanswered
from gatedrill.orchestrator.uploads import is_taken

WRITTEN_WITHIN_NS = 1_000_000_000
"""A device stamps its decision, then makes it durable: a busy disk takes its time between."""
_KNOWN_TO_SERVICE = (QueueState.SYNCED, QueueState.CONFLICT)


class Candidate(NamedTuple):
    """A scan that the service may have on record as the first one.

    It was made between `low_ns` and `high_ns`; `is_certain` says that the service knows of it.
    """

    seen: SeenScan
    entry: QueueEntry | None
    low_ns: int
    high_ns: int
    is_certain: bool


def candidates(evidence: Evidence, ticket: str) -> list[Candidate]:
    """All scans of a ticket that may have admitted at the service."""
    found = (_candidate(evidence, seen) for seen in evidence.by_ticket[ticket])
    return [each for each in found if each is not None]


def earliest(among: Sequence[Candidate]) -> list[Candidate]:
    """Those that may be the first one: what is closer than clocks are known is either's."""
    last_ns = min((each.high_ns for each in among if each.is_certain), default=None)
    return [each for each in among if last_ns is None or each.low_ns <= last_ns]


def _candidate(evidence: Evidence, seen: SeenScan) -> Candidate | None:
    record = seen.record
    entry = evidence.journals.of_scan(record.nonce, record.attempt)
    asked = _as_asked(evidence, seen, entry)
    if asked is not None:
        return asked
    if not record.outcome.admits or record.authority is Authority.ONLINE:
        return None
    rows = _rows(evidence, seen)
    uploaded = any(row.scan_method == UPLOADED for row in rows)
    is_certain = uploaded or (entry is not None and entry.state in _KNOWN_TO_SERVICE)
    perhaps_ns = [ask.sent_ns for ask in record.acting_asks if is_unanswered(ask)]
    low_ns, high_ns = decided_between_ns(evidence, seen, entry)
    if entry is not None and entry.flag is not None:
        high_ns = max(high_ns, entry.settled_ns or 1 << 62)
    if perhaps_ns and not uploaded:
        low_ns = min(low_ns, perhaps_ns[0] - _bound_ns(evidence, seen))
    may_be_known = is_certain or bool(perhaps_ns) or not evidence.rows_by_nonce
    return Candidate(seen, entry, low_ns, high_ns, is_certain) if may_be_known else None


def _as_asked(evidence: Evidence, seen: SeenScan, entry: QueueEntry | None) -> Candidate | None:
    """The scan as the service admitted it when it was asked, whether or not the device heard."""
    record, asks = seen.record, seen.record.acting_asks
    told = record.outcome.admits and record.authority is Authority.ONLINE
    on_record = [
        row for row in _rows(evidence, seen) if is_taken(row) and row.scan_method != UPLOADED
    ]
    if not (told or on_record):
        return None
    bound_ns = _bound_ns(evidence, seen)
    sent_ns = asks[0].sent_ns if asks else record.released_ns
    answered_ns = asks[-1].answered_ns if asks else record.decided_ns
    if asks and is_unanswered(asks[-1]):
        answered_ns = max(answered_ns, *(_taken_ns(evidence, row) for row in on_record))
    return Candidate(seen, entry, sent_ns - bound_ns, answered_ns + bound_ns, is_certain=True)


def _taken_ns(evidence: Evidence, row: ScanLogRow) -> int:
    """When the service took a question that the device had given up, by its own log.

    The question may have waited for it, in a network that was gone or while it stood still, long
    after the device's budget.
    """
    at_ns = None if evidence.wall is None else evidence.wall.in_history(row.scanned_at)
    return 1 << 62 if at_ns is None or evidence.wall is None else at_ns + evidence.wall.bound_ns


def decided_between_ns(
    evidence: Evidence, seen: SeenScan, entry: QueueEntry | None
) -> tuple[int, int]:
    """When a device decided: as it wrote down, if that was corrected, else as it told."""
    written_ns = None
    if entry is not None and evidence.wall is not None and entry.clock_bound_ms is not None:
        written_ns = evidence.wall.in_history(entry.scanned_at)
    if written_ns is None or entry is None or evidence.wall is None:
        decided_ns, bound_ns = seen.record.decided_ns, _bound_ns(evidence, seen)
        return decided_ns - bound_ns - WRITTEN_WITHIN_NS, decided_ns + bound_ns
    bound_ns = round((entry.clock_bound_ms or 0.0) * 1e6) + evidence.wall.bound_ns
    return written_ns - bound_ns, written_ns + bound_ns


def _rows(evidence: Evidence, seen: SeenScan) -> list[ScanLogRow]:
    rows = evidence.rows_by_nonce.get(seen.record.nonce or "", ())
    return [row for row in rows if isinstance(row, ScanLogRow)]


def _bound_ns(evidence: Evidence, seen: SeenScan) -> int:
    return evidence.clock_bounds_ns.get(seen.fleet, 0)
