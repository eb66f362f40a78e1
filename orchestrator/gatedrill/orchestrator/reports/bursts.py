"""The bursts of a run: a line each, and the timelines of as many as a page can bear."""

from collections.abc import Iterator, Sequence

from gatedrill.orchestrator.evidence import Evidence, SeenScan
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.marks import DOUBT, GOOD, PLAIN, mark
from gatedrill.orchestrator.reports.markup import Content, Html, element, joined
from gatedrill.orchestrator.reports.selection import (
    choose_bursts,
    most_telling,
    steps_of_witnesses,
)
from gatedrill.orchestrator.reports.table import scroll_box, table
from gatedrill.orchestrator.reports.timeline import draw_timeline
from gatedrill.orchestrator.result import Result, Skew
from gatedrill.orchestrator.rounds import ListedScan, RoundResult


def bursts_section(result: Result, evidence: Evidence) -> Iterator[Html]:
    """What is said of the bursts; nothing if there were none."""
    if not result.rounds:
        return
    yield element("h3", "Bursts")
    yield table("Every burst", _COLUMNS, map(_burst_row, result.rounds))
    if result.release_skew is not None:
        skew = result.release_skew
        yield table("First to last release of a burst, ms", _SKEW_COLUMNS, [_skew_row(skew)])
    yield from _timelines(result, evidence)


_SKEW_COLUMNS = ("release skew", "bursts", "smallest", "median", "p95")
_COLUMNS = (
    "burst",
    "outcomes",
    "let go within, ms",
    "planned",
    "under way at one instant",
    "by the stamps of",
    "a race?",
)


def _burst_row(each: RoundResult) -> tuple[Content, ...]:
    return (
        each.step,
        in_words(each),
        figures.fine_ms(each.release_skew_ms),
        figures.count(each.planned),
        figures.count(each.in_flight),
        each.overlap_source,
        _race(each),
    )


def _skew_row(skew: Skew) -> tuple[Content, ...]:
    shown = (skew.min_ms, skew.median_ms, skew.p95_ms)
    return "all bursts", figures.count(skew.rounds), *map(figures.fine_ms, shown)


def in_words(each: RoundResult) -> str:
    """How the scans of a burst ended."""
    counted = (f"{number} {outcome}" for outcome, number in each.outcomes.items())
    return ", ".join(counted) or "nothing was heard"


def _race(each: RoundResult) -> Html:
    if each.counts is None:
        return mark(PLAIN, "own tickets")
    if each.why_not:
        return joined([mark(DOUBT, "no"), element("small", each.why_not)])
    return mark(GOOD, "yes")


def _timelines(result: Result, evidence: Evidence) -> Iterator[Html]:
    chosen = choose_bursts(result, evidence)
    told = {each.step: each for each in result.rounds}
    telling = steps_of_witnesses(result, evidence)
    for number, step in enumerate(chosen):
        is_open = number == 0 or step.id in telling
        yield _timeline(told[step.id], evidence.by_step[step.id], is_open=is_open)
    left_out = len(result.rounds) - len(chosen)
    if left_out:
        why = "nothing was heard of them, or the page would grow too long"
        yield element("p", f"Bursts without a timeline: {left_out}. Either {why}.")


def _timeline(told: RoundResult, seen: Sequence[SeenScan], *, is_open: bool) -> Html:
    scans = most_telling(seen)
    left_out = len(seen) - len(scans)
    note = f" {left_out} more scans are not drawn." if left_out else ""
    drawing = scroll_box(f"Timeline of {told.step}", draw_timeline(told.step, scans))
    return element(
        "details",
        element("summary", f"Timeline of {told.step}: {in_words(told)}"),
        element("figure", drawing, element("figcaption", f"In the order of decisions.{note}")),
        element("details", element("summary", f"{told.step} as a table"), _figures(told, scans)),
        open="" if is_open else None,
    )


def _figures(told: RoundResult, scans: Sequence[ListedScan]) -> Html:
    columns = ("device", "outcome", "let go, ms after T", "decoded", "decided")
    rows = (
        (
            scan.device,
            scan.outcome,
            figures.fine_instant_ms(scan.released_ms),
            figures.instant_ms(scan.decoded_ms),
            figures.instant_ms(scan.decided_ms),
        )
        for scan in scans
    )
    return table(f"Scans of {told.step}, milliseconds from the intended instant T", columns, rows)
