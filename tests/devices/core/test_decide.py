import random

import pytest
from device_fakes import (
    ADMITTED,
    ALREADY_USED,
    BUSY,
    READMITTED,
    TIMEOUT,
    FakeCheckIn,
    ManualClock,
    link_reply,
)

from gatedrill.contract.attempt import Ask, AskKind
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.checkin import Resolution, Ticket, VipPass
from gatedrill.devices.decide import Decision, decide

TICKET = Resolution(Ticket("A"))
LOOKED_UP = Resolution(Ticket("A"), (Ask(1, 2, kind=AskKind.LOOKUP),))
LOST_RACE = Outcome(OutcomeKind.REFUSED, Reason.LOST_RACE)


async def decided(checkin: FakeCheckIn, seed: int = 1) -> tuple[Outcome, tuple[Ask, ...]]:
    decision = await decide(TICKET, None, checkin, checkin.clock, random.Random(seed))
    return decision.outcome, decision.asks


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


async def judged(checkin: FakeCheckIn, resolution: Resolution) -> Decision:
    return await decide(resolution, None, checkin, checkin.clock, random.Random(1))


@pytest.mark.parametrize("reason", [Reason.TAMPERED, Reason.WRONG_EVENT, Reason.TIMEOUT])
async def test_what_resolving_has_settled_is_asked_of_nobody(
    clock: ManualClock, reason: Reason
) -> None:
    checkin = FakeCheckIn(clock)
    outcome = Outcome(OutcomeKind.REFUSED, reason)
    decision = await judged(checkin, Resolution(outcome, LOOKED_UP.asks))
    assert decision == Decision(outcome, LOOKED_UP.asks)
    assert checkin.said == []


async def test_the_questions_of_resolving_stand_before_those_of_the_scan(
    clock: ManualClock, pauses: list[float]
) -> None:
    decision = await judged(FakeCheckIn(clock, [BUSY, ADMITTED]), LOOKED_UP)
    kinds = [AskKind.LOOKUP, AskKind.SCAN, AskKind.SCAN]
    assert [ask.kind for ask in decision.asks] == kinds


async def test_what_a_vip_entry_tells_is_passed_on(clock: ManualClock) -> None:
    checkin = FakeCheckIn(clock, [READMITTED])
    checkin.last_entry_at, checkin.checked_in_guests = "2026-05-01T20:00:00Z", 3
    decision = await judged(checkin, Resolution(VipPass("P")))
    assert decision[2:4] == ("2026-05-01T20:00:00Z", 3)


@pytest.mark.parametrize("refusal", [ALREADY_USED, LOST_RACE], ids=str)
async def test_a_used_ticket_of_a_vip_guest_lets_its_bearer_back_in(
    clock: ManualClock, refusal: Outcome
) -> None:
    checkin = FakeCheckIn(clock, [refusal])
    checkin.link = link_reply(allows_reentry=True)
    decision = await judged(checkin, Resolution(Ticket("the ticket's own id")))
    assert decision.outcome == READMITTED
    assert [ask.kind for ask in decision.asks] == [AskKind.SCAN, AskKind.LINKED_TICKET]
    assert checkin.asked_for_links == ["the ticket's own id"]


@pytest.mark.parametrize("why", [Reason.ALREADY_USED, Reason.TIMEOUT, Reason.SERVER_ERROR])
async def test_a_refusal_stands_unless_the_service_clearly_allows_reentry(
    clock: ManualClock, why: Reason
) -> None:
    checkin = FakeCheckIn(clock, [ALREADY_USED])
    checkin.link = link_reply(allows_reentry=False, reason=why)
    decision = await judged(checkin, TICKET)
    assert decision.outcome == ALREADY_USED
    assert [ask.reason for ask in decision.asks] == [Reason.ALREADY_USED, why]


async def test_a_refusal_stands_where_the_service_knows_no_links(clock: ManualClock) -> None:
    decision = await judged(FakeCheckIn(clock, [ALREADY_USED]), TICKET)
    assert (decision.outcome, len(decision.asks)) == (ALREADY_USED, 1)


NOT_FOR_A_LINK = [
    ADMITTED,
    TIMEOUT,
    Outcome(OutcomeKind.REFUSED, Reason.NOT_FOUND),
    Outcome(OutcomeKind.REFUSED, Reason.CANCELLED),
    Outcome(OutcomeKind.REFUSED, Reason.REFUSED_OTHERWISE),
]


@pytest.mark.parametrize("outcome", NOT_FOR_A_LINK, ids=str)
async def test_nothing_but_a_used_ticket_makes_the_scanner_ask_for_a_link(
    clock: ManualClock, outcome: Outcome
) -> None:
    checkin = FakeCheckIn(clock, [outcome])
    checkin.link = link_reply(allows_reentry=True)
    assert (await judged(checkin, TICKET)).outcome == outcome
    assert checkin.asked_for_links == []


async def test_a_pass_that_lost_its_race_is_not_asked_about_as_a_ticket(clock: ManualClock) -> None:
    checkin = FakeCheckIn(clock, [LOST_RACE])
    checkin.link = link_reply(allows_reentry=True)
    assert (await judged(checkin, Resolution(VipPass("P")))).outcome == LOST_RACE
    assert checkin.asked_for_links == []


async def test_a_busy_ticket_is_asked_about_for_its_link_once_it_is_refused(
    clock: ManualClock, pauses: list[float]
) -> None:
    checkin = FakeCheckIn(clock, [BUSY, ALREADY_USED])
    checkin.link = link_reply(allows_reentry=True)
    decision = await judged(checkin, TICKET)
    assert decision.outcome == READMITTED
    assert len(decision.asks) == 3
