"""Locust: a user a device, on its quicker HTTP client, all waiting for one event."""

# First of all, as it patches the standard library.
from locust import FastHttpUser, task  # type: ignore[import-not-found]  # isort: skip

import gevent  # type: ignore[import-untyped]
from benchmarks.simultaneity.task import HEADERS, PATH, Task, read_task, scan
from gevent.event import Event  # type: ignore[import-untyped]
from locust.env import Environment  # type: ignore[import-not-found]


class Barrier:
    """Lets all users of a round go at once."""

    def __init__(self, lanes: int) -> None:
        self.lanes = lanes
        self.failures = 0
        self._waiting = 0
        self._all_here = Event()
        self._go = Event()

    def wait(self) -> None:
        """In a user: wait for the round."""
        go = self._go
        self._waiting += 1
        if self._waiting == self.lanes:
            self._all_here.set()
        go.wait()

    def gather(self) -> None:
        """Wait until all users wait."""
        self._all_here.wait()

    def open(self) -> None:
        """Let them go, and make ready for the next round."""
        go, self._go = self._go, Event()
        self._all_here.clear()
        self._waiting = 0
        go.set()


class Gate(FastHttpUser):  # type: ignore[misc]
    """A device."""

    barrier: Barrier
    default_headers = HEADERS

    def on_start(self) -> None:
        """Open the connection."""
        self.client.get("/warm")

    @task  # type: ignore[untyped-decorator]
    def scan(self) -> None:
        """Scan one ticket when the round begins."""
        self.barrier.wait()
        answer = self.client.post(PATH, json=scan())
        self.barrier.failures += answer.status_code != 200


def main(told: Task) -> int:
    """Go through all rounds; returns how many requests failed."""
    Gate.barrier = barrier = Barrier(told.lanes)
    environment = Environment(user_classes=[Gate], host=told.url)
    runner = environment.create_local_runner()
    runner.start(told.lanes, spawn_rate=told.lanes)
    for _ in range(told.rounds):
        barrier.gather()
        gevent.sleep(told.pause_s)
        barrier.open()
    barrier.gather()
    runner.quit()
    return barrier.failures


if __name__ == "__main__":
    raise SystemExit(min(1, main(read_task())))
