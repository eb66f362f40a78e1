"""Claims and admissions of one ticket, unless told otherwise."""

from gatedrill.broker.registrar.rule import Said
from gatedrill.contract.messages import Admission, VenueClaim

EDITION = "edition-1"
TICKET = "ticket-1"


def claim(
    claim_id: str,
    ticket: str = TICKET,
    *,
    device: str = "gate-1",
    comes_back: bool = False,
    edition: str = EDITION,
) -> VenueClaim:
    """A claim of a device for a ticket."""
    return VenueClaim(claim_id, device, edition, ticket, comes_back)


def admission(nonce: str, ticket: str = TICKET, *, device: str = "gate-1") -> Admission:
    """What a device tells of the service's admission."""
    return Admission(EDITION, ticket, device, nonce)


def said(*messages: VenueClaim | Admission, fleet: str = "hall-1") -> list[Said]:
    """These, as one fleet has said them."""
    return [Said(fleet, each) for each in messages]
