"""Which of a venue's devices a process may be, where many are started alike.

Containers that are scaled out know nothing of each other but the volume they share. There each
takes the first device that nobody has: a lock on a file beside the device's own, which the kernel
gives back however the process ends. So one that is made anew becomes a device whose file is there,
and finds the scans that wait in it.
"""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import DeviceInfo


def take_first_free(devices: Iterable[DeviceInfo], folder: Path) -> str:
    """Take the first of these that no other process has in `folder`; its name.

    It is ours until our process ends: the file with the lock is left open on purpose.
    UsageError when all are taken, or when the folder cannot be used.
    """
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        for device in devices:
            lock = os.open(folder / f"{device.name}.place", os.O_RDWR | os.O_CREAT, 0o600)
            if _is_ours(lock):
                return device.name
            os.close(lock)
    except OSError as error:
        raise UsageError(f"--data {folder}: cannot be used: {error.strerror}") from error
    raise UsageError(f"--next-free: every device in {folder} has a process already: raise --count")


def _is_ours(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
