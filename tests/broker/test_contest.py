"""The rule of a claim, played by hand and against a model of a broker."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatedrill.broker.claim import SILENT_BEATS, Contest


def test_who_is_alone_holds_when_its_claim_has_come_back() -> None:
    contest = Contest[str]("a")
    assert not contest.held
    assert not contest.hear("a", "claim of a", retained=False)
    assert contest.held


def test_an_own_message_that_was_retained_is_no_echo() -> None:
    contest = Contest[str]("a")
    contest.hear("a", "claim of a", retained=True)
    assert not contest.held


def test_an_older_claim_that_is_repeated_wins() -> None:
    contest = Contest[str]("a")
    contest.hear("b", "claim of b", retained=True)
    contest.hear("a", "claim of a", retained=False)
    assert not contest.held
    contest.hear("b", "claim of b, again", retained=False)
    assert contest.winner == "claim of b, again"
    assert not contest.held


def test_an_older_claim_that_the_broker_sends_twice_is_not_yet_repeated() -> None:
    contest = Contest[str]("a")
    for _ in range(2):
        contest.hear("b", "claim of b", retained=True)
    contest.hear("a", "claim of a", retained=False)
    assert contest.winner is None
    assert not contest.held


def test_an_older_claim_that_is_cleared_leaves_the_place() -> None:
    contest = Contest[str]("a")
    contest.hear("b", "claim of b", retained=True)
    contest.hear("a", "claim of a", retained=False)
    contest.hear("b", None, retained=False)
    assert contest.held


def test_each_newcomer_is_answered_once() -> None:
    contest = Contest[str]("a")
    contest.hear("a", "claim of a", retained=False)
    assert contest.hear("b", "claim of b", retained=False)
    assert not contest.hear("b", "claim of b", retained=False)
    assert contest.hear("c", "claim of c", retained=False)
    assert not contest.hear("b", None, retained=False)
    assert contest.hear("b", "claim of b", retained=False)
    assert contest.held


def test_a_silent_older_claim_is_left_over_after_three_beats() -> None:
    contest = Contest[str]("a")
    contest.hear("b", "claim of b", retained=True)
    contest.hear("a", "claim of a", retained=False)
    beats = []
    for _ in range(SILENT_BEATS):
        beats.append(contest.beat())
        contest.hear("a", "claim of a, again", retained=False)
    assert beats == [[], [], ["b"]]
    assert contest.held


def test_nobody_is_called_silent_before_the_own_claim_has_come_back() -> None:
    contest = Contest[str]("a")
    contest.hear("b", "claim of b", retained=True)
    assert [contest.beat() for _ in range(2 * SILENT_BEATS)] == [[]] * 2 * SILENT_BEATS


def test_a_holder_that_was_cleared_claims_again_behind_everybody_it_knows() -> None:
    contest = Contest[str]("a")
    contest.hear("a", "claim of a", retained=False)
    contest.hear("b", "claim of b", retained=False)
    assert contest.hear("a", None, retained=False)
    contest.hear("a", "claim of a", retained=False)
    assert not contest.held
    contest.hear("b", "claim of b", retained=False)
    assert contest.winner == "claim of b"


def test_after_a_reconnection_a_claim_that_came_meanwhile_is_older() -> None:
    contest = Contest[str]("a")
    contest.hear("a", "claim of a", retained=False)
    contest.reconnected()
    assert not contest.held
    contest.hear("b", "claim of b", retained=True)
    contest.hear("a", "claim of a", retained=False)
    contest.hear("b", "claim of b", retained=False)
    assert contest.winner == "claim of b"


class Claimant:
    """A contestant and the messages that the broker has sent it but it has not yet read."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.contest = Contest[str](name)
        self.inbox: list[tuple[str, str | None, bool]] = []
        self.outbox: list[tuple[str, str | None]] = []
        self.is_subscribed = False
        self.is_gone = False

    @property
    def believes_it_holds(self) -> bool:
        return not self.is_gone and self.contest.held


