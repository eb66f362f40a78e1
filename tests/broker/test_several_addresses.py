"""A broker whose name has several addresses, as that of a cluster's nodes has."""

import asyncio
import socket
from typing import Any

import pytest
from broker_process import BrokerProcess, running_broker

from gatedrill.broker.bus import Bus
from gatedrill.contract.messages import Fire
from gatedrill.contract.topics import FIRE

NAME = "nodes.example"


async def test_a_client_whose_node_is_gone_goes_to_the_next_address_of_the_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with running_broker("mosquitto") as first, running_broker("mosquitto") as second:
        give_addresses(monkeypatch, first, second)
        heard: asyncio.Queue[Fire | None] = asyncio.Queue()
        back = asyncio.Event()
        async with Bus(f"mqtt://{NAME}", "gate") as bus, Bus(second.url, "conductor") as conductor:
            await bus.subscribe(FIRE, lambda _levels, fire: heard.put_nowait(fire))
            bus.on_reconnect.add(back.set)
            await asyncio.to_thread(first.stop)
            async with asyncio.timeout(30):
                await back.wait()
                await conductor.publish(FIRE, Fire("s1", 1), run="r1")
                assert await heard.get() == Fire("s1", 1)


def give_addresses(monkeypatch: pytest.MonkeyPatch, *brokers: BrokerProcess) -> None:
    """Have the name lead to all of these, in this order."""
    look_up = socket.getaddrinfo

    def several(host: Any, *others: Any, **options: Any) -> list[Any]:
        if host != NAME:
            return look_up(host, *others, **options)
        address = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*address, ("127.0.0.1", broker.port)) for broker in brokers]

    monkeypatch.setattr(socket, "getaddrinfo", several)
