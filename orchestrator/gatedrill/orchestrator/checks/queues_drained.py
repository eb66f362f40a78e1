"""Queues get empty in the time that is set for it."""

from collections.abc import Iterator

from gatedrill.orchestrator.checks.check import (
    MAX_SHOWN,
    CheckResult,
    Violation,
    not_judged,
    result,
)
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.history import Drained, Journaled
from gatedrill.orchestrator.plan import DrainAct
from gatedrill.orchestrator.told_journals import is_own_decision
from gatedrill.orchestrator.uploads import WAITING, entry_in_words


def queues_drained(evidence: Evidence) -> CheckResult:
    """After a drain began, all that was decided until then was settled in time.

    Settled is what the service has taken, or will not take. By what devices told while it was
    waited for, and by what their journals say of each scan in the end.
    """
    name, claim = "queues drained", "queues are empty within the time that is set"
    if not evidence.drained:
        return not_judged(name, claim, "no queue was drained")
    within_ns = {act.id: round(act.within_s * 1e9) for act in _drains(evidence)}
    due = _decided_ns(evidence)
    found: list[Violation] = []
    for drain in evidence.drained:
        limit_ns = drain.began_ns + within_ns.get(drain.drain, drain.ended_ns - drain.began_ns)
        left = {device: number for device, number in drain.left.items() if number}
        found += _left(drain, left)
        found += [
            Violation(drain.drain, what, (entry_in_words(told.entry),))
            for told, decided_ns in due
            if decided_ns <= drain.began_ns and told.entry.device not in left
            if (what := _what_is_wrong(evidence, told, drain, limit_ns)) is not None
        ]
    return result(name, claim, len(evidence.drained), found)


def _drains(evidence: Evidence) -> Iterator[DrainAct]:
    for acts in (*(step.before for step in evidence.plan.steps), evidence.plan.after):
        yield from (act for act in acts if isinstance(act, DrainAct))


def _decided_ns(evidence: Evidence) -> list[tuple[Journaled, int]]:
    """What devices decided by themselves, and when, where that is known."""
    heard_ns = {seen.planned.attempt: seen.record.decided_ns for seen in evidence.scans}
    found = []
    for told in evidence.journals.told:
        written_ns = (
            None if evidence.wall is None else evidence.wall.in_history(told.entry.scanned_at)
        )
        decided_ns = heard_ns.get(told.entry.attempt, written_ns)
        if is_own_decision(told.entry) and decided_ns is not None:
            found.append((told, decided_ns))
    return found


def _left(drain: Drained, left: dict[str, int]) -> Iterator[Violation]:
    waited_s = (drain.ended_ns - drain.began_ns) / 1e9
    if left:
        lines = tuple(f"{device}: {number} left" for device, number in sorted(left.items()))
        what = f"{sum(left.values())} scans were left after {waited_s:.1f} s"
        yield Violation(drain.drain, what, lines[:MAX_SHOWN])


def _what_is_wrong(
    evidence: Evidence, told: Journaled, drain: Drained, limit_ns: int
) -> str | None:
    if told.entry.state in WAITING:
        return "was not uploaded, though the queue was said to be empty"
    settled_ns, bound_ns = told.entry.settled_ns, evidence.clock_bounds_ns.get(told.fleet, 0)
    if settled_ns is None or settled_ns - bound_ns <= limit_ns:
        return None
    return f"a scan was settled only {(settled_ns - drain.began_ns) / 1e9:.1f} s after it began"
