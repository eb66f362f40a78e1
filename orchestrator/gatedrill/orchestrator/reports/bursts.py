"""The bursts of a run: a line each, and the timelines of as many as a page can bear."""

from collections.abc import Iterator, Sequence

from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.hunts import Hunt
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.chart import Band, bands_within
from gatedrill.orchestrator.reports.fault_bands import fault_bands
from gatedrill.orchestrator.reports.marks import DOUBT, GOOD, PLAIN, mark
from gatedrill.orchestrator.reports.markup import Content, Html, element, joined
from gatedrill.orchestrator.reports.selection import (
    choose_bursts,
    most_telling,
    steps_of_witnesses,
    subjects_told,
)
from gatedrill.orchestrator.reports.table import scroll_box, table
from gatedrill.orchestrator.reports.timeline import draw_timeline
from gatedrill.orchestrator.reports.wording import (
    PLUS_MINUS,
    release_in_words,
    round_in_words,
    some,
    sweep_in_words,
    with_note,
)
from gatedrill.orchestrator.result import Result, Skew
from gatedrill.orchestrator.rounds import LATE_MS, ListedAttempt, RoundResult

MAX_OPEN = 3
"""Timelines of which a witness tells, that are unfolded from the beginning."""


def bursts_section(result: Result, evidence: Evidence) -> Iterator[Html]:
    """What is said of the bursts; nothing if there were none."""
    if not result.rounds:
        return
    yield element("h3", "Bursts")
    yield table("Every burst", _COLUMNS, map(_burst_row, result.rounds))
    if result.hunts:
        yield element("h3", "Hunt")
        yield table(
            "Rounds until one ticket let two in", _HUNT_COLUMNS, map(_hunt_row, result.hunts)
        )
    if result.release_skew is not None:
        skew = result.release_skew
        yield table("First to last release of a burst, ms", _SKEW_COLUMNS, [_skew_row(skew)])
    yield from _timelines(result, evidence)


_SKEW_COLUMNS = ("release skew", "bursts", "smallest", "median", "p95")
_HUNT_COLUMNS = ("phase", "rounds", "window, ms", "found in round")
_COLUMNS = (
    "burst",
    "outcomes",
    "let go within, ms",
    f"known to {PLUS_MINUS} ms",
    "let go",
    "planned",
    "contending",
    "under way at one instant",
    "by the stamps of",
    "a race?",
)


def _burst_row(each: RoundResult) -> tuple[Content, ...]:
    return (
        each.step,
        round_in_words(each),
        figures.fine_ms(each.release_skew_ms),
        figures.fine_ms(each.skew_bound_ms),
        _how(each),
        figures.count(each.planned),
        figures.count(each.contending),
        figures.count(each.in_flight),
        each.overlap_source,
        _race(each),
    )


def _how(each: RoundResult) -> str:
    late = f"more than {LATE_MS:g} ms late: {some(each.late)}" if each.late else ""
    return "; ".join(filter(None, (release_in_words(each.released), late))) or figures.NOTHING


def _hunt_row(hunt: Hunt) -> tuple[Content, ...]:
    found = "not found" if hunt.found_in_round is None else figures.count(hunt.found_in_round)
    return hunt.phase, figures.count(hunt.rounds), figures.window_ms(hunt.window_ms), found


def _skew_row(skew: Skew) -> tuple[Content, ...]:
    shown = (skew.min_ms, skew.median_ms, skew.p95_ms)
    return "all bursts", figures.count(skew.rounds), *map(figures.fine_ms, shown)


def _race(each: RoundResult) -> Html:
    if each.swept_ms is not None:
        spread = element("small", sweep_in_words(each.swept_ms))
        return joined([mark(PLAIN, "a sweep"), spread])
    if each.counts is None and each.contending:
        return mark(PLAIN, "devices may decide alone")
    if each.counts is None:
        return mark(PLAIN, "nobody competes")
    if each.why_not:
        return joined([mark(DOUBT, "no"), element("small", each.why_not)])
    return mark(GOOD, "yes")


def _timelines(result: Result, evidence: Evidence) -> Iterator[Html]:
    chosen = choose_bursts(result, evidence)
    told = {each.step: each for each in result.rounds}
    opened = _to_open([told[step.id] for step in chosen], steps_of_witnesses(result, evidence))
    subjects = subjects_told(result, evidence)
    for step in (each.id for each in chosen):
        seen = evidence.let_go_by_step[step]
        attempts = most_telling(seen, subjects)
        left_out = len(seen) - len(attempts)
        bands = fault_bands(result.faults, evidence.fired[step].at_ns / 1e9, 1000)
        yield _timeline(told[step], attempts, left_out, bands, is_open=step in opened)
    undrawn = len(result.rounds) - len(chosen)
    if undrawn:
        why = "nothing was heard of them, or the page would grow too long"
        yield element("p", f"Bursts without a timeline: {undrawn}. Either {why}.")


def _to_open(rounds: Sequence[RoundResult], telling: set[str]) -> list[str]:
    """The first few of which a witness tells, or else the first if it is short."""
    told = [each.step for each in rounds if each.step in telling]
    return told[:MAX_OPEN] or [each.step for each in rounds[:1] if each.attempts]


def _timeline(
    told: RoundResult,
    attempts: Sequence[ListedAttempt],
    left_out: int,
    faults: Sequence[Band],
    *,
    is_open: bool,
) -> Html:
    note = f" {left_out} more attempts are not drawn." if left_out else ""
    end_ms = max(each.decided_ms for each in attempts)
    shades = bands_within(faults, min(each.released_ms for each in attempts), end_ms)
    note += " Shaded while something failed." if shades else ""
    drawing = scroll_box(f"Timeline of {told.step}", draw_timeline(told.step, attempts, faults))
    return element(
        "details",
        element("summary", f"Timeline of {told.step}: {round_in_words(told)}"),
        element("figure", drawing, element("figcaption", f"In the order of decisions.{note}")),
        element("details", element("summary", f"{told.step} as a table"), _figures(told, attempts)),
        open="" if is_open else None,
    )


def _figures(told: RoundResult, attempts: Sequence[ListedAttempt]) -> Html:
    columns = ("device", "outcome", "let go, ms after T", "decoded", "decided")
    rows = (
        (
            each.device,
            with_note(each),
            figures.fine_instant_ms(each.released_ms),
            figures.instant_ms(each.decoded_ms),
            figures.instant_ms(each.decided_ms),
        )
        for each in attempts
    )
    return table(
        f"Attempts of {told.step}, milliseconds from the intended instant T", columns, rows
    )
