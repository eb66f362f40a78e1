"""The forms that a report can take."""

from collections.abc import Callable, Mapping, Sequence

import msgspec

from gatedrill.orchestrator.reports.judged_run import JudgedRun
from gatedrill.orchestrator.reports.junit import render_junit
from gatedrill.orchestrator.reports.page import render_page
from gatedrill.orchestrator.reports.plain import render_plain


def render_json(runs: Sequence[JudgedRun]) -> str:
    """One run as its `result.json`, several as an array of them."""
    results = [run.result for run in runs]
    contents = results[0] if len(results) == 1 else results
    return msgspec.json.format(msgspec.json.encode(contents), indent=2).decode() + "\n"


RENDERERS: Mapping[str, Callable[[Sequence[JudgedRun]], str]] = {
    "terminal": render_plain,
    "json": render_json,
    "junit": render_junit,
    "html": render_page,
}
