"""A question that is given up, at whatever moment, must not take the connection with it."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import pytest
from scripted_service import always, answer, scripted_service

from gatedrill.broker.clock import MonotonicClock
from gatedrill.contract.attempt import AskKind
from gatedrill.devices.connection import ServiceAnswer, ServiceConnection, ServiceRequest

QUESTION = ServiceRequest(AskKind.SCAN, "/rest/v1/rpc/scan", b"{}")
MOMENTS = range(150)
"""Turns of the event loop after which a question is given up: some before, some after its end."""


@pytest.fixture
async def connection() -> AsyncIterator[ServiceConnection]:
    async with scripted_service() as service:
        service.script = always(answer(200, b"[]"))
        tls = ssl.create_default_context()
        connection = ServiceConnection(
            service.url, "key", clock=MonotonicClock(), tls=tls, timeout_s=5.0
        )
        yield connection
        await connection.close()


async def give_up_after(turns: int, asking: "asyncio.Task[ServiceAnswer]") -> bool:
    for _ in range(turns):
        await asyncio.sleep(0)
    asking.cancel()
    await asyncio.wait({asking})
    return asking.cancelled()


async def test_after_a_question_that_was_given_up_the_next_one_is_answered(
    connection: ServiceConnection,
) -> None:
    given_up = 0
    for turns in MOMENTS:
        asking = asyncio.create_task(connection.send(QUESTION, lambda said: said))
        given_up += await give_up_after(turns, asking)
        said = await connection.send(QUESTION, lambda said: said)
        assert said.http_status == 200, f"{said.failure} after {turns} turns"
    assert 0 < given_up < len(MOMENTS)


async def test_after_a_held_question_that_was_withdrawn_the_next_one_is_answered(
    connection: ServiceConnection,
) -> None:
    for turns in MOMENTS:
        held = connection.hold(QUESTION, lambda said: said)
        assert await held.until_parked() is None
        held.release()
        held.resume()
        for _ in range(turns):
            await asyncio.sleep(0)
        await held.withdraw()
        said = await connection.send(QUESTION, lambda said: said)
        assert said.http_status == 200, f"{said.failure} after {turns} turns"
