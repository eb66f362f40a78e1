"""Consoles that suit whoever reads: a terminal, a file, or nobody any more."""

import os
import sys

from rich.console import Console

from gatedrill.cli.closed_pipe import fall_silent

_UNCUT = 1000


def open_console(*, stderr: bool = False) -> Console:
    """A console on stdout or stderr: without escape codes where NO_COLOR is set or no terminal is.

    What is no terminal gets lines as long as they are, whatever COLUMNS says.
    """
    stream = sys.stderr if stderr else sys.stdout
    return _Console(
        stderr=stderr,
        highlight=False,
        force_terminal=False if os.environ.get("NO_COLOR") else None,
        width=None if stream is not None and stream.isatty() else _UNCUT,
    )


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """Go on without a reader: the exit code says the verdict all the same."""
        self.quiet = True
        fall_silent(self.file)
