"""Reading ahead of the instant, with more readers than can be served at once."""

import asyncio

import pytest

from gatedrill.contract.attempt import AttemptRecord
from gatedrill.contract.outcome import Reason
from gatedrill.devices.ready import READING_AT_ONCE, Unready, read_acts_ahead


class Crowd:
    """Acts that read once as many as are let are reading, and count themselves."""

    def __init__(self, at_once: int) -> None:
        self.reading = 0
        self.most = 0
        self.given_up: list[str] = []
        self.all_in = asyncio.Barrier(at_once)


class CountedAct:
    intended_ns = 0
    until_ns = 0

    def __init__(self, number: int, crowd: Crowd, why: Reason | Exception | None = None) -> None:
        self.device = f"gate-{number}"
        self._crowd = crowd
        self._why = why

    def prepare(self) -> None: ...

    async def read_ahead(self) -> Reason | None:
        self._crowd.reading += 1
        self._crowd.most = max(self._crowd.most, self._crowd.reading)
        await self._crowd.all_in.wait()
        self._crowd.reading -= 1
        if isinstance(self._why, Exception):
            raise self._why
        return self._why

    def release(self) -> None: ...

    def resume(self) -> None: ...

    async def record(self) -> AttemptRecord:
        raise NotImplementedError

    async def give_up(self) -> None:
        self._crowd.given_up.append(self.device)


async def test_no_more_readers_than_can_be_served_are_shown_their_tickets_at_once() -> None:
    crowd = Crowd(READING_AT_ONCE)
    acts = [CountedAct(number, crowd) for number in range(3 * READING_AT_ONCE)]
    async with asyncio.timeout(30):
        assert await read_acts_ahead(acts, {}) == acts
    assert crowd.most == READING_AT_ONCE


async def test_who_cannot_read_is_named_and_the_others_are_ready() -> None:
    crowd = Crowd(3)
    acts = [CountedAct(n, crowd, Reason.UNREAD if n == 1 else None) for n in range(3)]
    unready: Unready = {}
    assert await read_acts_ahead(acts, unready) == [acts[0], acts[2]]
    assert unready == {"gate-1": "unread"}
    assert crowd.given_up == ["gate-1"]


async def test_when_one_breaks_nothing_of_any_is_left_under_way() -> None:
    crowd = Crowd(3)
    acts = [CountedAct(n, crowd, RuntimeError("broken") if n == 1 else None) for n in range(3)]
    with pytest.raises(ExceptionGroup):
        await read_acts_ahead(acts, {})
    assert crowd.given_up == ["gate-0", "gate-1", "gate-2"]
