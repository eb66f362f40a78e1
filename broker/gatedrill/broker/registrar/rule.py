"""Who is let in by the registrar: a pure rule on what is known of one ticket of one edition.

Whoever let the ticket's guest in first, by a grant of ours or at the service, stays the first one
for good. A claim that comes later is refused, unless the ticket's guest may come back.

A scan is its fleet's: the broker vouches for the fleet and for nothing that is said. The same id in
the mouth of another fleet is another scan.
"""

from collections.abc import Callable, Mapping

import msgspec

from gatedrill.contract.messages import Admission, VenueClaim, VenueGrant
from gatedrill.contract.outcome import Reason


class Said(msgspec.Struct, frozen=True):
    """What was said on the topic of this fleet."""

    fleet: str
    message: VenueClaim | Admission


class Entry(msgspec.Struct, frozen=True):
    """Who let a guest in; `claim` is the claim's id, or the nonce of the scan at the service.

    The device is the one that the fleet named.
    """

    fleet: str
    device: str
    claim: str

    def is_scan(self, fleet: str, claim: str) -> bool:
        """Whether this is what that fleet calls so."""
        return (self.fleet, self.claim) == (fleet, claim)


class TicketState(msgspec.Struct, frozen=True):
    """What is known of one ticket of one edition.

    `first` let its guest in first; None as long as nobody has. `answers` are those that were given
    before, by fleet and claim id; to judge a claim, only its own is needed. `told` are the
    admissions that devices have told of.
    """

    first: Entry | None = None
    answers: Mapping[tuple[str, str], VenueGrant] = {}
    told: tuple[Entry, ...] = ()


Rule = Callable[[TicketState, str, VenueClaim, str], VenueGrant]
"""Judges a fleet's claim on what is known of its ticket; last is the id of the registrar's file."""


def judge_claim(known: TicketState, fleet: str, claim: VenueClaim, registrar: str) -> VenueGrant:
    """The answer to a fleet's `claim`: the one it got before, or else a new one, to be remembered.

    A claim that carries the nonce of the admission which came first is that very admission: the
    device asked the service, and did not live to see the answer.

    A grant that is asked for again has let nobody in yet: whoever asks has shown no verdict. So it
    is not given again when the guest has come in elsewhere meanwhile, by the service's word.
    """
    earlier = known.answers.get((fleet, claim.claim))
    elsewhere = next((each for each in known.told if not each.is_scan(fleet, claim.claim)), None)
    if earlier is not None and earlier.granted and elsewhere and not claim.comes_back:
        return _already_used(claim, registrar, elsewhere)
    if earlier is not None:
        return earlier
    first = known.first
    if first is None or first.is_scan(fleet, claim.claim):
        return VenueGrant(claim.claim, registrar, granted=True)
    refusal = _already_used(claim, registrar, first)
    if claim.comes_back:
        return msgspec.structs.replace(refusal, granted=True, again=True, reason=None)
    return refusal


def after_claim(
    known: TicketState, fleet: str, claim: VenueClaim, grant: VenueGrant
) -> TicketState:
    """What is known once `grant` is the answer to the fleet's `claim`."""
    first = known.first
    if first is None and grant.granted:
        first = Entry(fleet, claim.device, claim.claim)
    return TicketState(first, {**known.answers, (fleet, claim.claim): grant}, known.told)


def after_admission(known: TicketState, fleet: str, admission: Admission) -> TicketState:
    """What is known once a fleet has told of the service's admission, for the first time or again.

    One that is told after somebody else was let in leaves that one the first.
    """
    entry = Entry(fleet, admission.device, admission.nonce)
    told = known.told if entry in known.told else (*known.told, entry)
    return TicketState(known.first or entry, known.answers, told)


def _already_used(claim: VenueClaim, registrar: str, first: Entry) -> VenueGrant:
    return VenueGrant(
        claim.claim,
        registrar,
        granted=False,
        reason=Reason.ALREADY_USED,
        first_device=first.device,
        first_claim=first.claim,
        first_fleet=first.fleet,
    )