class Broker:
    """One broker: it takes one message at a time and appends it to every subscriber's inbox."""

    def __init__(self, claimants: list[Claimant]) -> None:
        self.claimants = claimants
        self.retained: dict[str, str] = {}

    def subscribe(self, claimant: Claimant) -> None:
        claimant.is_subscribed = True
        claimant.inbox += [(topic, claim, True) for topic, claim in self.retained.items()]
        claimant.outbox.append((claimant.name, claimant.name))

    def take(self, topic: str, claim: str | None) -> None:
        if claim is None:
            self.retained.pop(topic, None)
        else:
            self.retained[topic] = claim
        for claimant in self.claimants:
            if claimant.is_subscribed:
                claimant.inbox.append((topic, claim, False))

    def moves(self) -> Iterator[tuple[str, Claimant]]:
        for claimant in self.claimants:
            if claimant.is_gone and not claimant.outbox:
                continue
            if not claimant.is_subscribed:
                yield "subscribe", claimant
            if claimant.outbox:
                yield "send", claimant
            if claimant.inbox and not claimant.is_gone:
                yield "read", claimant

    def play(self, move: str, claimant: Claimant) -> None:
        match move:
            case "subscribe":
                self.subscribe(claimant)
            case "send":
                self.take(*claimant.outbox.pop(0))
            case "read":
                read(claimant)


def read(claimant: Claimant) -> None:
    topic, claim, retained = claimant.inbox.pop(0)
    if claimant.contest.hear(topic, claim, retained=retained):
        claimant.outbox.append((claimant.name, claimant.name))
    if claimant.contest.winner is not None:
        claimant.is_gone = True
        claimant.outbox.append((claimant.name, None))


def settle(broker: Broker, choose: random.Random) -> None:
    """Play on in any order until nothing is left to do, watching that never two hold."""
    while moves := list(broker.moves()):
        broker.play(*choose.choice(moves))
        holders = [c.name for c in broker.claimants if c.believes_it_holds]
        assert len(holders) <= 1, holders


@given(count=st.integers(1, 5), choose=st.randoms(use_true_random=False))
def test_however_the_messages_interleave_exactly_one_of_many_newcomers_holds(
    count: int, choose: random.Random
) -> None:
    broker = Broker([Claimant(f"c{n}") for n in range(count)])
    settle(broker, choose)
    assert sum(c.believes_it_holds for c in broker.claimants) == 1


@given(count=st.integers(1, 4), choose=st.randoms(use_true_random=False))
def test_a_holder_keeps_its_place_against_any_number_of_newcomers(
    count: int, choose: random.Random
) -> None:
    holder = Claimant("holder")
    broker = Broker([holder])
    settle(broker, choose)
    broker.claimants += [Claimant(f"c{n}") for n in range(count)]
    settle(broker, choose)
    assert holder.believes_it_holds


@given(count=st.integers(1, 4), choose=st.randoms(use_true_random=False))
def test_a_claim_left_over_gives_way_to_exactly_one(count: int, choose: random.Random) -> None:
    broker = Broker([Claimant(f"c{n}") for n in range(count)])
    broker.retained["dead"] = "dead"
    settle(broker, choose)
    assert not any(c.believes_it_holds for c in broker.claimants)
    for _ in range(SILENT_BEATS):
        for claimant in [c for c in broker.claimants if not c.is_gone]:
            claimant.outbox += [(topic, None) for topic in claimant.contest.beat()]
            claimant.outbox.append((claimant.name, claimant.name))
        settle(broker, choose)
    assert sum(c.believes_it_holds for c in broker.claimants) == 1
    assert "dead" not in broker.retained


@pytest.mark.parametrize("heartbeats_first", [True, False])
def test_a_holder_that_stood_still_and_was_replaced_withdraws_when_it_wakes(
    heartbeats_first: bool,
) -> None:
    sleeper, heir = Claimant("sleeper"), Claimant("heir")
    broker = Broker([sleeper, heir])
    choose = random.Random(1)
    for move in ("subscribe", "send", "read"):
        broker.play(move, sleeper)
    for move in ("subscribe", "read", "send", "read"):
        broker.play(move, heir)
    heir.outbox += [(t, None) for _ in range(SILENT_BEATS) for t in heir.contest.beat()]
    assert heir.believes_it_holds
    if heartbeats_first:
        sleeper.outbox.append(("sleeper", "sleeper"))
    while moves := list(broker.moves()):
        broker.play(*choose.choice(moves))
    assert heir.believes_it_holds
    assert sleeper.is_gone
