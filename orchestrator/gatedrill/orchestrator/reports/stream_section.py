"""How each stream went, slice by slice."""

from collections.abc import Iterator

from gatedrill.contract.attempt import ScanRecord
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.plan import StreamStep
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.chart import Band, bands_within
from gatedrill.orchestrator.reports.fault_bands import fault_bands
from gatedrill.orchestrator.reports.markup import Content, Html, element
from gatedrill.orchestrator.reports.stream_chart import Slice, draw_stream, slice_stream
from gatedrill.orchestrator.reports.table import scroll_box, table
from gatedrill.orchestrator.result import Result


def streams_section(result: Result, evidence: Evidence) -> Iterator[Html]:
    """A drawing and a table for each stream of which something was heard."""
    scans = {step: [each.record for each in seen] for step, seen in evidence.let_go_by_step.items()}
    for step in evidence.plan.steps:
        if isinstance(step, StreamStep) and step.id in evidence.fired:
            records = [each for each in scans.get(step.id, ()) if isinstance(each, ScanRecord)]
            slices = slice_stream(records, evidence.fired[step.id].at_ns)
            if slices:
                at_s = evidence.fired[step.id].at_ns / 1e9
                yield from _stream(step, slices, fault_bands(result.faults, at_s))


def _stream(step: StreamStep, slices: list[Slice], faults: list[Band]) -> Iterator[Html]:
    yield element("h3", f"Stream {step.id}")
    drawing = scroll_box(f"Latency during {step.id}", draw_stream(step.id, slices, faults))
    yield element("figure", drawing, element("figcaption", _caption(step, slices, faults)))
    begun = "arrived" if _has_arrivals(step) else "begun"
    columns = ("seconds", begun, "unsettled", "fastest, ms", "median", "slowest")
    yield element(
        "details",
        element("summary", f"{step.id} as a table"),
        table(f"Scans of {step.id} by when they were to begin", columns, map(_slice_row, slices)),
    )


def _caption(step: StreamStep, slices: list[Slice], faults: list[Band]) -> str:
    caption = "Fastest to slowest scan, and the median as a dot"
    if _has_arrivals(step):
        caption += ", counted from the guest's arrival: waiting in line is part of it"
    if any(each.unsettled for each in slices):
        caption += "; a question mark where scans got no settled answer"
    if bands_within(faults, 0, slices[-1].end_s):
        caption += "; shaded while something failed"
    return f"{caption}."


def _has_arrivals(step: StreamStep) -> bool:
    """Whether guests come by themselves, and not each after the one before."""
    return any(each.due_s is not None for each in step.attempts)


def _slice_row(each: Slice) -> tuple[Content, ...]:
    stats = each.latency
    return (
        f"{each.begin_s:g} to {each.end_s:g}",
        figures.count(each.scans),
        figures.count(each.unsettled),
        *(figures.latency_ms(value) for value in (stats.min, stats.p50, stats.max)),
    )
