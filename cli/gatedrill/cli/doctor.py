"""`gatedrill doctor`: whether this machine is ready for a drill."""

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from gatedrill.cli.console import open_console
from gatedrill.cli.doctor_checks.finding import Finding, State

if TYPE_CHECKING:
    from rich.console import Console

NOT_READY = 4
"""As for a run that came to no verdict: nothing is proven, and it is not the service's fault."""
_STYLES = {State.OK: "green", State.WARN: "yellow", State.FAIL: "bold red"}


class Diagnosis(msgspec.Struct, frozen=True):
    """What was found, and whether a drill can run."""

    ready: bool
    checks: tuple[Finding, ...]


def doctor(
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="Where runs would keep their folders")
    ] = Path("drills"),
    as_json: Annotated[bool, typer.Option("--json", help="The findings as JSON")] = False,
) -> int:
    """Check that this machine has all that a drill needs, and say how to cure what it lacks."""
    from gatedrill.cli.doctor_checks.catalogue import carried_out, checks

    console = open_console()
    findings = []
    for check in checks(out):
        finding = carried_out(check)
        findings.append(finding)
        if not as_json:
            _show(finding, console)
    ready = all(finding.state is not State.FAIL for finding in findings)
    if as_json:
        encoded = msgspec.json.encode(Diagnosis(ready, tuple(findings)))
        sys.stdout.write(msgspec.json.format(encoded).decode() + "\n")
    else:
        console.print(_summary(findings), markup=False)
    return 0 if ready else NOT_READY


def _show(finding: Finding, console: "Console") -> None:
    from rich.text import Text

    line = Text(f"{finding.state:<4}  ", _STYLES[finding.state])
    line.append(f"{finding.name:<18}  {finding.says}", "default")
    console.print(line, soft_wrap=True)
    if finding.cure:
        console.print(Text(f"      cure: {finding.cure}"), soft_wrap=True)


def _summary(findings: Sequence[Finding]) -> str:
    states = Counter(finding.state for finding in findings)
    warnings = f", {states[State.WARN]} to know of" if states[State.WARN] else ""
    if states[State.FAIL]:
        return f"not ready: {states[State.FAIL]} of {len(findings)} checks failed{warnings}"
    return f"ready for a drill: {len(findings)} checks{warnings}"
