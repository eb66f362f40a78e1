"""What a fleet has said of a step it can say again, and of no other."""

from typing import TYPE_CHECKING, cast

import msgspec
from memory_bus import MemoryBus

from gatedrill.contract import topics
from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.messages import Armed, Report
from gatedrill.contract.outcome import Outcome, OutcomeKind
from gatedrill.devices.step_words import StepWords

if TYPE_CHECKING:
    from gatedrill.broker.bus import Bus


def scan(attempt: str) -> ScanRecord:
    return ScanRecord(
        attempt=attempt,
        device="gate-01",
        symbol="t1",
        intended_ns=1,
        released_ns=2,
        decoded_ns=None,
        decided_ns=3,
        outcome=Outcome(OutcomeKind.ADMITTED),
        asks=(),
    )


ARMED = Armed("s1", "b1", {"gate-02": "unread"})
FIRST = Report("s1", "b1", (scan("a"), scan("b")))
LAST = Report("s1", "b1", (scan("b"), scan("c")), finished=True)
TOLD = msgspec.structs.replace(LAST, total=3)


class Heard:
    """A conductor that may be cut off."""

    def __init__(self) -> None:
        self.words: list[Armed | Report] = []

    async def listen(self, bus: MemoryBus) -> None:
        await bus.subscribe(topics.ARMED, self._hear, run="r1")
        await bus.subscribe(topics.REPORT, self._hear, run="r1")

    def _hear(self, _levels: dict[str, str], word: Armed | Report | None) -> None:
        if word is not None:
            self.words.append(word)

    def forget(self) -> None:
        self.words = []


async def said(bus: MemoryBus) -> StepWords:
    words = StepWords(cast("Bus", bus), "hall")
    words.begin("r1", "s1")
    await words.say_armed(ARMED)
    await words.report(FIRST)
    await words.report(LAST)
    return words


async def test_all_that_was_said_of_the_step_is_said_again_in_order() -> None:
    bus = MemoryBus()
    heard = Heard()
    await heard.listen(bus)
    words = await said(bus)
    assert heard.words == [ARMED, FIRST, TOLD]
    heard.forget()

    await words.say_again("r1", "s1")

    assert heard.words == [ARMED, FIRST, TOLD]


async def test_what_was_said_of_an_earlier_step_or_another_run_is_not_said_again() -> None:
    bus = MemoryBus()
    heard = Heard()
    await heard.listen(bus)
    words = await said(bus)
    heard.forget()

    await words.say_again("r1", "s0")
    await words.say_again("r2", "s1")
    words.begin("r1", "s2")
    await words.say_again("r1", "s1")
    await words.say_again("r1", "s2")

    assert heard.words == []


async def test_the_last_report_counts_what_was_told_of_its_own_step_alone() -> None:
    bus = MemoryBus()
    heard = Heard()
    await heard.listen(bus)
    words = await said(bus)
    words.begin("r1", "s2")
    await words.report(Report("s2", "b1", (scan("d"),), finished=True))

    assert [word.total for word in heard.words if isinstance(word, Report)] == [None, 3, 1]
