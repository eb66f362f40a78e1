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
    """Broker, service and a fleet."""

    broker: str
    service: Service
    parts: tuple[Running, ...]


@contextmanager
def running_service() -> Iterator[Service]:
    with running("backend", "--port", "0", SUPABASE_SERVICE_ROLE_KEY=KEY) as command:
        ready = command.err_line(r"reference backend ready at (http://\S+), ")
        yield Service(ready[1], command)


@contextmanager
def running_broker() -> Iterator[tuple[str, Running]]:
    """A broker: its URL and its process."""
    with running("broker", "--port", "0", "--kind", "embedded") as command:
        yield command.err_line(r"for this machine alone ready at (mqtt://\S+), ")[1], command


@contextmanager
def running_fleet(broker: str, service: Service, *arguments: str) -> Iterator[Running]:
    """A fleet that has joined the venue."""
    addresses = {"GATEDRILL_BROKER": broker, "SUPABASE_URL": service.url}
    with running("fleet", *arguments, **addresses, SUPABASE_SERVICE_ROLE_KEY=KEY) as command:
        command.err_line(" ready at the broker, ")
        yield command


@contextmanager
def running_venue(*fleet: str) -> Iterator[HandMadeVenue]:
    """A venue with one fleet, of two gates unless these arguments say otherwise."""
    with (
        running_broker() as (url, broker),
        running_service() as service,
        running_fleet(url, service, *(fleet or ("--count", "2"))) as devices,
    ):
        yield HandMadeVenue(url, service, (broker, service.command, devices))
