"""What was measured: latency, streams, outcomes."""

from collections.abc import Iterator

from gatedrill.contract.outcome import REASONS, OutcomeKind, Reason
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.metrics import LatencyStats, collect_metrics
from gatedrill.orchestrator.plan import StreamStep
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.histogram import bin_latencies, bin_name, draw_histogram
from gatedrill.orchestrator.reports.marks import OUTCOMES, PLAIN, mark
from gatedrill.orchestrator.reports.markup import Content, Html, element, joined, markup
from gatedrill.orchestrator.reports.stream_chart import Slice, draw_stream, slice_stream
from gatedrill.orchestrator.reports.table import scroll_box, table
from gatedrill.orchestrator.result import OutcomeCount, Result

_STATISTICS = ("avg", "min", "p50", "p95", "p99", "max")


def latency_section(result: Result, evidence: Evidence) -> Iterator[Html]:
    """Quantiles by stage, and how all latencies are spread."""
    yield element("h3", "Latency")
    stages = (
        ("all: intended to decided", result.stages.total),
        ("wait: intended to let go", result.stages.wait),
        ("read: let go to decoded", result.stages.read),
        ("decide: decoded to decided", result.stages.decide),
    )
    columns = ("stage", "scans", *_STATISTICS)
    rows = ((name, *_statistics(stats)) for name, stats in stages)
    yield table("Milliseconds, counted from the intended instant", columns, rows)
    if result.scan_duration is not None:
        yield from _distribution(result.scan_duration, evidence)


def _statistics(stats: LatencyStats | None) -> tuple[Content, ...]:
    if stats is None:
        return (figures.count(0), *(figures.latency_ms(None) for _ in _STATISTICS))
    values = (figures.latency_ms(getattr(stats, name)) for name in _STATISTICS)
    return (figures.count(stats.count), *values)


def _distribution(stats: LatencyStats, evidence: Evidence) -> Iterator[Html]:
    scans = (seen.record for seen in evidence.scans if not seen.is_probe)
    bins = bin_latencies(collect_metrics(scans).scan_duration)
    yield element("figure", scroll_box("Latency distribution", draw_histogram(bins, stats)))
    rows = ((bin_name(each), figures.count(each.scans)) for each in bins if each.scans)
    yield element(
        "details",
        element("summary", "The distribution as a table"),
        table("Scans by latency", ("latency", "scans"), rows),
    )


def streams_section(evidence: Evidence) -> Iterator[Html]:
    """How each stream went, slice by slice."""
    for step in evidence.plan.steps:
        scans = [seen.record for seen in evidence.by_step.get(step.id, ())]
        if isinstance(step, StreamStep) and step.id in evidence.fired and scans:
            slices = slice_stream(scans, evidence.fired[step.id].at_ns)
            if slices:
                yield from _stream(step.id, slices)


def _stream(step: str, slices: list[Slice]) -> Iterator[Html]:
    caption = "Fastest to slowest scan, and the median as a dot"
    if any(each.unsettled for each in slices):
        caption += "; a question mark where scans got no settled answer"
    yield element("h3", f"Stream {step}")
    drawing = scroll_box(f"Latency during {step}", draw_stream(step, slices))
    yield element("figure", drawing, element("figcaption", f"{caption}."))
    columns = ("seconds", "scans", "unsettled", "fastest, ms", "median", "slowest")
    yield element(
        "details",
        element("summary", f"{step} as a table"),
        table(f"Scans of {step} by when they were to begin", columns, map(_slice_row, slices)),
    )


def _slice_row(each: Slice) -> tuple[Content, ...]:
    stats = each.latency
    return (
        f"{each.begin_s:g} to {each.end_s:g}",
        figures.count(each.scans),
        figures.count(each.unsettled),
        *(figures.latency_ms(value) for value in (stats.min, stats.p50, stats.max)),
    )


def outcomes_section(result: Result) -> Iterator[Html]:
    """How many scans ended how, and what that means."""
    yield element("h3", "Outcomes")
    if not result.outcomes:
        yield element("p", "No scan was heard of.")
        return
    yield table(
        "Scans by kind and reason", ("outcome", "scans"), map(_outcome_row, result.outcomes)
    )


def _outcome_row(each: OutcomeCount) -> tuple[Content, ...]:
    name = mark(OUTCOMES.get(OutcomeKind(each.kind), PLAIN), each.kind)
    if each.reason is None:
        return name, figures.count(each.count)
    meaning = element("small", REASONS[Reason(each.reason)].meaning)
    return joined([name, markup(f" ({each.reason})"), meaning]), figures.count(each.count)
