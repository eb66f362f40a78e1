"""Consoles that suit whoever reads: a terminal, a file, or nobody any more."""

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_UNCUT = 1000


def open_console(*, stderr: bool = False) -> "Console":
    """A console on stdout or stderr: without escape codes where NO_COLOR is set or no terminal is.

    What is no terminal gets lines as long as they are, whatever COLUMNS says.
    """
    # Rich takes long to import, and most processes of a drill never print.
    from gatedrill.cli.quiet_console import QuietConsole

    stream = sys.stderr if stderr else sys.stdout
    return QuietConsole(
        stderr=stderr,
        highlight=False,
        force_terminal=False if os.environ.get("NO_COLOR") else None,
        width=None if stream is not None and stream.isatty() else _UNCUT,
    )
