"""What a stream costs its sender, and where a profile says that the event loop's time goes."""

import cProfile
import time
from collections import defaultdict
from types import CodeType

import msgspec

WAITING = "waiting for the network"
SOCKETS = "system calls on sockets"


class Costs(msgspec.Struct, frozen=True, omit_defaults=True):
    """Of a stream of `scans`: the time that passed, and the processor's time, all threads'.

    `loop_cpu_s` is the event loop's part of it; `shares` divides that up, if it was profiled.
    """

    scans: int
    seconds: float
    cpu_s: float
    loop_cpu_s: float | None = None
    shares: dict[str, float] = {}


class Meter:
    """Counts from its making on, in the event loop's thread."""

    def __init__(self) -> None:
        self._began = self._now()

    def costs(self, scans: int) -> Costs:
        """Until now."""
        seconds, cpu_s, loop_cpu_s = (
            now - then for now, then in zip(self._now(), self._began, strict=True)
        )
        # Two clocks, read one after the other: the part may seem larger than the whole.
        return Costs(scans, seconds, cpu_s, min(loop_cpu_s, cpu_s))

    def _now(self) -> tuple[float, float, float]:
        return time.perf_counter(), time.process_time(), time.thread_time()


def shares(profile: cProfile.Profile) -> dict[str, float]:
    """Each library's share of the profiled thread's work, 0 to 1, the largest first.

    What is written in C counts for the library that calls it, but for sockets and waiting.
    """
    spent: defaultdict[str, float] = defaultdict(float)
    for entry in profile.getstats():
        if not isinstance(entry.code, CodeType):
            continue
        library = library_of(entry.code.co_filename)
        spent[library] += entry.inlinetime
        for call in entry.calls or ():
            if isinstance(call.code, str):
                spent[kernel_part(call.code) or library] += call.inlinetime
    spent.pop(WAITING, None)
    by_size = sorted(spent.items(), key=lambda item: -item[1])
    return {library: time_s / sum(spent.values()) for library, time_s in by_size}


def library_of(filename: str) -> str:
    """Whose code a file is."""
    _, installed, path = filename.rpartition("site-packages/")
    if installed:
        return path.partition("/")[0]
    if "/gatedrill/" in filename:
        return "gatedrill"
    if filename.startswith("<frozen importlib"):
        return "imports"
    return "asyncio" if "/asyncio/" in filename else "standard library"


def kernel_part(builtin: str) -> str | None:
    """Whether a function in C mostly waits for the kernel, by its name."""
    if "select.epoll" in builtin:
        return WAITING
    return SOCKETS if "_socket.socket" in builtin else None
