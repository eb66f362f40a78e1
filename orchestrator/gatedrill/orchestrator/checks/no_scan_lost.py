"""What a device decided by itself gets to the service, or is kept and named."""

from collections.abc import Iterator

from gatedrill.contract.messages import QueueEntry, QueueState
from gatedrill.contract.outcome import Reason
from gatedrill.orchestrator.checks.check import CheckResult, Violation, result, witness
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.seen import SeenScan
from gatedrill.orchestrator.uploads import (
    NOT_ON_RECORD,
    OwnDecision,
    entry_in_words,
    is_on_record,
    own_decisions,
)


def no_scan_lost(evidence: Evidence) -> CheckResult:
    """Every scan is in its device's journal, and what was decided there is on the service's record.

    Or it waits in the journal, or the service will not have it: then it is named in the result. An
    entry in transit that was so before its device last started has been forgotten. A refusal has to
    be on record only where the log promises to be complete.
    """
    written = [
        seen
        for seen in evidence.scans
        if seen.record.nonce is not None
        and not seen.is_walk_in  # perhaps of an edition before this one, which nobody reads
        and evidence.journals.is_read(seen.record.device)
        and seen.record.outcome.reason is not Reason.NOT_RECORDED
    ]
    dropped = [each for each in written if _entry(evidence, each) is None]
    decided = list(own_decisions(evidence))
    found = [
        Violation(seen.planned.ticket, "is in no journal, though it was shown", witness([seen]))
        for seen in dropped
    ]
    found += _lost(evidence, decided, {seen.planned.attempt for seen in dropped})
    examined = {seen.planned.attempt for seen in written} | {own.name for own in decided}
    claim = "what a device decided by itself is on record, or kept and named"
    return result("no scan lost", claim, len(examined), found)


def _entry(evidence: Evidence, seen: SeenScan) -> QueueEntry | None:
    return evidence.journals.of_scan(seen.record.nonce, seen.record.attempt)


def _lost(evidence: Evidence, decided: list[OwnDecision], dropped: set[str]) -> Iterator[Violation]:
    for own in decided:
        what = None if own.name in dropped else _why_lost(evidence, own)
        if what is not None:
            shown = witness([own.seen]) if own.seen is not None else ()
            written = () if own.entry is None else (entry_in_words(own.entry),)
            yield Violation(own.ticket, what, (*shown, *written))


def _why_lost(evidence: Evidence, own: OwnDecision) -> str | None:
    entry = own.entry
    if entry is not None and entry.outcome is None and own.admits:
        return "was shown before it was written down"
    if entry is not None and entry.state in NOT_ON_RECORD:
        return (
            "is stuck: in transit since before its device last started"
            if is_stuck(evidence, entry)
            else None
        )
    if is_on_record(evidence, own) is not False:
        return None
    return (
        "was let in, and the service never heard of it"
        if own.admits
        else ("was turned away, and the service never heard of it")
    )


def is_stuck(evidence: Evidence, entry: QueueEntry) -> bool:
    """Whether it was in transit when its device died, and nobody has sent it again since.

    A device that has just come back may be sending it right now. So a drain must have begun since.
    """
    if entry.state is not QueueState.SYNCING:
        return False
    scanned_ns = None if evidence.wall is None else evidence.wall.in_history(entry.scanned_at)
    back_ns = [
        window.ended_ns
        for window in evidence.faults
        if window.kind == "device-killed"
        and entry.device in window.devices
        and window.ended_ns is not None
        and (scanned_ns is None or scanned_ns <= window.began_ns)
    ]
    return any(drain.ended_ns > min(back_ns, default=drain.ended_ns) for drain in evidence.drained)
