"""Broker, service and fleet started by hand, as people do who keep a venue running."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import httpx
import msgspec
from command import Running, running

from gatedrill.contract.service import POPULATION_PATH, Population, TicketRow

KEY = "the-key-of-this-service"


class Service(NamedTuple):
    """A reference backend."""

    url: str
    command: Running

    def hold(self, *tickets: TicketRow) -> None:
        """Forget everything and hold these tickets."""
        body = msgspec.json.encode(Population(tickets))
        headers = {"apikey": KEY, "authorization": f"Bearer {KEY}"}
        put = httpx.put(self.url + POPULATION_PATH, content=body, headers=headers, trust_env=False)
        put.raise_for_status()


class HandMadeVenue(NamedTuple):
    """Broker, service and a fleet of two."""

    broker: str
    service: Service
    parts: tuple[Running, ...]


@contextmanager
def running_service() -> Iterator[Service]:
    with running("backend", "--port", "0", SUPABASE_SERVICE_ROLE_KEY=KEY) as command:
        ready = command.err_line(r"reference backend ready at (http://\S+), ")
        yield Service(ready[1], command)


@contextmanager
def running_venue() -> Iterator[HandMadeVenue]:
    with (
        running("broker", "--port", "0", "--kind", "embedded") as broker,
        running_service() as service,
    ):
        url = broker.err_line(r"ready at (mqtt://\S+), ")[1]
        addresses = {"GATEDRILL_BROKER": url, "SUPABASE_URL": service.url}
        with running("fleet", "--count", "2", **addresses, SUPABASE_SERVICE_ROLE_KEY=KEY) as fleet:
            fleet.err_line("1 emulated cameras, 1 emulated serial scanners ready")
            yield HandMadeVenue(url, service, (broker, service.command, fleet))
