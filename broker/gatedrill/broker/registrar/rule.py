"""Who is let in by the registrar: a pure rule on what is known of one ticket of one edition.

Whoever let the ticket's guest in first, by a grant of ours or at the service, stays the first one
for good. A claim that comes later is refused, unless the ticket's guest may come back.
"""

from collections.abc import Callable, Mapping

import msgspec

from gatedrill.contract.messages import Admission, VenueClaim, VenueGrant
from gatedrill.contract.outcome import Reason


class Entry(msgspec.Struct, frozen=True):
    """Who let a guest in; `claim` is the claim's id, or the nonce of the scan at the service."""

    device: str
    claim: str


class TicketState(msgspec.Struct, frozen=True):
    """What is known of one ticket of one edition.

    `first` let its guest in first; None as long as nobody has. `answers` are those that were given
    before, by the claim's id; to judge a claim, only its own is needed. `told` are the admissions
    that devices have told of.
    """

    first: Entry | None = None
    answers: Mapping[str, VenueGrant] = {}
    told: tuple[Entry, ...] = ()


Rule = Callable[[TicketState, VenueClaim, str], VenueGrant]
"""Judges a claim on what is known of its ticket; the text is the id of the registrar's file."""


def judge_claim(known: TicketState, claim: VenueClaim, registrar: str) -> VenueGrant:
    """The answer to `claim`: the one it got before, or else a new one, to be remembered.

    A claim that carries the nonce of the admission which came first is that very admission: the
    device asked the service, and did not live to see the answer.

    A grant that is asked for again has let nobody in yet: whoever asks has shown no verdict. So it
    is not given again when the guest has come in elsewhere meanwhile, by the service's word.
    """
    earlier = known.answers.get(claim.claim)
    elsewhere = next((each for each in known.told if each.claim != claim.claim), None)
    if earlier is not None and earlier.granted and elsewhere and not claim.comes_back:
        return VenueGrant(
            claim.claim,
            registrar,
            granted=False,
            reason=Reason.ALREADY_USED,
            first_device=elsewhere.device,
            first_claim=elsewhere.claim,
        )
    if earlier is not None:
        return earlier
    first = known.first
    if first is None or first.claim == claim.claim:
        return VenueGrant(claim.claim, registrar, granted=True)
    return VenueGrant(
        claim.claim,
        registrar,
        granted=claim.comes_back,
        again=claim.comes_back,
        reason=None if claim.comes_back else Reason.ALREADY_USED,
        first_device=first.device,
        first_claim=first.claim,
    )


def after_claim(known: TicketState, claim: VenueClaim, grant: VenueGrant) -> TicketState:
    """What is known once `grant` is the answer to `claim`."""
    first = known.first
    if first is None and grant.granted:
        first = Entry(claim.device, claim.claim)
    return TicketState(first, {**known.answers, claim.claim: grant}, known.told)


def after_admission(known: TicketState, admission: Admission) -> TicketState:
    """What is known once the service's admission was told, be it for the first time or again.

    One that is told after somebody else was let in leaves that one the first.
    """
    entry = Entry(admission.device, admission.nonce)
    told = known.told if entry in known.told else (*known.told, entry)
    return TicketState(known.first or entry, known.answers, told)
