"""Fleets that do nothing but claim."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gatedrill.broker.bus import Bus
from gatedrill.broker.clock import MonotonicClock
from gatedrill.contract.messages import VenueClaim, VenueGrant
from gatedrill.devices.venue_registrar import VenueRegistrar

GENEROUS_S = 60.0
"""It ends a test that hangs, and says nothing about how fast an answer should be."""


@asynccontextmanager
async def claiming_fleet(url: str, name: str) -> AsyncIterator[VenueRegistrar]:
    """What the devices of a fleet ask the registrar through."""
    async with Bus(url, f"fleet-{name}", timeout_s=GENEROUS_S) as bus:
        registrar = VenueRegistrar(bus, MonotonicClock(), name)
        await registrar.listen()
        try:
            yield registrar
        finally:
            await registrar.close()


async def answer(fleet: VenueRegistrar, made: VenueClaim) -> VenueGrant:
    """The registrar's answer, however long it takes."""
    grant, _ = await fleet.claim(made, GENEROUS_S)
    assert grant is not None
    return grant
