"""Two admissions with one ticket: expected where nobody could have known, wrong anywhere else.

A device that decides alone may admit whom another one has admitted, if no word of the first
admission could reach the second device: not by the service, not by a registrar. That is what such a
device is for, and it is told, not accused. A registrar has no such excuse, and no service either.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from gatedrill.contract.outcome import Authority, OutcomeKind
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.outages import FaultWindow
from gatedrill.orchestrator.seen import SeenScan


class Double(NamedTuple):
    """Two admissions, the earlier decision first.

    `wrong` says what is wrong with it, perhaps nothing more than that there are two; it is None for
    one that was to be expected, because of these faults.
    """

    first: SeenScan
    second: SeenScan
    wrong: str | None
    because: tuple[FaultWindow, ...] = ()


class DoubledTicket(NamedTuple):
    """All admissions of one ticket that admits once, and what is to be said of each two."""

    ticket: str
    admissions: list[SeenScan]
    doubles: list[Double]

    @property
    def wrong(self) -> Double | None:
        """The first two that were not to be expected; None if all were."""
        return next((each for each in self.doubles if each.wrong is not None), None)


def doubled_tickets(evidence: Evidence) -> list[DoubledTicket]:
    """Every ticket or pass that let more than one person in."""
    return [
        DoubledTicket(ticket, counted, list(_pairs(evidence, counted)))
        for ticket in sorted(evidence.by_ticket)
        if len(counted := counted_admissions(evidence, ticket)) > 1
    ]


def counted_admissions(evidence: Evidence, ticket: str) -> list[SeenScan]:
    """The admissions of which there may be one: of who may come back, the first entries."""
    comes_back = ticket in evidence.readmitting
    return [
        seen
        for seen in evidence.by_ticket[ticket]
        if seen.record.outcome.admits
        and (not comes_back or seen.record.outcome.kind is OutcomeKind.ADMITTED)
    ]


def _pairs(evidence: Evidence, admissions: Sequence[SeenScan]) -> Iterator[Double]:
    return (judge_double(evidence, *pair) for pair in combinations(admissions, 2))


def judge_double(evidence: Evidence, first: SeenScan, second: SeenScan) -> Double:
    """What is to be said of these two, given in the order of their decisions."""
    one, other = first.record, second.record
    if Authority.OFFLINE not in (one.authority, other.authority):
        return Double(first, second, _by_others(first, second))
    if one.device == other.device:
        return Double(first, second, "both by the same gate, which knew")
    return _by_itself(evidence, first, second)


def _by_others(first: SeenScan, second: SeenScan) -> str:
    """Two that were granted, by whomever."""
    authorities = {first.record.authority, second.record.authority}
    if authorities == {Authority.ONLINE}:
        return ""
    if len(authorities) > 1:
        return (
            "once by the service and once by the registrar, which is not promised while a gate is "
            "cut off from the service or has scans to upload"
        )
    one, other = _registrar(first), _registrar(second)
    if one and other and one != other:
        return f"by grants of two registrar files, {one} and {other}"
    return "by one registrar, which granted it twice"


def _registrar(seen: SeenScan) -> str | None:
    return None if seen.record.claim is None else seen.record.claim.registrar


def _by_itself(evidence: Evidence, first: SeenScan, second: SeenScan) -> Double:
    """Two of which one device at least decided alone.

    What the service itself has admitted it need not be told: then only the later device matters.
    """
    bounds_ns = evidence.clock_bounds_ns
    bound_ns = bounds_ns.get(first.fleet, 0) + bounds_ns.get(second.fleet, 0)
    span = (first.record.decided_ns - bound_ns, second.record.decided_ns + bound_ns)
    of_service = [second] if first.record.authority is Authority.ONLINE else [first, second]
    because: set[FaultWindow] = set()
    for seen in of_service:
        kept_away = evidence.reach.kept_away_by(seen.record.device, Authority.ONLINE, *span)
        if kept_away is None:
            wrong = f"though {seen.record.device} could reach the service in between"
            return Double(first, second, wrong)
        because.update(kept_away)
    if Authority.VENUE in evidence.plan.scenario.authorities:
        ways = [
            evidence.reach.kept_away_by(seen.record.device, Authority.VENUE, *span)
            for seen in (first, second)
        ]
        if all(way is None for way in ways):
            return Double(first, second, "though both could reach the registrar in between")
        because.update(window for way in ways for window in way or ())
    return Double(first, second, None, tuple(sorted(because, key=lambda each: each.began_ns)))
