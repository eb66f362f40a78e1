"""Several processes that let go at one instant: each round begins when all of them are parked.

A worker says `parked` on its standard output and is told the instant on its standard input, in
nanoseconds of the machine's monotonic clock, which all processes share. This is gatedrill's own
way (arm, armed, fire) without the broker, and the raw sockets go the same one.
"""

import argparse
import subprocess
import sys
import time
from contextlib import ExitStack

from benchmarks.simultaneity.task import Task

LEAD_NS = 60_000_000
"""From the last `parked` to the instant."""


def main() -> None:
    """Run a worker's module in so many processes, until all rounds are done."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("processes", type=int)
    parser.add_argument("worker", help="module")
    for name, kind in Task.__annotations__.items():
        parser.add_argument(name, type=kind)
    options = vars(parser.parse_args())
    processes, worker = options.pop("processes"), options.pop("worker")
    sys.exit(conduct(worker, divided(Task(**options), processes)))


def divided(task: Task, processes: int) -> list[Task]:
    """Each process's part: as equal as can be, and none without a lane."""
    even, left_over = divmod(task.lanes, processes)
    shares = [even + (number < left_over) for number in range(processes)]
    return [task._replace(lanes=share) for share in shares if share]


def conduct(worker: str, tasks: list[Task]) -> int:
    """Start a worker a task, give each round its instant; returns the gravest exit code."""
    with ExitStack() as stack:
        workers = [stack.enter_context(started(worker, task)) for task in tasks]
        for _ in range(tasks[0].rounds):
            if not all(is_parked(each) for each in workers):
                break
            at_ns = time.monotonic_ns() + LEAD_NS
            for each in workers:
                tell(each, at_ns)
        for each in workers:
            assert each.stdin is not None
            each.stdin.close()
    return max(each.returncode for each in workers)


def started(worker: str, task: Task) -> subprocess.Popen[str]:
    """A worker's process."""
    command = [sys.executable, "-m", worker, *task.arguments()]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def is_parked(worker: subprocess.Popen[str]) -> bool:
    """Wait for its word; False when it has ended instead."""
    assert worker.stdout is not None
    return worker.stdout.readline() == "parked\n"


def tell(worker: subprocess.Popen[str], at_ns: int) -> None:
    """Name the instant."""
    assert worker.stdin is not None
    worker.stdin.write(f"{at_ns}\n")
    worker.stdin.flush()


def next_instant_ns() -> int:
    """In a worker: say that all is parked, and wait to be told the instant."""
    print("parked", flush=True)
    told = sys.stdin.readline()
    if not told:
        sys.exit("given up by the conductor")
    return int(told)


if __name__ == "__main__":
    main()
