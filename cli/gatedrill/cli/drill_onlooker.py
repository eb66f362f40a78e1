"""How a guided drill shows itself besides what its guide says: verdict and scorecard at the end."""

from pathlib import Path

from rich.console import Console

from gatedrill.cli.console import open_console
from gatedrill.cli.logs import for_machines, tell
from gatedrill.orchestrator.plan import Step
from gatedrill.orchestrator.reports.scorecard_lines import print_scorecard
from gatedrill.orchestrator.reports.scorecard_page import render_scorecard
from gatedrill.orchestrator.result import Result, Verdict
from gatedrill.orchestrator.run_folder import RunFolder
from gatedrill.orchestrator.scorecard import make_scorecard
from gatedrill.orchestrator.summary import print_summary


class DrillOnlooker:
    """An `Onlooker` that leaves the word to the guide, and keeps the scorecard in the end."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._err = open_console(stderr=True)

    def say(self, line: str) -> None:
        """What the machinery does, in the background of what the guide says."""
        if for_machines():
            tell(line)
        else:
            self._err.print(line, style="dim", soft_wrap=True, markup=False)

    def update(self, step: Step, attempts: int) -> None:
        """The guide says what a step has come to."""

    def show(self, result: Result, folder: Path) -> None:
        """Print and keep the scorecard; where a gate was not safe, all that is known of it."""
        self._console.print()
        if result.verdict in (Verdict.PASSED, Verdict.INCONCLUSIVE):
            self._print(f"{result.verdict.upper()}  {result.scenario}: {result.title}", "bold")
            for doubt in result.inconclusive_because:
                self._print(f"  {doubt}", "yellow")
            self._console.print()
        else:
            print_summary(result, self._console)
        kept = RunFolder(folder)
        run = kept.read()
        card = make_scorecard(run.plan, run.history, result)
        kept.write_scorecard(card, render_scorecard(card))
        print_scorecard(card, self._console)
        self._print(f"\nto be printed: {folder / 'scorecard.html'}\nkept in {folder}\n")

    def _print(self, what: str, style: str = "") -> None:
        self._console.print(what, style=style, soft_wrap=True, markup=False)
