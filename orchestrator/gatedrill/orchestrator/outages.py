"""When something of the venue failed, and whom it kept from asking whom."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, takewhile
from typing import NamedTuple

from gatedrill.contract.outcome import Authority
from gatedrill.fixtures.scenario import FaultName
from gatedrill.orchestrator.coming_back import return_s
from gatedrill.orchestrator.history import Event, FaultBegan, FaultEnded
from gatedrill.orchestrator.plan import BeginAct, Plan, PlannedFault
from gatedrill.orchestrator.seen import SeenScan, is_unanswered

NO_PROCESS: frozenset[FaultName] = frozenset(("device-killed", "device-paused"))
"""While these last, a device asks nobody and says nothing."""
NO_BROKER: frozenset[FaultName] = frozenset(("broker-stopped", "broker-frozen"))
"""While these last, no word comes from any device."""
_NO_ANSWER: frozenset[FaultName] = frozenset(("uplink-down", "uplink-answers-lost"))
_NO_REGISTRAR = NO_BROKER | {"registrar-stopped"}
_FOR_EVER = 1 << 62


class FaultWindow(NamedTuple):
    """Something failed from `began_ns` to `ended_ns`, None if it never ended; whom it struck."""

    fault: str
    kind: FaultName
    devices: tuple[str, ...]
    began_ns: int
    ended_ns: int | None

    def overlaps(self, from_ns: int, to_ns: int) -> bool:
        """Whether it was in force at any time between these instants."""
        return self.began_ns <= to_ns and from_ns <= self.until_ns

    @property
    def until_ns(self) -> int:
        """When it ended; later than everything if it did not."""
        return _FOR_EVER if self.ended_ns is None else self.ended_ns


def find_faults(history: Iterable[Event]) -> tuple[FaultWindow, ...]:
    """What failed, in the order in which it began. What never ended lasts to the end."""
    events = list(history)
    ended_ns = {event.fault: event.at_ns for event in events if isinstance(event, FaultEnded)}
    return tuple(
        FaultWindow(event.fault, event.kind, event.devices, event.at_ns, ended_ns.get(event.fault))
        for event in events
        if isinstance(event, FaultBegan)
    )


class Reach:
    """Whom a device could ask at which time, as far as faults and answers tell."""

    def __init__(
        self, plan: Plan, faults: Sequence[FaultWindow], scans: Iterable[SeenScan]
    ) -> None:
        planned = planned_faults(plan)
        self._silences = {
            Authority.ONLINE: [
                each for each in faults if _cuts_off(each, planned, plan.scenario.budget_s)
            ],
            Authority.VENUE: [each for each in faults if each.kind in _NO_REGISTRAR],
        }
        self._absences = [each for each in faults if each.kind in NO_PROCESS]
        asked: dict[tuple[str, Authority], list[_Question]] = {}
        for seen in scans:
            for authority in self._silences:
                here = asked.setdefault((seen.record.device, authority), [])
                here.extend(_asked(seen, authority))
        self._questions = {key: _Questions(each) for key, each in asked.items()}

    def within_reach(self, device: str, authority: Authority, from_ns: int, to_ns: int) -> bool:
        """Whether it could ask the service, or a registrar, at any time between two instants."""
        return self.kept_away_by(device, authority, from_ns, to_ns) is None

    def kept_away_by(
        self, device: str, authority: Authority, from_ns: int, to_ns: int
    ) -> tuple[FaultWindow, ...] | None:
        """What kept a device from an authority all that time; None if it could reach it.

        A question of its own that a fault left without an answer counts as time out of reach from
        when it was asked: the device did try. So does the time that it may need to come back. An
        answer proves the contrary.
        """
        questions = self._under_way(device, authority, from_ns, to_ns)
        if any(each.is_answered and from_ns <= each.end_ns <= to_ns for each in questions):
            return None
        silences = (*self._silences.get(authority, ()), *self._absences)
        struck = [each for each in silences if self.lasts(each, device, authority, from_ns, to_ns)]
        spans = [(each.began_ns, self._back_ns(each, device, authority)) for each in struck]
        spans += [
            (each.begin_ns, each.end_ns)
            for each in questions
            if not each.is_answered
            and any(begin <= each.end_ns and each.begin_ns <= end for begin, end in spans)
        ]
        return tuple(struck) if _covers(spans, from_ns, to_ns) else None

    def lasts(
        self, window: FaultWindow, device: str, authority: Authority, from_ns: int, to_ns: int
    ) -> bool:
        """Whether a fault struck a device between two instants, or it was on its way back then."""
        back_ns = self._back_ns(window, device, authority)
        return device in window.devices and window.began_ns <= to_ns and from_ns <= back_ns

    def _back_ns(self, window: FaultWindow, device: str, authority: Authority) -> int:
        """When the device must be back with this authority after the fault, or is seen to be."""
        ended_ns = window.until_ns
        latest_ns = ended_ns + round(return_s(window.kind, authority) * 1e9)
        asked = self._under_way(device, authority, ended_ns, latest_ns)
        return min([latest_ns, *(each.end_ns for each in asked if each.is_answered)])

    def _under_way(
        self, device: str, authority: Authority, from_ns: int, to_ns: int
    ) -> "list[_Question]":
        known = self._questions.get((device, authority))
        return [] if known is None else known.under_way(from_ns, to_ns)


def planned_faults(plan: Plan) -> dict[str, PlannedFault]:
    """All faults of a plan, by id."""
    acts = [*(act for step in plan.steps for act in step.before), *plan.after]
    begun = [fault for act in acts if isinstance(act, BeginAct) for fault in act.faults]
    return {fault.id: fault for fault in (*begun, *(f for s in plan.steps for f in s.faults))}


def _cuts_off(window: FaultWindow, planned: Mapping[str, PlannedFault], budget_s: float) -> bool:
    """Whether no answer of the service came through in time."""
    fault = planned.get(window.fault)
    if window.kind in _NO_ANSWER or fault is None:
        return window.kind in _NO_ANSWER
    if window.kind == "uplink-slow":
        return (fault.delay_ms or 0.0) >= budget_s * 1000
    return window.kind in ("uplink-lossy", "uplink-garbage") and fault.share == 1


class _Question(NamedTuple):
    begin_ns: int
    end_ns: int
    is_answered: bool


class _Questions:
    """What one device asked of one authority; finds what was under way at a time."""

    def __init__(self, questions: Iterable[_Question]) -> None:
        self._all = sorted(questions)
        self._ended_ns = list(accumulate((each.end_ns for each in self._all), max))

    def under_way(self, from_ns: int, to_ns: int) -> list[_Question]:
        """Those that were at any time between two instants."""
        first = bisect_left(self._ended_ns, from_ns)
        begun = takewhile(lambda each: each.begin_ns <= to_ns, self._all[first:])
        return [each for each in begun if each.end_ns >= from_ns]


def _asked(seen: SeenScan, authority: Authority) -> list[_Question]:
    """What a scan asked of this authority, and whether it was told anything."""
    if authority is Authority.ONLINE:
        return [_Question(a.sent_ns, a.answered_ns, not is_unanswered(a)) for a in seen.record.asks]
    claim = seen.record.claim
    if claim is None:
        return []
    return [_Question(claim.sent_ns, claim.answered_ns, claim.granted is not None)]


def _covers(spans: Iterable[tuple[int, int]], from_ns: int, to_ns: int) -> bool:
    """Whether these leave no instant between the two uncovered."""
    at_ns = from_ns
    for begin_ns, end_ns in sorted(spans):
        if begin_ns > at_ns:
            return False
        at_ns = max(at_ns, end_ns)
        if at_ns >= to_ns:
            return True
    return False
