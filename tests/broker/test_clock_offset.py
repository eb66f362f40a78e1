import asyncio
import time

import pytest

from gatedrill.broker.bus import Bus
from gatedrill.broker.clock import MonotonicClock, answer_pings, measure_offset
from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import PeerError
from gatedrill.contract.messages import Ping, Pong
from gatedrill.contract.topics import PING, PONG

TEN_MINUTES_NS = 600 * 10**9


class SkewedClock:
    """A clock that stands ahead of another by a known amount."""

    def __init__(self, true: Clock, ahead_ns: int) -> None:
        self._true = true
        self._ahead_ns = ahead_ns

    def now_ns(self) -> int:
        return self._true.now_ns() + self._ahead_ns


@pytest.mark.parametrize("ahead_ns", [TEN_MINUTES_NS, -TEN_MINUTES_NS, 0])
async def test_the_true_offset_lies_within_the_stated_bound(
    bus: Bus, name: str, ahead_ns: int
) -> None:
    clock = MonotonicClock()
    async with answer_pings(bus, SkewedClock(clock, ahead_ns), fleet=name, boot="b1"):
        estimate = await measure_offset(bus, clock, name, boot="b1", timeout_s=10)
    assert abs(estimate.offset_ns - ahead_ns) <= estimate.bound_ns


async def test_a_fleet_that_does_not_answer_is_named(bus: Bus, name: str) -> None:
    with pytest.raises(PeerError, match=f"fleet '{name}' does not answer pings"):
        await measure_offset(bus, MonotonicClock(), name, boot="b1", timeout_s=0.1)


async def test_the_boot_of_an_earlier_start_is_not_heard(bus: Bus, name: str) -> None:
    clock = MonotonicClock()
    async with answer_pings(bus, clock, fleet=name, boot="earlier"):
        with pytest.raises(PeerError):
            await measure_offset(bus, clock, name, boot="later", timeout_s=0.1)


async def test_after_the_body_pings_are_no_longer_answered(bus: Bus, name: str) -> None:
    clock = MonotonicClock()
    async with answer_pings(bus, clock, fleet=name, boot="b1"):
        pass
    with pytest.raises(PeerError):
        await measure_offset(bus, clock, name, boot="b1", timeout_s=0.1)


async def test_a_ping_that_is_lost_is_asked_again(bus: Bus, name: str) -> None:
    heard = 0
    pongs: set[asyncio.Task[None]] = set()

    def answer_all_but_the_first(_levels: dict[str, str], ping: Ping | None) -> None:
        nonlocal heard
        heard += 1
        if ping is not None and heard > 1:
            pong = Pong("b1", ping.sent_ns, ping.sent_ns, ping.sent_ns)
            pongs.add(asyncio.create_task(bus.publish(PONG, pong, fleet=name, boot="b1")))

    await bus.subscribe(PING, answer_all_but_the_first, fleet=name)
    await measure_offset(bus, MonotonicClock(), name, boot="b1", pings=1, timeout_s=0.5)
    assert heard > 1


async def test_the_answers_before_a_missing_one_count(bus: Bus, name: str) -> None:
    answered = 0
    pongs: set[asyncio.Task[None]] = set()

    def answer_three(_levels: dict[str, str], ping: Ping | None) -> None:
        nonlocal answered
        if ping is not None and answered < 3:
            answered += 1
            pong = Pong("b1", ping.sent_ns, ping.sent_ns + 5, ping.sent_ns + 5)
            pongs.add(asyncio.create_task(bus.publish(PONG, pong, fleet=name, boot="b1")))

    await bus.subscribe(PING, answer_three, fleet=name)
    estimate = await measure_offset(bus, MonotonicClock(), name, boot="b1", timeout_s=1)
    assert answered == 3
    assert estimate.bound_ns > 0


async def test_an_answer_to_somebody_elses_ping_is_not_taken_for_ours(bus: Bus, name: str) -> None:
    clock = MonotonicClock()
    pongs: set[asyncio.Task[None]] = set()

    def answer_with_a_stranger_before(_levels: dict[str, str], ping: Ping | None) -> None:
        assert ping is not None
        now_ns = clock.now_ns()
        too_good = Pong("b1", ping.sent_ns - 7, now_ns, now_ns + 10**12)
        for pong in (too_good, Pong("b1", ping.sent_ns, now_ns, now_ns)):
            pongs.add(asyncio.create_task(bus.publish(PONG, pong, fleet=name, boot="b1")))

    await bus.subscribe(PING, answer_with_a_stranger_before, fleet=name)
    estimate = await measure_offset(bus, clock, name, boot="b1", timeout_s=10)
    assert abs(estimate.offset_ns) <= estimate.bound_ns


def test_the_clock_follows_the_wall_at_its_start_and_ignores_its_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before_ns = time.time_ns()
    clock = MonotonicClock()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    readings = [clock.now_ns() for _ in range(1000)]
    assert readings == sorted(readings)
    assert 0 <= readings[0] - before_ns < 60 * 10**9
