"""What was measured: latency by stage and by metric, outcomes."""

from collections.abc import Iterator, Sequence

from gatedrill.contract.outcome import REASONS, OutcomeKind, Reason
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.metrics import LatencyStats, collect_metrics
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.histogram import bin_latencies, bin_name, draw_histogram
from gatedrill.orchestrator.reports.marks import OUTCOMES, PLAIN, mark
from gatedrill.orchestrator.reports.markup import Content, Html, element, joined
from gatedrill.orchestrator.reports.table import scroll_box, table
from gatedrill.orchestrator.reports.wording import stage_rows
from gatedrill.orchestrator.result import OutcomeCount, Result

_STATISTICS = ("avg", "min", "p50", "p95", "p99", "max")


def latency_section(result: Result, evidence: Evidence) -> Iterator[Html]:
    """Quantiles by stage, and how the latencies of scans and of checkouts are spread."""
    yield element("h3", "Latency")
    columns = ("stage", "attempts", *_STATISTICS)
    rows = ((name.strip(), *_statistics(stats)) for name, stats in stage_rows(result))
    yield table("Milliseconds, counted from the intended instant", columns, rows)
    metrics = collect_metrics(seen.record for seen in evidence.let_go if not seen.is_probe)
    if result.scan_duration is not None:
        yield from _distribution("scans", result.scan_duration, metrics.scan_duration)
    if result.checkout_duration is not None:
        yield from _distribution("checkouts", result.checkout_duration, metrics.checkout_duration)


def _statistics(stats: LatencyStats | None) -> tuple[Content, ...]:
    if stats is None:
        return (figures.count(0), *(figures.latency_ms(None) for _ in _STATISTICS))
    values = (figures.latency_ms(getattr(stats, name)) for name in _STATISTICS)
    return (figures.count(stats.count), *values)


def _distribution(what: str, stats: LatencyStats, values_ms: Sequence[float]) -> Iterator[Html]:
    bins = bin_latencies(values_ms)
    drawing = scroll_box(f"Latency of {what}", draw_histogram(what, bins, stats))
    yield element("figure", drawing, element("figcaption", f"How long {what} took."))
    rows = ((bin_name(each), figures.count(each.number)) for each in bins if each.number)
    yield element(
        "details",
        element("summary", f"Latency of {what} as a table"),
        table(f"{what.capitalize()} by latency", ("latency", what), rows),
    )


def outcomes_section(result: Result) -> Iterator[Html]:
    """How many attempts ended how, and what that means."""
    yield element("h3", "Outcomes")
    if not result.outcomes:
        yield element("p", "No attempt was heard of.")
        return
    rows = map(_outcome_row, result.outcomes)
    yield table("Attempts by kind and reason", ("outcome", "attempts"), rows)


def _outcome_row(each: OutcomeCount) -> tuple[Content, ...]:
    name = mark(OUTCOMES.get(OutcomeKind(each.kind), PLAIN), each.kind)
    if each.reason is None:
        return name, figures.count(each.count)
    reason = element("span", f" ({each.reason})")
    meaning = element("small", REASONS[Reason(each.reason)].meaning)
    return joined([name, reason, meaning]), figures.count(each.count)
