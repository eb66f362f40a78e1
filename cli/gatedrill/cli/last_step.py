"""The very end of the process."""

import atexit
import contextlib
import os
import sys

from gatedrill.cli.exits import OUR_FAULT


class LastStep:
    """Ends the process with `code` when everything else that was to happen at its end has happened.

    To create it is to promise the step, so it is created before anything registers an end of its
    own: Python calls first what was registered last.

    Python would then take apart, module by module, what the system gives back at once: a quarter of
    a second of a processor for a fleet. Ten gates in containers that share two processors and are
    given two seconds to stop cannot spare that (docs/decisions/0021-lean-from-start-to-end.md).
    """

    def __init__(self) -> None:
        self.code = OUR_FAULT
        atexit.register(self._leave)

    def _leave(self) -> None:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):  # gone, closed, or none
                stream.flush()
        os._exit(self.code)
