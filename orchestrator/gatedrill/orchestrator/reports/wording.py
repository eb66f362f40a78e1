"""Sentences that several reports say in the same words."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from gatedrill.orchestrator.checks.check import CheckResult
from gatedrill.orchestrator.hunts import Hunt
from gatedrill.orchestrator.metrics import LatencyStats
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.result import Result
from gatedrill.orchestrator.rounds import ListedAttempt, RoundResult
from gatedrill.orchestrator.thresholds import ThresholdResult

PLUS_MINUS = "\N{PLUS-MINUS SIGN}"
_NAMED_UP_TO = 10


def outcomes_in_words(result: Result) -> str:
    """How the attempts of a run ended."""
    counted = (
        f"{each.count} {each.kind}" + (f" ({each.reason})" if each.reason else "")
        for each in result.outcomes
    )
    return ", ".join(counted) or "no attempts"


def round_in_words(each: RoundResult) -> str:
    """How the attempts of a burst ended, the most frequent outcome first."""
    counted = Counter(each.outcomes).most_common()
    return ", ".join(f"{number} {outcome}" for outcome, number in counted) or "nothing was heard"


def skew_in_words(each: RoundResult) -> str:
    """First to last release, in milliseconds, with what it may be wrong by between fleets."""
    if each.release_skew_ms is None:
        return figures.NOTHING
    bound = f" {PLUS_MINUS} {figures.fine_ms(each.skew_bound_ms)}" if each.skew_bound_ms else ""
    return f"{figures.fine_ms(each.release_skew_ms)}{bound} ms"


def release_in_words(released: Sequence[str]) -> str:
    """How devices were let go; empty where no fleet told."""
    if not released:
        return ""
    if len(released) > 1:
        return "partly with real-time priority"
    return f"with {released[0]} priority"


def released_alike(rounds: Sequence[RoundResult]) -> Sequence[str] | None:
    """How the devices of all bursts were let go; None if not of all in the same way."""
    ways = {each.released for each in rounds}
    return ways.pop() if len(ways) == 1 else None


def sweep_in_words(swept_ms: float) -> str:
    """How far apart a swept burst was."""
    return f"spread over {swept_ms:.1f} ms, meant so"


def hunt_in_words(hunt: Hunt) -> str:
    """What came of a hunt."""
    found = hunt.found_in_round
    said = "found nothing" if found is None else f"two were let in with one ticket in round {found}"
    return f"{hunt.rounds} rounds within {hunt.window_ms:g} ms: {said}"


def attempts_in_words(result: Result) -> str:
    """How many attempts there were, and how those fared that metrics count."""
    counters = result.counters
    told = f"{counters.attempts} attempts at {result.devices} devices"
    return "; ".join([told, *_metrics_in_words(result)])


def _metrics_in_words(result: Result) -> Iterator[str]:
    counters = result.counters
    if counters.scans:
        errors = figures.share(counters.scan_errors)
        races = counters.race_conditions_caught
        yield f"{counters.scans} scans, {errors} errors, {races} races caught by the service"
    if counters.checkouts:
        yield f"{counters.checkouts} checkouts, {figures.share(counters.checkout_errors)} errors"


def stage_rows(result: Result) -> tuple[tuple[str, LatencyStats | None], ...]:
    """Latency by stage, then by whose it is."""
    stages = result.stages
    claim = [("  claim: sent to the registrar's answer", stages.claim)] if stages.claim else []
    by_hand = result.by_hand and [("by hand: read to decided", result.by_hand.scan_duration)]
    return (
        ("all", stages.total),
        ("wait: intended to released", stages.wait),
        ("read: released to decoded", stages.read),
        ("decide: decoded to decided", stages.decide),
        ("  ask: sent to answered", stages.ask),
        ("    by the service's stamps", stages.service),
        ("  pause: after a busy answer", stages.pause),
        ("  ours: the rest of it", stages.ours),
        *claim,
        ("the service's share", result.service_duration),
        ("this machine's own", result.own_duration),
        *(by_hand or []),
    )


def threshold_in_words(threshold: ThresholdResult) -> str:
    """What it asks for, and of which scans where people present some by hand."""
    by_hand = " by hand" if threshold.by_hand else ""
    return f"{threshold.metric}{by_hand}: {threshold.expression}"


def threshold_status(threshold: ThresholdResult) -> str:
    """Whether it was met, and if not, whether that is certainly the service's doing."""
    if threshold.passed:
        return "met"
    return "machine too busy to say" if threshold.is_machines else "crossed"


def whose_in_words(threshold: ThresholdResult) -> str:
    """Of a crossed threshold, whose share it was; empty where that is not told."""
    if threshold.passed or threshold.service_value is None:
        return ""
    service = figures.between(threshold.service_at_least, threshold.service_value)
    own = figures.threshold_value(threshold.own_value)
    return f"the service's share {service}, this machine's own {own}"


def not_judged(checks: Iterable[CheckResult]) -> dict[str, list[str]]:
    """The names of the checks that were not judged, by the reason why."""
    names: dict[str, list[str]] = {}
    for check in checks:
        if check.why_not_judged is not None:
            names.setdefault(check.why_not_judged, []).append(check.name)
    return names


def some(names: Sequence[str]) -> str:
    """The first of these names, and how many more there are."""
    hidden = len(names) - _NAMED_UP_TO
    more = f" and {hidden} more" if hidden > 0 else ""
    return ", ".join(names[:_NAMED_UP_TO]) + more


def with_note(attempt: ListedAttempt) -> str:
    """How an attempt ended, and what the device showed besides."""
    return f"{attempt.outcome}, {attempt.note}" if attempt.note else attempt.outcome
