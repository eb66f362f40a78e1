import asyncio
import logging

import pytest
from registrar_words import admission

from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import Admission
from gatedrill.devices.admission_outbox import MOST_WAITING, AdmissionOutbox


async def test_of_too_many_the_oldest_are_forgotten_and_it_is_said_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    published: asyncio.Queue[str] = asyncio.Queue()
    is_here = False

    async def publish(told: Admission) -> None:
        published.put_nowait(told.nonce)

    outbox = AdmissionOutbox(publish, lambda: is_here)
    sending = asyncio.create_task(outbox.send())
    with caplog.at_level(logging.WARNING):
        for number in range(MOST_WAITING + 3):
            outbox.put(admission(str(number)))
    is_here = True
    outbox.came_back()
    told = [await published.get() for _ in range(MOST_WAITING)]
    sending.cancel()

    assert (told[0], told[-1]) == ("3", str(MOST_WAITING + 2))
    assert len(caplog.records) == 1


async def test_what_did_not_get_out_goes_with_the_next_connection() -> None:
    published: asyncio.Queue[str] = asyncio.Queue()
    is_connected = False

    async def publish(told: Admission) -> None:
        published.put_nowait(told.nonce if is_connected else "lost")
        if not is_connected:
            raise PeerError("no connection")

    outbox = AdmissionOutbox(publish, lambda: True)
    sending = asyncio.create_task(outbox.send())
    outbox.put(admission("a"))
    assert await published.get() == "lost"
    is_connected = True
    outbox.came_back()
    assert await published.get() == "a"
    sending.cancel()
