"""The scorecard of a guided drill: what gates and staff made of each ticket. Pure.

A public promise (docs/drills.md), hence its version. What is right stands in the scenario; staff's
time counts from the gate's decision until they said what they do. A wrong answer of the gate is not
held against them: who acts on it is not judged.
"""

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

import msgspec

from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.outcome import Outcome, OutcomeKind
from gatedrill.fixtures.scenario import Reaction
from gatedrill.orchestrator.captions import captions
from gatedrill.orchestrator.history import Attempted, Event, Fired, Reacted
from gatedrill.orchestrator.plan import BurstStep, Plan
from gatedrill.orchestrator.result import Result, Verdict

SCORECARD_FORMAT = "gatedrill-scorecard"
SCORECARD_VERSION = 1


class ScoredStep(msgspec.Struct, frozen=True):
    """One ticket at one gate; `reached` tells whether the drill came to it at all.

    `ticket` is its caption on paper, `gate` what people call the gate. `gate_ms` runs from reading
    to decision, `reaction_s` from there to what staff said. `gate_ok` is None without a settled
    answer, `reaction_ok` without a reaction, or where the gate's answer was not right.
    """

    step: str
    ticket: str
    gate: str
    reached: bool
    expected: str | None
    answer: str | None
    gate_ok: bool | None
    gate_ms: float | None
    right_reaction: Reaction
    reaction: Reaction | None
    reaction_ok: bool | None
    reaction_s: float | None
    why: str | None

    @property
    def is_ok(self) -> bool:
        """Whether both have done what they should."""
        return bool(self.gate_ok and self.reaction_ok)


class Totals(msgspec.Struct, frozen=True):
    """Over all steps. What is neither right nor wrong could not be judged, or did not happen."""

    steps: int
    ok: int
    gate_right: int
    gate_wrong: int
    staff_right: int
    staff_wrong: int
    median_reaction_s: float | None
    slowest_reaction_s: float | None


class Scorecard(msgspec.Struct, frozen=True):
    """Everything that is said about a guided drill. `verdict` is the run's, of gates and service.

    `cut_short` says why it ended before its time, None if it did not.
    """

    run: str
    scenario: str
    title: str
    seed: int
    started_at: str
    verdict: Verdict
    exit_code: int
    cut_short: str | None
    totals: Totals
    steps: tuple[ScoredStep, ...]
    format: str = SCORECARD_FORMAT
    version: int = SCORECARD_VERSION


def make_scorecard(plan: Plan, history: Sequence[Event], result: Result) -> Scorecard:
    """The scorecard of a run, as far as it came; `result` is what was judged of the same run."""
    came = _Came(history)
    printed = captions(plan)
    gates = {device.name: device.label or device.name for device in plan.devices}
    steps = tuple(
        _score(step, step.guidance.reaction, printed, gates, came)
        for step in plan.steps
        if isinstance(step, BurstStep) and step.guidance and step.guidance.reaction
    )
    return Scorecard(
        run=result.run,
        scenario=result.scenario,
        title=result.title,
        seed=result.seed,
        started_at=result.started_at,
        verdict=result.verdict,
        exit_code=result.exit_code,
        cut_short=result.cut_short,
        totals=_total(steps),
        steps=steps,
    )


def expected_of(step: BurstStep) -> str | None:
    """The one answer that is right, by the scenario: an outcome, or the reason of a refusal."""
    return next((word for word, number in step.expect.items() if number), None)


def is_expected(outcome: Outcome, word: str | None) -> bool | None:
    """Whether a gate's answer is the right one; None for one that settles nothing."""
    if word is None or outcome.is_open:
        return None
    return word in (str(outcome.kind), str(outcome.reason))


def was_shown(outcome: Outcome) -> bool:
    """Whether a gate has shown anything at all."""
    return outcome.kind is not OutcomeKind.IGNORED


class _Came:
    """What came of the steps, by the history."""

    def __init__(self, history: Sequence[Event]) -> None:
        self.fired = {event.step for event in history if isinstance(event, Fired)}
        self.reacted = {event.step: event for event in history if isinstance(event, Reacted)}
        self.scans = {
            event.record.attempt: event.record
            for event in history
            if isinstance(event, Attempted) and isinstance(event.record, ScanRecord)
        }


def _score(
    step: BurstStep,
    right: Reaction,
    printed: Mapping[str, str],
    gates: Mapping[str, str],
    came: _Came,
) -> ScoredStep:
    [planned] = step.attempts
    scan, reacted = came.scans.get(planned.attempt), came.reacted.get(step.id)
    expected = expected_of(step)
    gate_ok = None if scan is None else is_expected(scan.outcome, expected)
    reaction = None if reacted is None else reacted.reaction
    return ScoredStep(
        step=step.id,
        ticket=printed.get(planned.attempt, ""),
        gate=gates[planned.device],
        reached=step.id in came.fired,
        expected=expected,
        answer=None if scan is None else str(scan.outcome),
        gate_ok=gate_ok,
        gate_ms=None if scan is None else _decision_ms(scan),
        right_reaction=right,
        reaction=reaction,
        reaction_ok=reaction == right if gate_ok and reaction else None,
        reaction_s=_reaction_s(scan, reacted),
        why=step.guidance.why if step.guidance else None,
    )


def _decision_ms(scan: ScanRecord) -> float | None:
    if scan.decoded_ns is None:
        return None
    return round((scan.decided_ns - scan.decoded_ns) / 1e6, 3)


def _reaction_s(scan: ScanRecord | None, reacted: Reacted | None) -> float | None:
    if scan is None or reacted is None or reacted.reaction is None:
        return None
    # The gate's clock is known to some milliseconds only.
    return round(max(0, reacted.at_ns - scan.decided_ns) / 1e9, 3)


def _total(steps: Sequence[ScoredStep]) -> Totals:
    times_s = [each.reaction_s for each in steps if each.reaction_s is not None]
    gates = [each.gate_ok for each in steps]
    staff = [each.reaction_ok for each in steps]
    return Totals(
        steps=len(steps),
        ok=_count((each.is_ok for each in steps), is_right=True),
        gate_right=_count(gates, is_right=True),
        gate_wrong=_count(gates, is_right=False),
        staff_right=_count(staff, is_right=True),
        staff_wrong=_count(staff, is_right=False),
        median_reaction_s=median(times_s) if times_s else None,
        slowest_reaction_s=max(times_s, default=None),
    )


def _count(found: Iterable[bool | None], *, is_right: bool) -> int:
    return sum(each is is_right for each in found)
