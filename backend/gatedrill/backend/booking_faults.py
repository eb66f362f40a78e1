"""Faults of the desk that takes bookings."""

import asyncio

import msgspec

from gatedrill.backend.booking_desk import BookingDesk
from gatedrill.backend.booking_rule import (
    SlotFullError,
    give_back_places,
    judge_booking,
    judge_payment,
    take_places,
)
from gatedrill.backend.problems import HttpError, ProblemKind
from gatedrill.backend.store import Lock, Transaction
from gatedrill.backend.ticket_faults import REST_S
from gatedrill.contract.service import (
    CheckoutAnswer,
    CheckoutRequest,
    CheckoutRow,
    PaymentEvent,
    SessionMetadata,
    SlotRow,
)


class ReadThenReserveDesk(BookingDesk):
    """Looks for free places in one transaction and takes them in another, without looking again."""

    async def reserve(self, request: CheckoutRequest) -> CheckoutRow:
        """Take the places, wrongly."""
        async with self.store.transaction() as records:
            seen = await records.find(SlotRow, request.slot_id, lock=Lock.NONE)
        judge_booking(seen, request.guests)
        await asyncio.sleep(REST_S)
        checkout = self.new_checkout(request)
        async with self.store.transaction() as records:
            slot = await records.find(SlotRow, request.slot_id)
            if slot is not None:
                await records.update(take_places(slot, request.guests))
            await records.insert(checkout)
        return checkout


class NoRollbackDesk(BookingDesk):
    """Keeps the places of a checkout whose payment failed."""

    def give_back(self, slot: SlotRow, guests: int) -> SlotRow:  # noqa: ARG002
        """The slot as it was."""
        return slot


class DoubleRollbackDesk(BookingDesk):
    """Gives the places of a checkout whose payment failed back twice."""

    def give_back(self, slot: SlotRow, guests: int) -> SlotRow:
        """The slot with too many places."""
        return give_back_places(slot, 2 * guests)


class FullIsServerErrorDesk(BookingDesk):
    """Takes a full slot for a failure of its own."""

    async def check_out(self, request: CheckoutRequest) -> CheckoutAnswer:
        """Book places."""
        try:
            return await super().check_out(request)
        except SlotFullError:
            raise HttpError(ProblemKind.UNEXPECTED, "unexpected failure") from None


class ForgetfulWebhookDesk(BookingDesk):
    """Does not remember which payments it has heard of."""

    async def remember(self, records: Transaction, event: PaymentEvent) -> None:
        """Do not."""


class MarkIgnoredDesk(BookingDesk):
    """Takes the places of every session that was paid for, marked or not."""

    def judge_payment(self, metadata: SessionMetadata, slot: SlotRow | None) -> SlotRow | None:
        """The slot with the places taken, whether they were taken before or not."""
        return judge_payment(msgspec.structs.replace(metadata, slots_reserved=None), slot)
