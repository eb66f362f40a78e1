"""Booking places of a slot: reserve, ask for a payment session, confirm when it was paid for.

No transaction is open while the payment provider thinks.
"""

import asyncio
import logging
from collections.abc import Callable
from uuid import uuid4

import msgspec

from gatedrill.backend.booking_rule import (
    BookingRefusedError,
    give_back_places,
    judge_booking,
    judge_payment,
    places_left,
)
from gatedrill.backend.payment import (
    PaymentError,
    PaymentProvider,
    RehearsedPayment,
    ask_for_session,
)
from gatedrill.backend.settings import read_settings
from gatedrill.backend.store import COUNTED, DuplicateError, Store, Transaction
from gatedrill.backend.tables import PaymentEventRow
from gatedrill.contract.service import (
    AuditLogRow,
    AuditType,
    CheckoutAnswer,
    CheckoutRequest,
    CheckoutRow,
    PaymentBehaviour,
    PaymentEvent,
    PaymentSession,
    PaymentSessionRow,
    SessionMetadata,
    SlotRow,
)

logger = logging.getLogger(__name__)

_PAY_URL = "https://payment.invalid/session/{session_id}"


class BookingDesk:
    """Takes bookings and hears of payments. `now` tells the time of day, ISO 8601 in UTC.

    `payment` makes the payment provider that behaves as the population says.
    """

    def __init__(
        self,
        store: Store,
        now: Callable[[], str],
        payment: Callable[[PaymentBehaviour], PaymentProvider] = RehearsedPayment,
    ) -> None:
        self.store = store
        self.now = now
        self._payment = payment

    async def check_out(self, request: CheckoutRequest) -> CheckoutAnswer:
        """Reserve places and open a payment session for them.

        Raises BookingRefusedError when the slot does not take the booking, PaymentError when there
        is no session to be had; the places are then free again.
        """
        provider = self._payment((await read_settings(self.store)).payment)
        try:
            checkout = await self.reserve(request)
        except BookingRefusedError as why:
            await self._audit_refusal(request, str(why))
            raise
        try:
            session_id = await ask_for_session(provider)
        except (PaymentError, asyncio.CancelledError) as why:
            await self.roll_back(checkout, str(why) or "the service was stopped")
            raise
        return await self._open(checkout, session_id)

    async def reserve(self, request: CheckoutRequest) -> CheckoutRow:
        """Take the places, all or none; the checkout that has them."""
        async with self.store.transaction() as records:
            slot = await records.find(SlotRow, request.slot_id)
            await records.update(judge_booking(slot, request.guests))
            checkout = self.new_checkout(request)
            await records.insert(checkout)
        return checkout

    def new_checkout(self, request: CheckoutRequest) -> CheckoutRow:
        """A checkout that has its places and no session yet."""
        return CheckoutRow(
            id=str(uuid4()),
            slot_id=request.slot_id,
            guests=request.guests,
            status="reserved",
            session_id=None,
            created_at=self.now(),
        )

    async def roll_back(self, checkout: CheckoutRow, why: str) -> None:
        """Give the places of a checkout back that got no session."""
        async with self.store.transaction() as records:
            slot = await records.find(SlotRow, checkout.slot_id)
            known = await records.find(CheckoutRow, checkout.id)
            if slot is None or known is None or known.status != "reserved":
                return  # another population has come meanwhile
            restored = self.give_back(slot, checkout.guests)
            await records.update(restored)
            await records.update(msgspec.structs.replace(checkout, status="failed"))
            rolled_back = places_left(restored) - places_left(slot)
            row = self._audit_row(AuditType.STRIPE_ERROR, checkout.slot_id, checkout.guests)
            await records.insert(
                msgspec.structs.replace(
                    row, checkout_id=checkout.id, slots_rolled_back=rolled_back, message=why
                )
            )

    def give_back(self, slot: SlotRow, guests: int) -> SlotRow:
        """The slot with the places of a failed checkout."""
        return give_back_places(slot, guests)

    async def confirm(self, event: PaymentEvent) -> None:
        """Hear of a payment; an event that was heard before changes nothing."""
        try:
            async with self.store.transaction() as records:
                await self.remember(records, event)
                await self._complete(records, event.data.object)
        except DuplicateError:
            logger.info("payment event %s was heard before", event.id)

    async def remember(self, records: Transaction, event: PaymentEvent) -> None:
        """Note that the event was heard; DuplicateError if that was noted before."""
        await records.insert(PaymentEventRow(event.id, self.now()))

    async def _complete(self, records: Transaction, session: PaymentSession) -> None:
        metadata = session.metadata
        guests = int(metadata.guests)
        slot = await records.find(SlotRow, metadata.slot_id)
        try:
            changed = self.judge_payment(metadata, slot)
        except BookingRefusedError as why:
            row = self._audit_row(AuditType.OVERSOLD, metadata.slot_id, guests)
            await records.insert(msgspec.structs.replace(row, message=str(why)))
            return
        if changed is not None:
            await records.update(changed)
        checkout_id = await self._settle(records, session)
        row = self._audit_row(AuditType.COMPLETED, metadata.slot_id, guests)
        await records.insert(msgspec.structs.replace(row, checkout_id=checkout_id))

    def judge_payment(self, metadata: SessionMetadata, slot: SlotRow | None) -> SlotRow | None:
        """The slot as it must stand after the payment, None when it stays as it is."""
        return judge_payment(metadata, slot)

    async def _settle(self, records: Transaction, session: PaymentSession) -> str:
        """Complete the session's checkout, which one of old has not had till now; its id."""
        metadata = session.metadata
        checkout = None
        if metadata.checkout_id is not None:
            checkout = await records.find(CheckoutRow, metadata.checkout_id)
        if checkout is not None:
            await records.update(msgspec.structs.replace(checkout, status="completed"))
            return checkout.id
        new = self.new_checkout(CheckoutRequest(metadata.slot_id, int(metadata.guests)))
        await records.insert(
            msgspec.structs.replace(new, status="completed", session_id=session.id)
        )
        return new.id

    async def _open(self, checkout: CheckoutRow, session_id: str) -> CheckoutAnswer:
        """Note the session of a checkout; what the buyer is told."""
        session = PaymentSessionRow(
            id=session_id,
            checkout_id=checkout.id,
            slot_id=checkout.slot_id,
            guests=checkout.guests,
            slots_reserved="true",
            created_at=self.now(),
        )
        row = self._audit_row(AuditType.OPENED, checkout.slot_id, checkout.guests)
        opened = msgspec.structs.replace(checkout, status="open", session_id=session_id)
        async with self.store.transaction() as records:
            await records.insert(session)
            await records.update(opened)
            await records.insert(msgspec.structs.replace(row, checkout_id=checkout.id))
        return CheckoutAnswer(checkout.id, session_id, _PAY_URL.format(session_id=session_id))

    async def _audit_refusal(self, request: CheckoutRequest, why: str) -> None:
        row = self._audit_row(AuditType.FAILED, request.slot_id, request.guests)
        async with self.store.transaction() as records:
            await records.insert(msgspec.structs.replace(row, message=why))

    def _audit_row(self, kind: AuditType, slot_id: str, guests: int) -> AuditLogRow:
        return AuditLogRow(COUNTED, kind, slot_id, None, guests, None, None, self.now())
