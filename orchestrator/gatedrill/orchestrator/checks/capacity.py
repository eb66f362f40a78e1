"""The places of a slot: never fewer than none, each taken once, given back if a payment failed."""

from gatedrill.orchestrator.checks.bookings import Bookings, all_bookings
from gatedrill.orchestrator.checks.check import CheckResult, Violation, examine_each, witness
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.slots_astray import free_places


def slot_capacity(evidence: Evidence) -> CheckResult:
    """No slot is booked beyond its places, and those left are the ones that were not taken.

    A checkout takes its places once it is booked, and none if it was refused or its payment failed.
    A payment takes places only if no checkout has reserved them, and once however often it is told.
    An open one may have done either.
    """
    bookings = all_bookings(evidence)
    rules = (_out_of_range, _overbooked, _not_conserved)

    def examine(slot: str) -> Violation | None:
        found = (rule(bookings[slot]) for rule in rules)
        return next((violation for violation in found if violation), None)

    examined = [slot for slot, each in bookings.items() if each.booked or each.after]
    claim = "no slot is booked beyond its places, and none gets lost"
    return examine_each("slot capacity", claim, examined, examine)


def _out_of_range(slot: Bookings) -> Violation | None:
    if slot.after is None or 0 <= free_places(slot.after) <= slot.after.capacity:
        return None
    what = f"{free_places(slot.after)} of {slot.after.capacity} places are left"
    return Violation(slot.planned.id, what, _rows(slot))


def _overbooked(slot: Bookings) -> Violation | None:
    """Where it is not known how many places were free, all of them were."""
    free = slot.planned.capacity if slot.before is None else free_places(slot.before)
    if slot.taken.least <= free:
        return None
    what = f"{slot.taken.least} of {free} places were taken"
    return Violation(slot.planned.id, what, witness(slot.booked[-2:]) or _rows(slot))


def _not_conserved(slot: Bookings) -> Violation | None:
    if slot.before is None or slot.after is None:
        return None
    left, free = free_places(slot.after), free_places(slot.before)
    least, most = free - slot.taken.most, free - slot.taken.least
    if least <= left <= most:
        return None
    expected = f"{most}" if least == most else f"{max(0, least)} to {most}"
    what = f"places left: {left}, expected: {expected}"
    return Violation(slot.planned.id, what, (*_rows(slot), *witness(slot.checkouts[:1])))


def _rows(slot: Bookings) -> tuple[str, ...]:
    rows = (("before", slot.before), ("after", slot.after))
    return tuple(
        f"{when} the run: {free_places(row)} of {row.capacity} places left"
        for when, row in rows
        if row
    )
