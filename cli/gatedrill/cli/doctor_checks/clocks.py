"""Whether the machine's clocks can be believed."""

import itertools
import time
from collections.abc import Callable, Sequence

from gatedrill.cli.doctor_checks.finding import Finding, fail, ok, warn

_READINGS = 10_000
_COARSE_S = 0.001
_RELEASED = 1_735_689_600.0
"""2025-01-01 UTC: a machine without a battery for its clock wakes up long before."""


def monotonic_clock(
    readings: Sequence[int] | None = None, resolution_s: float | None = None
) -> Finding:
    """Scans are ordered by it: it never goes back, and it tells milliseconds apart."""
    name = "monotonic clock"
    taken = readings or [time.monotonic_ns() for _ in range(_READINGS)]
    step_s = resolution_s or time.get_clock_info("monotonic").resolution
    cure = "use another clock source: see /sys/devices/system/clocksource/clocksource0"
    if any(later < earlier for earlier, later in itertools.pairwise(taken)):
        return fail(name, "it goes back", cure)
    if step_s > _COARSE_S:
        return warn(name, f"it moves in steps of {step_s * 1000:.0f} ms", cure)
    return ok(name, "never goes back")


def time_of_day(now: Callable[[], float] = time.time) -> Finding:
    """Offline scans are dated by it, and TLS certificates are judged by it."""
    seconds = now()
    says = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
    if seconds < _RELEASED:
        return fail("time of day", f"{says} is long past", "sudo timedatectl set-ntp true")
    return ok("time of day", says)
