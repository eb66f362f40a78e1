"""How a command ends: one line for what went wrong, and an exit code that means something."""

import errno
import logging
import sys
from collections.abc import Callable

from typer.exceptions import TyperException

from gatedrill.cli.closed_pipe import fall_silent
from gatedrill.cli.logs import tell
from gatedrill.contract.errors import GatedrillError

logger = logging.getLogger(__name__)

INTERRUPTED = 130
OUR_FAULT = 70
"""EX_SOFTWARE of sysexits.h: something in gatedrill broke that it did not foresee."""
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
PRECEDENCE = (1, 4, 3, 0)
"""Of several verdicts the gravest ends the command: violated, inconclusive, threshold, passed."""


def run_to_exit(command: Callable[[], object]) -> int:
    """Run `command` and return its exit code, with a line on stderr for each known failure."""
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
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return _complain_of_no_room(error)
        # Python's own exit code would be 1, which says that safety was violated.
        logger.exception("not foreseen")
        return complain("this is a fault of gatedrill itself: please report it", OUR_FAULT)
    return code if isinstance(code, int) else 0


def complain(message: str, code: int) -> int:
    """Say on stderr what is wrong; returns the code."""
    try:
        for line in message.splitlines():
            tell(f"gatedrill: {' '.join(line.split())}")
    except BrokenPipeError:
        fall_silent(sys.stderr)
    return code


def _complain_of_no_room(error: OSError) -> int:
    if error.filename is None and sys.stdout is not None:
        fall_silent(sys.stdout)  # what waits to be written would fail once more at the end
    what = error.filename or "the output"
    return complain(f"cannot write {what}: {error.strerror}; make room, or choose another", 2)


def gravest(codes: list[int]) -> int:
    """The exit code of a command with these verdicts."""
    return min(codes, key=PRECEDENCE.index, default=0)
