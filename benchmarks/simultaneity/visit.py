"""One visit of a contestant: it is started, goes through its rounds, and ends."""

import os
import signal
import subprocess

from benchmarks.simultaneity.bursts import spreads_ms
from benchmarks.simultaneity.places import CHECKOUT
from benchmarks.simultaneity.roster import Contestant
from benchmarks.simultaneity.service import Service
from benchmarks.simultaneity.task import Task

PAUSE_S = 0.2
PRACTICE = 1
"""The first burst of a visit runs through cold code everywhere, and does not count."""
_TIMEOUT_S = 180


class VisitFailed(Exception):  # noqa: N818 - what happened, not whose fault it is
    """A contestant did not do what it was told; the message says what it did."""


def visit(contestant: Contestant, service: Service, lanes: int, rounds: int) -> list[float]:
    """Spreads of so many bursts, in milliseconds; raises VisitFailed."""
    task = Task(service.url, lanes, rounds + PRACTICE, PAUSE_S)
    service.reset()
    run(contestant.command(task), {**os.environ, **contestant.variables(task)})
    try:
        spreads = spreads_ms(
            service.arrivals_ns(), lanes=lanes, rounds=task.rounds, apart_ns=round(PAUSE_S * 5e8)
        )
    except ValueError as error:
        raise VisitFailed(str(error)) from error
    return spreads[PRACTICE:]


def run(command: list[str], variables: dict[str, str]) -> None:
    """Wait for a contestant's end, and end it with all its processes if that takes too long."""
    with subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            said = process.communicate(timeout=_TIMEOUT_S)[1]
        except BaseException as error:
            os.killpg(process.pid, signal.SIGKILL)
            if isinstance(error, subprocess.TimeoutExpired):
                raise VisitFailed(f"not done after {_TIMEOUT_S} s") from error
            raise
    if process.returncode:
        last_words = said.strip().splitlines()[-1:] or ["it said nothing"]
        raise VisitFailed(f"ended with {process.returncode}: {last_words[0]}")
