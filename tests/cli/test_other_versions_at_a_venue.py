"""No run begins where a conductor of another version works: both would lay hands on one service."""

import asyncio
from contextlib import suppress

import pytest
from broker_process import running_broker

from gatedrill.broker.bus import Bus
from gatedrill.cli.drill import conducting
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import PROTOCOL_VERSION
from gatedrill.contract.other_versions import CONDUCTOR_OF_ANY_VERSION, AnyConductor


async def test_a_run_is_refused_while_a_conductor_of_another_version_works_and_no_longer() -> None:
    with running_broker("mosquitto") as broker:
        async with Bus(broker.url, "from-the-future") as bus:
            working = asyncio.create_task(_work(bus))
            with pytest.raises(PeerError) as raised:
                async with conducting(broker.url, "r1"):
                    pytest.fail("two conductors")
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
            await bus.clear(CONDUCTOR_OF_ANY_VERSION, version="v9", conductor="r9")
            async with conducting(broker.url, "r2"):
                pass
    assert str(raised.value) == (
        "run r9 on attic conducts this venue in protocol version 9, this run speaks "
        f"{PROTOCOL_VERSION}: install the same gatedrill on both"
    )


async def _work(bus: Bus) -> None:
    while True:
        claim = AnyConductor("r9", "attic")
        await bus.publish(CONDUCTOR_OF_ANY_VERSION, claim, version="v9", conductor="r9")
        await asyncio.sleep(0.02)
