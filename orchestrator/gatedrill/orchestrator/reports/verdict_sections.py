"""The verdict, and what it rests on: checks with their witnesses, thresholds."""

from collections.abc import Iterator, Mapping

from gatedrill.orchestrator.checks.check import CheckResult, Violation
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.figures import Figure
from gatedrill.orchestrator.reports.marks import BAD, GOOD, STATUSES, VERDICTS, mark
from gatedrill.orchestrator.reports.markup import Content, Html, element, joined, markup
from gatedrill.orchestrator.reports.table import table
from gatedrill.orchestrator.result import Result, Verdict

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
    counters = result.counters
    p95 = result.scan_duration.p95 if result.scan_duration else None
    skew = result.release_skew.median_ms if result.release_skew else None
    for name, figure, unit in (
        ("scans", figures.count(counters.scans), ""),
        ("devices", figures.count(result.devices), ""),
        ("admitted", figures.count(counters.successful_scans), ""),
        ("already used", figures.count(counters.already_scanned), ""),
        ("races caught by the service", figures.count(counters.race_conditions_caught), ""),
        ("errors", figures.share(counters.scan_errors), ""),
        ("latency, p95", figures.latency_ms(p95), " ms"),
        ("release skew, median", figures.fine_ms(skew), " ms"),
    ):
        yield element("div", element("dt", name), element("dd", figure, _unit(figure, unit)))


def _unit(figure: Figure, unit: str) -> str:
    return unit if figure.value is not None else ""


def checks_section(result: Result) -> Iterator[Html]:
    """Every check, and what shows that one is violated."""
    yield element("h3", "Checks")
    columns = ("check", "status", "examined", "wrong")
    yield table("Was it right?", columns, map(_check_row, result.checks))
    for check in result.checks:
        yield from _witnesses(check)


def _check_row(check: CheckResult) -> tuple[Content, ...]:
    small = [
        check.claim,
        *([f"not judged: {check.why_not_judged}"] if check.why_not_judged else []),
    ]
    return (
        joined([markup(check.name), *(element("small", each) for each in small)]),
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
        element("p", element("strong", f"Ticket {violation.ticket}: {violation.what}")),
        element("ul", *(element("li", line) for line in violation.witness), class_="witness"),
    )


def thresholds_section(result: Result) -> Iterator[Html]:
    """Every threshold with the figure that it met."""
    if not result.thresholds:
        return
    yield element("h3", "Thresholds")
    rows = (
        (
            f"{each.metric}: {each.expression}",
            mark(GOOD, "met") if each.passed else mark(BAD, "crossed"),
            figures.threshold_value(each.value),
        )
        for each in result.thresholds
    )
    yield table("Was it good enough?", ("threshold", "status", "value"), rows)
