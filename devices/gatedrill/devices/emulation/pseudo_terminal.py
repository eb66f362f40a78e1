"""The two ends of a wire: what a serial port is emulated with.

Linux, and by its interfaces macOS, where it is not tested; Windows has no pseudo-terminals, and
this module cannot be imported there.
"""

import os
import tty

from gatedrill.contract.errors import UsageError


def open_wire() -> tuple[int, int]:
    """The scanner's end, which never blocks, and the reader's, as raw as a scanner's port.

    Raises UsageError when the machine has no pseudo-terminal left.
    """
    try:
        far_end, near_end = os.openpty()
    except OSError as error:
        raise UsageError(
            f"no pseudo-terminal for an emulated serial scanner ({error}): use fewer of them, "
            "or raise `ulimit -n` and the kernel's pty.max"
        ) from error
    tty.setraw(near_end)  # no echo, no translation
    os.set_blocking(far_end, False)
    return far_end, near_end
