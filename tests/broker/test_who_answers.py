"""Which fleets answer a ping, of all that are asked at once."""

from contextlib import AsyncExitStack

from broker_process import BrokerProcess

from gatedrill.broker.bus import Bus
from gatedrill.broker.clock import MonotonicClock, answer_pings, who_answers


async def test_those_who_answer_are_told_from_those_who_do_not(
    broker: BrokerProcess, bus: Bus, name: str
) -> None:
    fleets = {f"boot-{number}": f"{name}-{number}" for number in range(4)}
    async with AsyncExitStack() as stack:
        for boot, fleet in fleets.items():
            there = await stack.enter_async_context(Bus(broker.url, fleet))
            if boot != "boot-0":
                said = "another" if boot == "boot-3" else boot
                answering = answer_pings(there, MonotonicClock(), fleet=fleet, boot=said)
                await stack.enter_async_context(answering)

        assert await who_answers(bus, MonotonicClock(), fleets, 2.0) == (
            fleets.keys() - {"boot-0", "boot-3"}
        )
        alive = {"boot-1": fleets["boot-1"], "boot-2": fleets["boot-2"]}
        assert await who_answers(bus, MonotonicClock(), alive, 3600) == alive.keys()
