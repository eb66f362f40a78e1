"""Keeping other programs off a serial port that is open.

pyserial locks the port, which only keeps off programs that look for the lock. The kernel's own way,
TIOCEXCL, keeps off all but root's. It lasts until the last one closes the port; the near end of a
pseudo-terminal never quite closes while the far end is held, so one whose reader was killed would
stay shut for good: those are locked alone.
"""

import contextlib
import os
from typing import Final

_PSEUDO_TERMINALS: Final = range(136, 144)
"""The kernel's list of devices has them: Unix98 PTY slaves (Documentation/admin-guide/devices)."""


def keep_others_out(descriptor: int) -> None:
    """From now on nobody else can open this port, as far as the system can see to that."""
    try:
        import fcntl  # noqa: PLC0415 - Windows has neither, and no need of them
        import termios  # noqa: PLC0415
    except ImportError:
        return
    if not _is_pseudo_terminal(descriptor):
        with contextlib.suppress(OSError):  # the lock is there in any case
            fcntl.ioctl(descriptor, termios.TIOCEXCL)


def _is_pseudo_terminal(descriptor: int) -> bool:
    """Whether it is one of Linux, by its major number: it may go by any name in a container."""
    return os.major(os.fstat(descriptor).st_rdev) in _PSEUDO_TERMINALS
