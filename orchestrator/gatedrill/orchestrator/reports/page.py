"""One HTML file that needs nothing else: no script, no request, no font from elsewhere."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from importlib.resources import files

from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.bursts import bursts_section
from gatedrill.orchestrator.reports.by_hand_section import by_hand_section
from gatedrill.orchestrator.reports.figure_sections import (
    latency_section,
    outcomes_section,
)
from gatedrill.orchestrator.reports.judged_run import JudgedRun, name_runs
from gatedrill.orchestrator.reports.marks import VERDICTS, mark
from gatedrill.orchestrator.reports.markup import Content, Html, element
from gatedrill.orchestrator.reports.offline_sections import offline_sections
from gatedrill.orchestrator.reports.record_section import records_section
from gatedrill.orchestrator.reports.setting_sections import (
    clocks_section,
    configuration_section,
    devices_section,
)
from gatedrill.orchestrator.reports.stream_section import streams_section
from gatedrill.orchestrator.reports.table import table
from gatedrill.orchestrator.reports.verdict_sections import (
    checks_section,
    thresholds_section,
    verdict_section,
)


def render_page(runs: Sequence[JudgedRun]) -> str:
    """The whole page; runs one below the other, an overview first if there are several."""
    style = files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    body = element(
        "body",
        element("a", "Skip to the verdict", href="#verdict", class_="skip"),
        element("header", element("p", "gatedrill"), element("h1", _title(runs))),
        element("main", *_overview(runs), *_articles(runs), id="verdict", tabindex="-1"),
        element("footer", element("p", _FOOTER)),
    )
    return f"<!DOCTYPE html>\n{element('html', _head(runs, Html(style)), body, lang='en')}\n"


_FOOTER = (
    "Drawn from the folder of the run by gatedrill report. Times are milliseconds unless they say "
    "otherwise; quantiles are exact."
)


def _title(runs: Sequence[JudgedRun]) -> str:
    names = dict.fromkeys(run.result.run for run in runs)
    return f"Gate rehearsal {', '.join(names)}"


def _head(runs: Sequence[JudgedRun], style: Html) -> Html:
    verdicts = ", ".join(f"{run.result.scenario} {run.result.verdict}" for run in runs)
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(style)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{verdicts} \N{EN DASH} {_title(runs)}"),
        element("style", style),
    )


def _policy(style: str) -> str:
    """Nothing may be fetched or run; of styles only ours, known by its hash."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


_OVERVIEW_COLUMNS = (
    "scenario",
    "verdict",
    "attempts",
    "scan errors",
    "checkout errors",
    "latency p95, ms",
)


def _overview(runs: Sequence[JudgedRun]) -> Iterator[Html]:
    if len(runs) > 1:
        rows = (_overview_row(*each) for each in _numbered(runs))
        yield table("Verdicts", _OVERVIEW_COLUMNS, rows)


def _overview_row(number: int, name: str, run: JudgedRun) -> tuple[Content, ...]:
    result = run.result
    return (
        element("a", name, href=f"#{_anchor(number)}"),
        mark(VERDICTS[result.verdict], result.verdict),
        figures.count(result.counters.attempts),
        figures.share(result.counters.scan_errors),
        figures.share(result.counters.checkout_errors),
        figures.latency_ms(result.stages.total.p95 if result.stages.total else None),
    )


def _articles(runs: Sequence[JudgedRun]) -> Iterator[Html]:
    for number, name, run in _numbered(runs):
        yield element("article", *_parts(number, name, run), aria_labelledby=_anchor(number))


def _numbered(runs: Sequence[JudgedRun]) -> Iterator[tuple[int, str, JudgedRun]]:
    for number, (name, run) in enumerate(zip(name_runs(runs), runs, strict=True), 1):
        yield number, name, run


def _parts(number: int, name: str, run: JudgedRun) -> Iterator[Html]:
    yield verdict_section(run.result, name, _anchor(number))
    yield from checks_section(run.result)
    yield from thresholds_section(run.result)
    yield from records_section(run.result)
    yield from offline_sections(run.result)
    yield from bursts_section(run.result, run.evidence)
    yield from streams_section(run.result, run.evidence)
    yield from by_hand_section(run.result)
    yield from latency_section(run.result, run.evidence)
    yield from outcomes_section(run.result)
    yield from devices_section(run.result, run.evidence)
    yield from clocks_section(run.result)
    yield from configuration_section(run.result, run.evidence)


def _anchor(number: int) -> str:
    return f"run-{number}"
