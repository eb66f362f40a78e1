"""The summary of the terminal as plain text."""

import io
from collections.abc import Sequence

from rich.console import Console

from gatedrill.orchestrator.reports.judged_run import JudgedRun
from gatedrill.orchestrator.summary import print_summary

_UNCUT = 1000


def render_plain(runs: Sequence[JudgedRun]) -> str:
    """All summaries, one after the other, without colours and without cutting a line."""
    file = io.StringIO()
    console = Console(file=file, width=_UNCUT, highlight=False, color_system=None)
    for run in runs:
        print_summary(run.result, console)
    return file.getvalue()
