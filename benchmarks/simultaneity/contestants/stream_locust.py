"""Locust: users who scan one new ticket after the other without a rest, on its quicker client.

Prints, as JSON, what it has cost.
"""

# First of all, as it patches the standard library.
from locust import FastHttpUser, task  # type: ignore[import-not-found]  # isort: skip

import argparse
import json
import time

import gevent  # type: ignore[import-untyped]
from benchmarks.simultaneity.task import HEADERS, PATH, scan
from locust.env import Environment  # type: ignore[import-not-found]


class Gate(FastHttpUser):  # type: ignore[misc]
    """A device."""

    default_headers = HEADERS

    def on_start(self) -> None:
        """Open the connection."""
        self.client.get("/warm")

    @task  # type: ignore[untyped-decorator]
    def scan(self) -> None:
        """Scan one ticket."""
        self.client.post(PATH, json=scan())


def main() -> None:
    """Run."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("lanes", type=int)
    parser.add_argument("seconds", type=float)
    options = parser.parse_args()
    environment = Environment(user_classes=[Gate], host=options.url)
    runner = environment.create_local_runner()
    began_s, began_cpu_s = time.perf_counter(), time.process_time()
    runner.start(options.lanes, spawn_rate=options.lanes)
    gevent.sleep(options.seconds)
    costs = {
        "scans": sum(each.num_requests for each in environment.stats.entries.values()),
        "seconds": time.perf_counter() - began_s,
        "cpu_s": time.process_time() - began_cpu_s,
    }
    runner.quit()
    print(json.dumps(costs))


if __name__ == "__main__":
    main()
