"""What fleets are told of a planned attempt. Pure."""

from collections.abc import Mapping

from gatedrill.contract.attempt import CheckoutRecord
from gatedrill.contract.messages import (
    CheckoutOrder,
    LinkOrder,
    Order,
    Presentation,
    WebhookOrder,
)
from gatedrill.contract.service import (
    COMPLETED_EVENT,
    PaymentEvent,
    PaymentEventData,
    PaymentSession,
    SessionMetadata,
)
from gatedrill.orchestrator.plan import (
    PlannedAttempt,
    PlannedCheckout,
    PlannedLink,
    PlannedScan,
    PlannedWebhook,
)


def order_for(
    planned: PlannedAttempt, checkouts: Mapping[str, CheckoutRecord], caption: str = ""
) -> Order | None:
    """The order, or None for a payment whose checkout has opened no session.

    `checkouts` are those that were heard of, by attempt; `caption` is for people who present it.
    """
    match planned:
        case PlannedScan():
            return Presentation(
                planned.attempt,
                planned.device,
                planned.symbol,
                planned.seed,
                planned.due_s,
                caption=caption,
            )
        case PlannedCheckout():
            return CheckoutOrder(planned.attempt, planned.device, planned.slot, planned.guests)
        case PlannedLink():
            return LinkOrder(planned.attempt, planned.device, planned.ticket, planned.reservation)
        case PlannedWebhook():
            session = _session(planned, checkouts)
            if session is None:
                return None
            event = PaymentEvent(planned.event, COMPLETED_EVENT, PaymentEventData(session))
            return WebhookOrder(planned.attempt, planned.device, event)


def _session(
    planned: PlannedWebhook, checkouts: Mapping[str, CheckoutRecord]
) -> PaymentSession | None:
    guests = str(planned.guests)
    if planned.pays is None:
        return PaymentSession(f"cs_{planned.event}", SessionMetadata(planned.slot, guests))
    checkout = checkouts.get(planned.pays)
    if checkout is None or checkout.session is None:
        return None
    metadata = SessionMetadata(planned.slot, guests, checkout.checkout, slots_reserved="true")
    return PaymentSession(checkout.session, metadata)
