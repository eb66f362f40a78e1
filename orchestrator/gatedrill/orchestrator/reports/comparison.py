"""Two runs side by side: what each has, and by how much the second differs. Nothing is judged."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from gatedrill.orchestrator.checks.check import CheckStatus
from gatedrill.orchestrator.metrics import LatencyStats
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.figures import Figure
from gatedrill.orchestrator.reports.offline_wording import AUTHORITIES, TIMEOUTS
from gatedrill.orchestrator.reports.wording import (
    release_in_words,
    threshold_in_words,
    threshold_status,
)
from gatedrill.orchestrator.result import Result

ABSENT = figures.NOTHING


class Row(NamedTuple):
    """One thing in both runs; `change` is empty where they do not differ."""

    name: str
    first: str
    second: str
    change: str


class Block(NamedTuple):
    """Rows that belong together."""

    title: str
    rows: tuple[Row, ...]


class Pair(NamedTuple):
    """Two results of one scenario; None where only one side has it."""

    first: Result | None
    second: Result | None


def pair_up(first: Sequence[Result], second: Sequence[Result]) -> list[Pair]:
    """Results by scenario, repetitions in their order; two single results whatever they are of."""
    if len(first) == len(second) == 1:
        return [Pair(first[0], second[0])]
    names = dict.fromkeys(result.scenario for result in (*first, *second))
    return [
        Pair(one, other)
        for name in names
        for one, other in zip_longest(_of(name, first), _of(name, second))
    ]


def _of(scenario: str, results: Sequence[Result]) -> list[Result]:
    return [result for result in results if result.scenario == scenario]


def compare(first: Result, second: Result) -> list[Block]:
    """All rows, block by block; checks that neither run could judge are left out."""
    judged = _judged(first) | _judged(second)
    blocks = (
        ("run", _setting(first), _setting(second)),
        ("attempts", _counts(first), _counts(second)),
        ("on record", _records(first), _records(second)),
        ("without the service", _apart(first), _apart(second)),
        ("checks", _checks(first, judged), _checks(second, judged)),
        ("thresholds", _thresholds(first), _thresholds(second)),
        ("latency, ms", _latencies(first), _latencies(second)),
        ("simultaneity, ms", _simultaneity(first), _simultaneity(second)),
        ("hunt", _hunts(first), _hunts(second)),
    )
    return [Block(title, tuple(_rows(one, other))) for title, one, other in blocks if one or other]


Facts = dict[str, str | Figure]


def _rows(first: Facts, second: Facts) -> Iterator[Row]:
    for name in dict.fromkeys((*first, *second)):
        one, other = first.get(name, ABSENT), second.get(name, ABSENT)
        yield Row(name, str(one), str(other), _change(one, other))


def _change(first: str | Figure, second: str | Figure) -> str:
    if isinstance(first, Figure) and isinstance(second, Figure):
        return figures.change(first, second)
    return "" if str(first) == str(second) else "differs"


def _setting(result: Result) -> Facts:
    return {
        "verdict": str(result.verdict),
        "scenario": result.scenario,
        "run": result.run,
        "seed": str(result.seed),
        "repeat": str(result.repeat),
        "service": result.target,
        "planted fault": result.fault or "none",
        "devices": figures.count(result.devices),
        "ended early": result.cut_short or "no",
    }


def _counts(result: Result) -> Facts:
    counters = result.counters
    outcomes: Facts = {
        f"{each.kind} ({each.reason})" if each.reason else each.kind: figures.count(each.count)
        for each in result.outcomes
    }
    errors: Facts = {
        name: figures.share(share)
        for name, share in (
            ("scan errors", counters.scan_errors),
            ("checkout errors", counters.checkout_errors),
        )
        if share is not None
    }
    return {"all": figures.count(counters.attempts), **outcomes, **errors}


def _records(result: Result) -> Facts:
    """The only slot or reservation of a run goes without its id: each run draws its own."""
    nouns = Counter(fact.what.split()[0] for fact in result.records)
    facts: Facts = {}
    for fact in result.records:
        subject, _, figure = fact.what.partition(": ")
        noun, *_ = subject.split()
        name = f"{noun}: {figure}" if nouns[noun] == 1 else fact.what
        facts[name] = fact.after if fact.before is None else f"{fact.before} -> {fact.after}"
    return facts


def _apart(result: Result) -> Facts:
    """What devices decided by themselves; nothing where only the service may."""
    facts: Facts = {
        f"decided by {AUTHORITIES.get(each.authority, each.authority)}": figures.count(each.decided)
        for each in result.decided_by
    }
    if result.decided_by:
        facts["admitted twice, as expected"] = figures.count(len(result.expected_doubles))
        facts["locked out"] = figures.count(len(result.locked_out))
        facts["not uploaded"] = figures.count(len(result.pending))
        facts["conflicts"] = figures.count(len(result.conflicts))
    if result.timeouts is not None:
        facts |= {
            f"no answer: {told}": figures.count(getattr(result.timeouts, name))
            for name, told in TIMEOUTS.items()
        }
    return facts


def _judged(result: Result) -> set[str]:
    return {check.name for check in result.checks if check.status is not CheckStatus.NOT_JUDGED}


def _checks(result: Result, judged: set[str]) -> Facts:
    return {
        check.name: f"{check.status}, {check.violations} wrong"
        if check.violations
        else check.status
        for check in result.checks
        if check.name in judged
    }


def _thresholds(result: Result) -> Facts:
    facts: Facts = {}
    for each in result.thresholds:
        name = threshold_in_words(each)
        facts[name] = figures.threshold_value(each.value)
        facts[f"{name}, status"] = threshold_status(each)
    return facts


def _latencies(result: Result) -> Facts:
    stages = result.stages
    return {
        **_statistics("all", stages.total, ("avg", "min", "p50", "p95", "p99", "max")),
        **_statistics("wait", stages.wait, ("p50", "p95")),
        **_statistics("read", stages.read, ("p50", "p95")),
        **_statistics("decide", stages.decide, ("p50", "p95")),
        **_statistics("ask", stages.ask, ("p50", "p95")),
        **_statistics("by the service's stamps", stages.service, ("p50", "p95")),
        **_statistics("pause", stages.pause, ("p50", "p95")),
        **_statistics("claim", stages.claim, ("p50", "p95")),
        **_statistics("ours", stages.ours, ("p50", "p95")),
        **_statistics("the service's share", result.service_duration, ("p50", "p95")),
        **_statistics("this machine's own", result.own_duration, ("p50", "p95")),
    }


def _statistics(stage: str, stats: LatencyStats | None, names: Sequence[str]) -> Facts:
    if stats is None:
        return {}
    return {f"{stage}, {name}": figures.latency_ms(getattr(stats, name)) for name in names}


def _simultaneity(result: Result) -> Facts:
    facts: Facts = {
        f"clock bound of {clock.fleet}": figures.fine_ms(clock.bound_ms) for clock in result.clocks
    }
    if result.release_skew is not None:
        facts["release skew, median"] = figures.fine_ms(result.release_skew.median_ms)
        facts["release skew, p95"] = figures.fine_ms(result.release_skew.p95_ms)
    bounds = [each.skew_bound_ms for each in result.rounds if each.skew_bound_ms]
    if bounds:
        facts["release skew, known to \N{PLUS-MINUS SIGN}"] = figures.fine_ms(max(bounds))
    released = {mode for each in result.rounds for mode in each.released}
    if released:
        facts["let go"] = release_in_words(sorted(released))
    facts |= {
        f"clock drift of {clock.fleet}": figures.fine_ms(clock.drift_ms)
        for clock in result.clocks
        if clock.drift_ms is not None
    }
    late = sum(len(each.late) for each in result.rounds)
    if late:
        facts["let go late"] = figures.count(late)
    return facts


def _hunts(result: Result) -> Facts:
    facts: Facts = {}
    for hunt in result.hunts:
        facts[f"{hunt.phase}, rounds"] = figures.count(hunt.rounds)
        facts[f"{hunt.phase}, window in ms"] = figures.window_ms(hunt.window_ms)
        found = hunt.found_in_round
        facts[f"{hunt.phase}, found in round"] = (
            "not found" if found is None else figures.count(found)
        )
    return facts
