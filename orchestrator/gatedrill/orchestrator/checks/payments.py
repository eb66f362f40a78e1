"""Payments that a slot's kiosks told of: an event counts once, however often it was delivered."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gatedrill.contract.outcome import OutcomeKind
from gatedrill.contract.service import AuditLogRow, AuditType
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.plan import PlannedWebhook


class Payments(NamedTuple):
    """The events of one slot, each by one of its deliveries.

    `heard` are those that the service has said it has heard of, `unheard` those that it may have.
    """

    heard: list[PlannedWebhook]
    unheard: list[PlannedWebhook]


class Range(NamedTuple):
    """At least and at most so many places."""

    least: int
    most: int


def legacy_places(payments: Payments, audit: Sequence[AuditLogRow] | None) -> Range:
    """How many places payments took that no checkout had reserved.

    One that found too few places took none: the audit log tells, with a row for each payment. Where
    that cannot be read, nobody knows.
    """
    sizes = {each.guests for each in (*payments.heard, *payments.unheard)}
    taken = [(guests, _taken(payments, audit, guests)) for guests in sorted(sizes)]
    return Range(
        sum(guests * each.least for guests, each in taken),
        sum(guests * each.most for guests, each in taken),
    )


def _taken(payments: Payments, audit: Sequence[AuditLogRow] | None, guests: int) -> Range:
    """How many payments of old sessions for so many guests took their places."""
    heard, unheard = (
        Counter(each.pays is None for each in some if each.guests == guests) for some in payments
    )
    if audit is None:
        return Range(0, heard[True] + unheard[True])
    logged = Counter(row.type for row in audit if row.guests == guests)
    oversold, completed = logged[AuditType.OVERSOLD], logged[AuditType.COMPLETED]
    certain = max(heard[True] - oversold, completed - heard[False] - unheard.total(), 0)
    least = min(certain, heard[True])
    return Range(least, max(least, heard[True] + unheard[True] - oversold))


def payments_of(evidence: Evidence, slot: str) -> Payments:
    """The payments for this slot, in the order in which they were told of."""
    seen = [each for each in evidence.webhooks if each.planned.slot == slot]
    heard = _by_event(
        each.planned for each in seen if each.record.outcome.kind is OutcomeKind.CONFIRMED
    )
    silent = [
        planned
        for step in evidence.plan.steps
        for planned in step.attempts
        if isinstance(planned, PlannedWebhook)
        and planned.slot == slot
        and planned.attempt in evidence.silent_attempts
    ]
    open_ended = [each.planned for each in seen if each.record.outcome.is_open]
    unheard = _by_event([*open_ended, *silent])
    return Payments(
        list(heard.values()),
        [planned for event, planned in unheard.items() if event not in heard],
    )


def _by_event(deliveries: Iterable[PlannedWebhook]) -> dict[str, PlannedWebhook]:
    by_event: dict[str, PlannedWebhook] = {}
    for planned in deliveries:
        by_event.setdefault(planned.event, planned)
    return by_event
