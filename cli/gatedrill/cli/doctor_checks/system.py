"""What the system gives a drill: terminals, ports, files, cores and priority."""

import os
import sys
import threading
from collections.abc import Callable

from gatedrill.broker.loopback import bind
from gatedrill.cli.doctor_checks.finding import Finding, fail, ok, warn
from gatedrill.contract.errors import UsageError

_FILES_A_DEVICE = 9
_FEW_FILES, _MANY_FILES = 256, 1000 * _FILES_A_DEVICE + 256


def pseudo_terminals(open_pair: Callable[[], tuple[int, int]] | None = None) -> Finding:
    """Emulated serial scanners sit at the other end of one."""
    name = "pseudo-terminals"
    cure = "mount devpts at /dev/pts; on Windows use real scanners, or WSL"
    try:
        ends = (open_pair or _openpty)()
    except (OSError, AttributeError) as error:
        return fail(name, f"none can be had: {error}", cure)
    for end in ends:
        os.close(end)
    return ok(name, "can be opened")


def _openpty() -> tuple[int, int]:
    return os.openpty()


def loopback_port(host: str = "127.0.0.1") -> Finding:
    """The parts of a drill meet on free ports of this machine's own address."""
    try:
        listener = bind(host, 0)
    except UsageError as error:
        return fail("loopback", str(error), "bring the loopback address up: sudo ip link set lo up")
    with listener:
        return ok("loopback", f"free ports on {host}")


def open_files(hard_limit: int | None = None) -> Finding:
    """Each device takes up to nine files; the soft limit is raised by itself, the hard one not."""
    limit = _hard_limit() if hard_limit is None else hard_limit
    if limit is None:
        return ok("open files", "no limit on this system")
    devices = max(0, limit - _FEW_FILES) // _FILES_A_DEVICE
    cure = "raise the hard limit: ulimit -Hn 65536 as root, or LimitNOFILE= in systemd"
    if limit < _FEW_FILES:
        return fail("open files", f"limit {limit}", cure)
    if limit < _MANY_FILES:
        return warn("open files", f"limit {limit}, enough for about {devices} devices", cure)
    return ok("open files", f"limit {limit}")


def _hard_limit() -> int | None:
    try:
        import resource
    except ImportError:  # Windows has none
        return None
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if hard == resource.RLIM_INFINITY else hard


def cores(count: int | None = None) -> Finding:
    """Devices, service and broker work at one instant; on one core, one after the other."""
    usable = count or _usable_cores()
    if usable == 1:
        cure = "give the machine another core, or start the service on another machine"
        return warn("cores", "1: simultaneous scans take turns, latencies are longer", cure)
    return ok("cores", str(usable))


def _usable_cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # Linux alone tells
        return os.cpu_count() or 1


def real_time(permitted: bool | None = None) -> Finding:
    """Whether a process may ask to run before all others; a gate at a busy machine may want to."""
    name = "real-time priority"
    if permitted is None and not sys.platform.startswith("linux"):
        return ok(name, "asked for on Linux only")
    if _may_run_first() if permitted is None else permitted:
        return ok(name, "permitted")
    return warn(
        name,
        "not permitted: only figures on a busy machine suffer",
        'echo "$USER - rtprio 10" | sudo tee /etc/security/limits.d/rtprio.conf, then log in again',
    )


def _may_run_first() -> bool:
    """Try it, in a thread that ends at once: on Linux, priority is a thread's own."""
    succeeded: list[bool] = []

    def attempt() -> None:
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
        except OSError:
            return
        succeeded.append(True)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return bool(succeeded)
