"""Questions that the service did not answer in time, and how they ended on both sides.

The service has heard of them or not, and the device, which decided by itself then, has let somebody
in or not. The worst is a guest whom the service has let in and the device turned away.
"""

from collections import Counter
from collections.abc import Iterator

import msgspec

from gatedrill.contract.service import ScanLogRow, VipScanLogRow
from gatedrill.orchestrator.checks.scan_log import UPLOADED
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.seen import SeenScan, is_unanswered
from gatedrill.orchestrator.told_journals import BY_ITSELF
from gatedrill.orchestrator.wall_clock import epoch_ns


class Timeouts(msgspec.Struct, frozen=True):
    """How many there were of each kind; `not_known` are those that no record tells of."""

    received_admitted: int
    received_refused: int
    lost_admitted: int
    lost_refused: int
    not_known: int


def count_timeouts(evidence: Evidence) -> Timeouts | None:
    """Of the scans that devices decided after the service had not answered; None if none were."""
    counted = Counter(_kinds(evidence))
    if not counted:
        return None
    return Timeouts(**{name: counted[name] for name in Timeouts.__struct_fields__})


def _kinds(evidence: Evidence) -> Iterator[str]:
    for seen in evidence.scans:
        record = seen.record
        timed_out = any(is_unanswered(ask) for ask in record.acting_asks)
        if timed_out and record.authority in BY_ITSELF and not record.outcome.is_open:
            received = _was_received(evidence, seen)
            if received is None:
                yield "not_known"
            else:
                ended = "admitted" if record.outcome.admits else "refused"
                yield f"{'received' if received else 'lost'}_{ended}"


def _was_received(evidence: Evidence, seen: SeenScan) -> bool | None:
    """Whether the service has the question on record; None if nobody can tell."""
    nonce = seen.record.nonce
    entry = evidence.journals.of_scan(nonce, seen.record.attempt)
    if entry is not None and entry.recognised:
        return True
    asked = [
        _is_of_question(evidence, seen, row) for row in evidence.rows_by_nonce.get(nonce or "", ())
    ]
    if any(asked):
        return True
    tells = evidence.records.complete_logs and bool(evidence.rows_by_nonce) and None not in asked
    return False if tells else None


def _is_of_question(
    evidence: Evidence, seen: SeenScan, row: ScanLogRow | VipScanLogRow
) -> bool | None:
    """Whether a row was left by the question and not by the later upload; None if it may be both.

    Passes are uploaded by the function that was asked: there the time of the entry has to tell.
    """
    if isinstance(row, ScanLogRow):
        return row.scan_method != UPLOADED
    at_ns = epoch_ns(row.scanned_at)
    if at_ns is None or evidence.wall is None:
        return None
    ask = seen.record.acting_asks[0]
    return at_ns - evidence.wall.began_ns < (ask.sent_ns + seen.record.decided_ns) // 2
