"""All checks, in the order in which they are told."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from gatedrill.cli.doctor_checks import brokers, clocks, decoding, folder, packages, system
from gatedrill.cli.doctor_checks.connected import connected_hardware
from gatedrill.cli.doctor_checks.finding import Finding, fail
from gatedrill.cli.doctor_checks.service import service
from gatedrill.cli.environment import read_environment
from gatedrill.contract.errors import UsageError

Check = Callable[[], Finding]


def checks(out: Path) -> Iterator[Check]:
    """What is asked of this machine. `out` is where runs would be kept."""
    yield packages.python_version
    for extra in packages.EXTRAS:
        yield partial(packages.extra, extra)
    yield from (brokers.local_broker, decoding.decode_now, decoding.zbar)
    yield from (system.pseudo_terminals, system.loopback_port, system.open_files)
    for check in (folder.writable, folder.disk_space, folder.database):
        yield partial(check, out)
    yield from (clocks.monotonic_clock, clocks.time_of_day, system.cores, system.real_time)
    yield from _named_by_environment()
    yield connected_hardware


def _named_by_environment() -> Iterator[Check]:
    try:
        environment = read_environment()
        broker = environment.at_broker(None)
    except UsageError as error:
        yield partial(fail, "environment", str(error), "set that variable right, or unset it")
        return
    if broker:
        yield partial(brokers.venue_broker, broker)
    if environment.target:
        yield partial(service, environment.target, has_key=environment.key is not None)


def carried_out(check: Check) -> Finding:
    """What the check says; that it broke, if it did, so that the others are told all the same."""
    try:
        return check()
    except Exception as error:  # a machine may be broken in ways that nobody foresaw
        name = getattr(getattr(check, "func", check), "__name__", "check").replace("_", " ")
        return fail(name, f"could not be checked: {type(error).__name__}: {error}", "report it")
