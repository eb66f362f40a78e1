"""What every contestant is told, and the request that all send: one scan of one ticket.

Nothing but the standard library: peers import this in an environment of their own.
"""

import argparse
import json
import uuid
from typing import NamedTuple

PATH = "/rest/v1/rpc/scan_ticket_atomic"
HEADERS = {"apikey": "benchmark", "authorization": "Bearer benchmark"}


class Task(NamedTuple):
    """Send `lanes` POSTs at once over as many warm connections to `url`, `rounds` times.

    All must be answered, and `pause_s` must pass, before the next round.
    """

    url: str
    lanes: int
    rounds: int
    pause_s: float

    def arguments(self) -> list[str]:
        """As a contestant's command line has it."""
        return [self.url, str(self.lanes), str(self.rounds), str(self.pause_s)]


def read_task() -> Task:
    """The task on this process's command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("lanes", type=int)
    parser.add_argument("rounds", type=int)
    parser.add_argument("pause_s", type=float)
    return Task(**vars(parser.parse_args()))


def scan() -> dict[str, str]:
    """A scan of a ticket that nobody has used yet."""
    return {
        "p_ticket_id": str(uuid.uuid4()),
        "p_scanned_by": "benchmark",
        "p_device_id": "gate-0001",
        "p_scan_method": "qr",
    }


def body() -> bytes:
    """The same, as it is sent."""
    return json.dumps(scan(), separators=(",", ":")).encode()
