"""How a command ends: one line for what went wrong, and an exit code that means something."""

import sys
from collections.abc import Callable

from typer.exceptions import TyperException

from gatedrill.cli.closed_pipe import fall_silent
from gatedrill.cli.logs import tell
from gatedrill.contract.errors import GatedrillError

INTERRUPTED = 130
PRECEDENCE = (1, 4, 3, 0)
"""Of several verdicts the gravest ends the command: violated, inconclusive, threshold, passed."""


def run_to_exit(command: Callable[[], object]) -> int:
    """Run `command` and return its exit code, with one line on stderr for a known failure."""
    try:
        code = command()
        if sys.stdout is not None:
            sys.stdout.flush()
    except TyperException as error:
        return complain(error.format_message(), 2)
    except GatedrillError as error:
        return complain(str(error), error.exit_code)
    except KeyboardInterrupt:
        return complain("interrupted", INTERRUPTED)
    except BrokenPipeError:
        fall_silent(sys.stdout)
        return 0
    return code if isinstance(code, int) else 0


def complain(message: str, code: int) -> int:
    """Say on stderr what is wrong; returns the code."""
    try:
        tell(f"gatedrill: {' '.join(message.split())}")
    except BrokenPipeError:
        fall_silent(sys.stderr)
    return code


def gravest(codes: list[int]) -> int:
    """The exit code of a command with these verdicts."""
    return min(codes, key=PRECEDENCE.index, default=0)
