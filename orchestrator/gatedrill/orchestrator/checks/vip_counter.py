"""The counter of a VIP party: one for each guest, no more than there are, none twice."""

from gatedrill.orchestrator.checks.check import CheckResult, Violation, examine_each, witness
from gatedrill.orchestrator.checks.vip_party import VipParty, vip_parties
from gatedrill.orchestrator.evidence import Evidence


def vip_counter(evidence: Evidence) -> CheckResult:
    """A reservation counts each guest's first entry once, and never more than it has guests.

    By its row before and after the run, and by every number that a guest was told. A counter that
    has reached the number of guests stays there.
    """
    parties = vip_parties(evidence)
    rules = (_above_total, _told_twice, _told_wrongly, _miscounted)

    def examine(reservation: str) -> Violation | None:
        found = (rule(parties[reservation]) for rule in rules)
        return next((violation for violation in found if violation), None)

    examined = [party.id for party in parties.values() if party.is_told_of]
    claim = "a reservation counts each guest once, and no more than it has"
    return examine_each("VIP counter", claim, examined, examine)


def _above_total(party: VipParty) -> Violation | None:
    for seen in party.scans:
        number = party.number_told(seen)
        if number is not None and number > party.total:
            what = f"told that {number} of {party.total} had come in"
            return Violation(party.id, what, witness([seen]))
    if party.after is not None and party.after > party.total:
        return Violation(party.id, f"counts {party.after} of {party.total} guests", _counts(party))
    return None


def _told_twice(party: VipParty) -> Violation | None:
    """Only a counter that has reached its end may tell two guests the same number."""
    numbers = [party.number_told(seen) for seen in party.first]
    may_repeat = (None, party.total) if party.may_be_complete else (None,)
    for number in numbers:
        if number not in may_repeat and numbers.count(number) > 1:
            told = [seen for seen in party.first if party.number_told(seen) == number]
            what = f"two guests were told that they were number {number}"
            return Violation(party.id, what, witness(told[:2]))
    return None


def _told_wrongly(party: VipParty) -> Violation | None:
    """No number is below the entries answered before, nor above those asked for by then."""
    for seen in party.scans:
        number = party.number_told(seen)
        if number is None:
            continue
        least = min((party.before or 0) + party.entered_before(seen), party.total)
        if number < least:
            what = f"told that {number} of {party.total} had come in, when {least} had"
            return Violation(party.id, what, witness([seen]))
        if party.before is None:
            continue
        most = party.before + party.asked_by_then(seen)
        if number > most:
            what = f"told that {number} of {party.total} had come in, when {most} had asked to"
            return Violation(party.id, what, witness([seen]))
    return None


def _miscounted(party: VipParty) -> Violation | None:
    if party.before is None or party.after is None:
        return None
    entered = len(party.first) + party.uploaded
    least = party.before + entered
    most = party.before + len(party.first) + party.perhaps
    if min(least, party.total) <= party.after <= min(most, party.total):
        return None
    what = f"first entries: {entered}, but the counter grew by {party.after - party.before}"
    return Violation(party.id, what, _counts(party))


def _counts(party: VipParty) -> tuple[str, ...]:
    before = [] if party.before is None else [f"before the run: {party.before} of {party.total}"]
    return (
        *before,
        f"after the run: {party.after} of {party.total}",
        f"first entries shown: {len(party.first) + party.uploaded}",
    )
