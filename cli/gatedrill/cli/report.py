"""`gatedrill report`: judge a run's folder again, in the form that is wanted."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gatedrill.cli.closed_pipe import fall_silent
from gatedrill.cli.console import open_console
from gatedrill.cli.exits import gravest
from gatedrill.contract.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gatedrill.orchestrator.reports.judged_run import JudgedRun


class ReportFormat(StrEnum):
    """What a report is read by."""

    TERMINAL = "terminal"
    JSON = "json"
    JUNIT = "junit"
    HTML = "html"


def report(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="A run's folder, or one that holds several")
    ],
    report_format: Annotated[
        ReportFormat, typer.Option("--format", help="What the report is read by")
    ] = ReportFormat.TERMINAL,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Write it there instead of to stdout"),
    ] = None,
) -> int:
    """Judge a run again from its folder, without running anything, and end with its verdict."""
    from gatedrill.orchestrator.reports.formats import RENDERERS
    from gatedrill.orchestrator.reports.judged_run import read_judged_runs

    runs = read_judged_runs(folder)
    if out is None and report_format is ReportFormat.TERMINAL:
        _show(runs)
    else:
        _write(RENDERERS[report_format](runs), out)
    return gravest([run.result.exit_code for run in runs])


def _show(runs: "Sequence[JudgedRun]") -> None:
    from gatedrill.orchestrator.summary import print_summary

    console = open_console()
    for run in runs:
        print_summary(run.result, console)


def _write(text: str, out: Path | None) -> None:
    """The same bytes wherever they go, whatever the terminal's encoding."""
    contents = text.encode()
    if out is not None:
        return _save(contents, out)
    try:
        sys.stdout.buffer.write(contents)
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # the verdict's exit code counts all the same
        fall_silent(sys.stdout)


def _save(contents: bytes, out: Path) -> None:
    try:
        out.write_bytes(contents)
    except OSError as error:
        raise UsageError(f"--out {out}: cannot be written: {error.strerror}") from error
