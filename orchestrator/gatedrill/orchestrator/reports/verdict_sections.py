"""The verdict, and what it rests on: checks with their witnesses, thresholds."""

from collections.abc import Iterator, Mapping

from gatedrill.contract.outcome import OutcomeKind
from gatedrill.orchestrator.checks.check import CheckResult, CheckStatus, Violation
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.figures import Figure
from gatedrill.orchestrator.reports.marks import BAD, DOUBT, GOOD, STATUSES, VERDICTS, mark
from gatedrill.orchestrator.reports.markup import Content, Html, element, joined, markup
from gatedrill.orchestrator.reports.table import table
from gatedrill.orchestrator.reports.wording import (
    not_judged,
    threshold_in_words,
    threshold_status,
    whose_in_words,
)
from gatedrill.orchestrator.result import Result, Verdict

KeyFigure = tuple[str, Figure, str]
"""A name, what it was, and its unit."""

MEANINGS: Mapping[Verdict, str] = {
    Verdict.PASSED: "All checks that could be judged hold, and all thresholds.",
    Verdict.VIOLATED: "At least one check found something wrong.",
    Verdict.INCONCLUSIVE: "The rehearsal may not have shown what it was to show.",
    Verdict.THRESHOLD_CROSSED: "Too slow, too many errors, or whatever else the scenario promised.",
}


def verdict_section(result: Result, name: str, anchor: str) -> Html:
    """The verdict with its doubts, and the few figures that everybody asks for first."""
    sign = VERDICTS[result.verdict]
    return element(
        "div",
        element("h2", mark(sign, result.verdict.upper()), f" {name}", id=anchor),
        element("p", result.title, class_="title"),
        element("p", MEANINGS[result.verdict]),
        *_doubts(result),
        element("dl", *_key_figures(result), class_="tiles"),
        class_=f"verdict {sign.tone}",
    )


def _doubts(result: Result) -> Iterator[Html]:
    if result.inconclusive_because:
        doubts = (element("li", doubt) for doubt in result.inconclusive_because)
        yield element("ul", *doubts, class_="doubts")


def _key_figures(result: Result) -> Iterator[Html]:
    for name, figure, unit in (
        ("attempts", figures.count(result.counters.attempts), ""),
        ("devices", figures.count(result.devices), ""),
        *_outcomes(result),
        *_scans(result),
        *_checkouts(result),
        *_skew(result),
    ):
        yield element("div", element("dt", name), element("dd", figure, unit))


def _outcomes(result: Result) -> Iterator[KeyFigure]:
    """How many attempts ended in each kind of outcome that there was."""
    for kind in OutcomeKind:
        counted = sum(each.count for each in result.outcomes if each.kind == kind)
        if counted:
            yield str(kind), figures.count(counted), ""


def _scans(result: Result) -> Iterator[KeyFigure]:
    counters, stats = result.counters, result.scan_duration
    if stats is not None:
        yield "races caught by the service", figures.count(counters.race_conditions_caught), ""
        yield "scan errors", figures.share(counters.scan_errors), ""
        yield "scan latency, p95", figures.latency_ms(stats.p95), " ms"


def _checkouts(result: Result) -> Iterator[KeyFigure]:
    stats = result.checkout_duration
    if stats is not None:
        yield "checkout errors", figures.share(result.counters.checkout_errors), ""
        yield "checkout latency, p95", figures.latency_ms(stats.p95), " ms"


def _skew(result: Result) -> Iterator[KeyFigure]:
    if result.release_skew is not None:
        yield "release skew, median", figures.fine_ms(result.release_skew.median_ms), " ms"


def checks_section(result: Result) -> Iterator[Html]:
    """Every check, and what shows that one is violated."""
    yield element("h3", "Checks")
    columns = ("check", "status", "examined", "wrong")
    judged = [check for check in result.checks if check.status is not CheckStatus.NOT_JUDGED]
    yield table("Was it right?", columns, map(_check_row, judged))
    for check in judged:
        yield from _witnesses(check)
    if unjudged := not_judged(result.checks):
        rows = ((why, ", ".join(names)) for why, names in unjudged.items())
        yield table("Checks that were not judged", ("why", "checks"), rows)


def _check_row(check: CheckResult) -> tuple[Content, ...]:
    return (
        joined([markup(check.name), element("small", check.claim)]),
        mark(STATUSES[check.status], check.status),
        figures.count(check.examined),
        figures.count(check.violations),
    )


def _witnesses(check: CheckResult) -> Iterator[Html]:
    if not check.shown:
        return
    hidden = check.violations - len(check.shown)
    yield element(
        "details",
        element(
            "summary",
            f"What shows that \N{LEFT DOUBLE QUOTATION MARK}{check.name}"
            "\N{RIGHT DOUBLE QUOTATION MARK} is violated",
        ),
        *map(_violation, check.shown),
        *([element("p", f"And {hidden} more.")] if hidden else []),
        open="",
    )


def _violation(violation: Violation) -> Html:
    return element(
        "div",
        element("p", element("strong", f"{violation.subject}: {violation.what}")),
        element("ul", *(element("li", line) for line in violation.witness), class_="witness"),
    )


_THRESHOLD_SIGNS = {"met": GOOD, "crossed": BAD, "machine too busy to say": DOUBT}


def thresholds_section(result: Result) -> Iterator[Html]:
    """Every threshold with the figure that it met."""
    if not result.thresholds:
        return
    yield element("h3", "Thresholds")
    rows = (
        (
            threshold_in_words(each),
            mark(_THRESHOLD_SIGNS[threshold_status(each)], threshold_status(each)),
            figures.threshold_value(each.value),
            whose_in_words(each) or figures.NOTHING,
        )
        for each in result.thresholds
    )
    columns = ("threshold", "status", "value", "if not met, by whose share")
    yield table("Was it good enough?", columns, rows)
