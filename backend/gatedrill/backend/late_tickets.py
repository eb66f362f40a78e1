"""Tickets that are sold while the gates are open."""

from gatedrill.backend.problems import HttpError, ProblemKind
from gatedrill.backend.store import DuplicateError, Store
from gatedrill.contract.service import LateTickets


async def sell(store: Store, late: LateTickets) -> None:
    """Hold these tickets as well, all or none; HttpError when one of them is there already."""
    try:
        async with store.transaction() as records:
            for ticket in late.tickets:
                await records.insert(ticket)
    except DuplicateError:
        why = "another ticket has the id or the qr_token of one of these"
        raise HttpError(ProblemKind.DUPLICATE, why) from None
