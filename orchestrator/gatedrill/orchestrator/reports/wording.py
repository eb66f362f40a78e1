"""Sentences that several reports say in the same words."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from gatedrill.orchestrator.checks.check import CheckResult
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.result import Result
from gatedrill.orchestrator.rounds import ListedAttempt, RoundResult

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
