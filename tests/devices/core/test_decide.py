import random

import pytest
from device_fakes import ADMITTED, ALREADY_USED, BUSY, TIMEOUT, FakeCheckIn, ManualClock

from gatedrill.contract.attempt import Ask
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.decide import decide


async def decided(checkin: FakeCheckIn, seed: int = 1) -> tuple[Outcome, tuple[Ask, ...]]:
    return await decide("A", checkin.ask("A"), checkin, checkin.clock, random.Random(seed))


@pytest.mark.parametrize("answer", [ADMITTED, ALREADY_USED, TIMEOUT], ids=str)
async def test_an_answer_that_stands_is_asked_for_once(
    answer: Outcome, clock: ManualClock, pauses: list[float]
) -> None:
    checkin = FakeCheckIn(clock, [answer, ADMITTED])
    outcome, asks = await decided(checkin)
    assert (outcome, len(asks), pauses) == (answer, 1, [])
    assert checkin.said == ["ask A"]


@pytest.mark.parametrize("answer", [ADMITTED, ALREADY_USED, TIMEOUT], ids=str)
async def test_a_busy_service_is_asked_again_and_every_question_is_recorded(
    answer: Outcome, clock: ManualClock, pauses: list[float]
) -> None:
    checkin = FakeCheckIn(clock, [BUSY, answer, ADMITTED])
    outcome, asks = await decided(checkin)
    assert outcome == answer
    assert [ask.reason for ask in asks] == [Reason.BUSY, answer.reason]
    assert len(pauses) == 1
    assert asks[1].sent_ns - asks[0].answered_ns == pytest.approx(pauses[0] * 1e9, abs=1)


async def test_who_is_unknown_after_busy_is_not_asked_about_again(
    clock: ManualClock, pauses: list[float]
) -> None:
    checkin = FakeCheckIn(clock, [BUSY, BUSY, TIMEOUT, ADMITTED])
    outcome, asks = await decided(checkin)
    assert (outcome, len(asks), len(pauses)) == (TIMEOUT, 3, 2)


@pytest.mark.parametrize("latency_s", [0.0, 0.005, 0.3, 0.99, 2.0])
async def test_a_service_that_stays_busy_refuses_in_the_end_and_is_not_asked_after_a_second(
    latency_s: float, clock: ManualClock, pauses: list[float]
) -> None:
    checkin = FakeCheckIn(clock, [BUSY], latency_s)
    outcome, asks = await decided(checkin)
    assert outcome == Outcome(OutcomeKind.REFUSED, Reason.BUSY)
    assert asks[-1].sent_ns < 1_000_000_000
    assert clock.now_ns() <= round((1.0 + latency_s) * 1e9)
    assert len(asks) == len(pauses) + 1
    if latency_s < 0.9:
        assert len(asks) > 2


async def test_the_second_includes_the_first_answers_latency(
    clock: ManualClock, pauses: list[float]
) -> None:
    checkin = FakeCheckIn(clock, [BUSY], latency_s=0.995)
    _, asks = await decided(checkin)
    assert (len(asks), pauses) == (1, [])


async def test_the_same_seed_makes_the_same_pauses_and_another_makes_others(
    clock: ManualClock, pauses: list[float]
) -> None:
    made = []
    for seed in (1, 1, 2):
        await decided(FakeCheckIn(clock, [BUSY, BUSY, BUSY, ADMITTED]), seed)
        made.append(tuple(pauses))
        pauses.clear()
    assert made[0] == made[1] != made[2]
    assert all(0.010 <= pause_s <= 0.050 for pause_s in made[0])
