"""Runs of a guided drill that nobody has to perform: gates answer as told, staff too."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from plans import plan_for, roster

from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.fixtures.loader import load_scenario
from gatedrill.orchestrator.history import Attempted, Ended, Event, Fired, Reacted, Started
from gatedrill.orchestrator.judge import judge
from gatedrill.orchestrator.plan import BurstStep, Plan
from gatedrill.orchestrator.records import UNREAD
from gatedrill.orchestrator.result import Result
from gatedrill.orchestrator.scorecard import Scorecard, make_scorecard

if TYPE_CHECKING:
    from gatedrill.fixtures.scenario import Reaction

READ_MS, DECIDED_MS, REACTED_MS = 5, 25, 2025
NOT_PRESENTED = Outcome(OutcomeKind.IGNORED, Reason.NOT_PRESENTED)
UNKNOWN = Outcome(OutcomeKind.UNKNOWN, Reason.TIMEOUT)
ADMITTED = Outcome(OutcomeKind.ADMITTED)


class LedRun:
    """A drill in which all goes well, but for what a test changes; steps are counted from 1.

    `answers` are the gates', `reactions` those of staff, None for one who says nothing. After the
    step `until` it was interrupted.
    """

    def __init__(self, name: str = "drill-duplicate") -> None:
        scenario = load_scenario(name)
        self.plan: Plan = plan_for(scenario, roster(scenario.devices))
        self.answers: dict[int, Outcome | None] = {}
        self.reactions: dict[int, Reaction | None] = {}
        self.until = len(self.plan.steps)

    @property
    def history(self) -> list[Event]:
        """What happened: a step each ten seconds."""
        started = Started(
            "run", self.plan.scenario.name, 1, "2026-11-20T19:30:00+00:00", "http://t", "mqtt://b"
        )
        events: list[Event] = [started]
        for number, step in enumerate(self.plan.steps[: self.until], 1):
            assert isinstance(step, BurstStep)
            events += self._step(step, number)
        whole = self.until == len(self.plan.steps)
        return [*events, Ended(10**12, None if whole else "interrupted")]

    def _step(self, step: BurstStep, number: int) -> list[Event]:
        at_ns = number * 10_000_000_000
        events: list[Event] = [Fired(step.id, at_ns)]
        answer = self.answers.get(number, right_answer(step))
        if answer is not None:
            events.append(Attempted(step.id, "east", _scan(step, answer, at_ns)))
        assert step.guidance is not None
        reaction = self.reactions.get(number, step.guidance.reaction)
        if answer not in (None, NOT_PRESENTED):
            events.append(Reacted(step.id, reaction, at_ns + REACTED_MS * 1_000_000))
        return events

    def judge(self) -> Result:
        """The run's verdict."""
        return judge(self.plan, self.history, UNREAD)

    def score(self) -> Scorecard:
        """The scorecard."""
        return make_scorecard(self.plan, self.history, self.judge())

    def label(self, labels: Mapping[str, str]) -> None:
        """Give these devices names that people call them."""
        devices = tuple(
            msgspec.structs.replace(each, label=labels.get(each.name, ""))
            for each in self.plan.devices
        )
        self.plan = msgspec.structs.replace(self.plan, devices=devices)


def right_answer(step: BurstStep) -> Outcome:
    """What the scenario expects of this one scan."""
    [word] = step.expect
    if word in list(Reason):
        return Outcome(OutcomeKind.REFUSED, Reason(word))
    return Outcome(OutcomeKind(word))


def _scan(step: BurstStep, answer: Outcome, at_ns: int) -> ScanRecord:
    [planned] = step.attempts
    was_read = answer != NOT_PRESENTED
    return ScanRecord(
        attempt=planned.attempt,
        device=planned.device,
        symbol=getattr(planned, "symbol", ""),
        intended_ns=at_ns,
        released_ns=at_ns,
        decoded_ns=at_ns + READ_MS * 1_000_000 if was_read else None,
        decided_ns=at_ns + DECIDED_MS * 1_000_000,
        outcome=answer,
    )
