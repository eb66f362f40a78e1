"""The measuring server as a process of its own, and what it has seen."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import ProxyHandler, build_opener

from benchmarks.simultaneity.places import CHECKOUT

_DIRECT = build_opener(ProxyHandler({}))  # whatever proxy the environment names: not for loopback
_TIMEOUT_S = 10


class Service:
    """A running measuring server, at `url`, in the process `pid`."""

    def __init__(self, url: str, pid: int) -> None:
        self.url = url
        self.pid = pid

    def reset(self) -> None:
        """Forget what has arrived."""
        self._get("/bench/reset")

    def arrivals_ns(self) -> list[int]:
        """When each POST since the reset was complete, in order; nanoseconds since the epoch."""
        return sorted(map(int, json.loads(self._get("/bench/arrivals"))))

    def _get(self, path: str) -> bytes:
        with _DIRECT.open(self.url + path, timeout=_TIMEOUT_S) as answered:
            body: bytes = answered.read()
        return body


@contextmanager
def serving(service_ms: float = 0.0) -> Iterator[Service]:
    """Start it, and end it afterwards."""
    command = [sys.executable, "-m", "benchmarks.simultaneity.server"]
    with subprocess.Popen(
        [*command, "--service-ms", str(service_ms)],
        cwd=CHECKOUT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            ready = process.stdout.readline()
            if not ready.startswith("ready "):
                sys.exit("the measuring server did not start")
            yield Service(ready.split()[1], process.pid)
        finally:
            process.stdin.close()
