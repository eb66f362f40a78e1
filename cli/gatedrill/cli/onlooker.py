"""How a run shows itself: progress on stderr, verdicts on stdout."""

from pathlib import Path
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from gatedrill.cli.console import open_console
from gatedrill.cli.logs import for_machines, tell
from gatedrill.orchestrator.plan import Step
from gatedrill.orchestrator.result import Result
from gatedrill.orchestrator.summary import print_summary


class TerminalOnlooker:
    """An `Onlooker` as a context manager: a bar on a terminal, a line a step elsewhere."""

    def __init__(self) -> None:
        self._out = open_console()
        self._err = open_console(stderr=True)
        self._has_bar = self._err.is_terminal and not for_machines()
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            console=self._err,
            transient=True,
            disable=not self._has_bar,
        )
        self._step = ""
        self._task: TaskID | None = None

    def __enter__(self) -> "TerminalOnlooker":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._rest()

    def say(self, line: str) -> None:
        """One line for people."""
        if for_machines():
            tell(line)
        else:
            self._err.print(line, soft_wrap=True, markup=False)

    def update(self, step: Step, attempts: int) -> None:
        """So many attempts of a step have ended."""
        if step.id != self._step:
            self._begin(step)
        if self._task is not None:
            self._bar.update(self._task, completed=attempts)

    def show(self, result: Result, folder: Path) -> None:
        """Print the summary of a scenario that was judged."""
        self._rest()
        print_summary(result, self._out)
        self._out.print(f"kept in {folder}\n", soft_wrap=True, markup=False)

    def _begin(self, step: Step) -> None:
        self._rest()
        self._step = step.id
        if self._has_bar:
            self._bar.start()
            self._task = self._bar.add_task(step.id, total=len(step.attempts))
        else:
            self.say(f"{step.id}: up to {len(step.attempts)} attempts")

    def _rest(self) -> None:
        """Leave the terminal to others: a bar that lives on would wipe out what they write."""
        if self._task is not None:
            self._bar.stop()
            self._bar.remove_task(self._task)
            self._task = None
