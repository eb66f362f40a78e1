"""Asking real gates what was presented there without an order."""

from typing import TYPE_CHECKING, cast

import msgspec
import pytest
from evidence_builder import ADMITTED
from memory_bus import MemoryBus

from gatedrill.contract import topics
from gatedrill.contract.attempt import Ask, ScanRecord
from gatedrill.contract.messages import AskWalkIns, WalkIns
from gatedrill.orchestrator.history import WalkedIn, WalkInsUntold
from gatedrill.orchestrator.speakers import Speakers
from gatedrill.orchestrator.step_watch import Part
from gatedrill.orchestrator.walk_ins import WalkInCollector, _Telling

if TYPE_CHECKING:
    from gatedrill.broker.bus import Bus

SHIFT_NS = 1_000
PARTS = {"b1": Part("gate-a", ("gate-a",), SHIFT_NS)}


def scan(number: int, asked_ns: int = 5_000) -> ScanRecord:
    return ScanRecord(
        attempt=f"walk-in:gate-a:b1:{number}",
        device="gate-a",
        intended_ns=asked_ns - 10,
        released_ns=asked_ns - 10,
        decided_ns=asked_ns + 100,
        outcome=ADMITTED,
        symbol=f"T{number}",
        decoded_ns=asked_ns - 10,
        asks=(Ask(asked_ns, asked_ns + 90, 200),),
    )


@pytest.fixture
def known() -> set[tuple[str, str]]:
    return set()


@pytest.fixture
def telling(known: set[tuple[str, str]]) -> _Telling:
    return _Telling(PARTS, known, since_ns=4_000)


def test_what_is_told_stands_in_history_time_and_once(telling: _Telling) -> None:
    told = WalkIns("b1", 1, (scan(1),))
    assert telling.take(told) == [WalkedIn("gate-a", scan(1).shifted(SHIFT_NS))]
    assert telling.take(told) == []


def test_what_an_earlier_question_has_brought_is_not_told_again(
    known: set[tuple[str, str]],
) -> None:
    _Telling(PARTS, known, since_ns=0).take(WalkIns("b1", 1, (scan(1),)))
    again = _Telling(PARTS, known, since_ns=0)
    assert again.take(WalkIns("b1", 2, (scan(1), scan(2)))) == [
        WalkedIn("gate-a", scan(2).shifted(SHIFT_NS))
    ]


def test_what_was_asked_before_the_run_is_none_of_its(telling: _Telling) -> None:
    before = scan(1, asked_ns=4_000 - SHIFT_NS - 1)
    first = scan(2, asked_ns=4_000 - SHIFT_NS)
    assert [event.record.symbol for event in _walked(telling, before, first)] == ["T2"]


def _walked(telling: _Telling, *records: ScanRecord) -> list[WalkedIn]:
    events = telling.take(WalkIns("b1", 1, records))
    return [event for event in events if isinstance(event, WalkedIn)]


def test_a_gate_has_told_all_when_as_many_came_as_it_says(telling: _Telling) -> None:
    telling.take(WalkIns("b1", 1, (), finished=True, total=1))
    assert telling.waiting == {"b1"}
    assert telling.untold() == [WalkInsUntold("gate-a", ("gate-a",), "did not tell in time")]
    telling.take(WalkIns("b1", 1, (scan(1),)))
    telling.take(WalkIns("b1", 1, (), finished=True, total=1))
    assert telling.untold() == []


def test_what_strangers_say_is_left_out(telling: _Telling) -> None:
    assert telling.take(WalkIns("b2", 1, (scan(1),), finished=True, total=1)) == []
    assert telling.waiting == {"b1"}


def test_what_a_gate_tells_of_another_is_dropped_and_does_not_stand_for_the_others_own_word(
    known: set[tuple[str, str]],
) -> None:
    dropped: list[str] = []
    parts = {**PARTS, "b2": Part("gate-b", ("gate-b",), 0)}
    telling = _Telling(parts, known, 0, dropped.append)
    under_its_name = msgspec.structs.replace(scan(1), device="gate-b")
    assert telling.take(WalkIns("b1", 1, (under_its_name,), finished=True, total=1)) == []
    assert (dropped, telling.waiting) == (["gate-a"], {"b1", "b2"})

    with_its_id = WalkIns("b2", 1, (under_its_name,))
    telling.take(WalkIns("b1", 1, (scan(1),)))
    assert telling.take(with_its_id) == [WalkedIn("gate-b", under_its_name)]


async def test_nobody_answers_under_another_gates_topic() -> None:
    bus, speakers = MemoryBus(), Speakers()
    speakers.introduce("gate-a", "b1")
    speakers.introduce("gate-b", "b2")

    def answer(levels: dict[str, str], _asked: AskWalkIns | None) -> None:
        for fleet, records in (("gate-b", ()), ("gate-a", (scan(1),))):
            told = WalkIns("b1", 1, records, finished=True, total=len(records))
            bus.say(topics.WALK_INS, told, fleet=fleet, run=levels["run"])

    await bus.subscribe(topics.ASK_WALK_INS, answer)
    collector = WalkInCollector(cast("Bus", bus), "run", 0, speakers)
    assert await collector.gather(PARTS) == [WalkedIn("gate-a", scan(1).shifted(SHIFT_NS))]
