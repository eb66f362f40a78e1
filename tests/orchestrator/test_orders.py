"""What fleets are told of a planned attempt."""

import pytest

from gatedrill.contract.attempt import CheckoutRecord
from gatedrill.contract.messages import (
    CheckoutOrder,
    LinkOrder,
    Order,
    Presentation,
    WebhookOrder,
)
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.contract.service import (
    COMPLETED_EVENT,
    PaymentEvent,
    PaymentEventData,
    PaymentSession,
    SessionMetadata,
)
from gatedrill.orchestrator.orders import order_for
from gatedrill.orchestrator.plan import (
    PlannedAttempt,
    PlannedCheckout,
    PlannedLink,
    PlannedScan,
    PlannedWebhook,
)

PAYMENT = PlannedWebhook("w", "kiosk-01", "evt", "evening", 2, pays="c")


def checkout(session: str | None) -> CheckoutRecord:
    booked = Outcome(OutcomeKind.BOOKED)
    full = Outcome(OutcomeKind.REFUSED, Reason.FULL)
    return CheckoutRecord(
        attempt="c",
        device="kiosk-01",
        intended_ns=0,
        released_ns=0,
        decided_ns=1,
        outcome=full if session is None else booked,
        slot="evening",
        guests=2,
        checkout=None if session is None else "checkout-1",
        session=session,
    )


def payment(session: PaymentSession) -> WebhookOrder:
    event = PaymentEvent("evt", COMPLETED_EVENT, PaymentEventData(session))
    return WebhookOrder("w", "kiosk-01", event)


@pytest.mark.parametrize(
    ("planned", "order"),
    [
        (
            PlannedScan("a", "gate-01", "t1", "T-1", 7, 0.5),
            Presentation("a", "gate-01", "T-1", 7, 0.5),
        ),
        (
            PlannedCheckout("c", "kiosk-01", "evening", 2),
            CheckoutOrder("c", "kiosk-01", "evening", 2),
        ),
        (PlannedLink("l", "kiosk-01", "t1", "r1"), LinkOrder("l", "kiosk-01", "t1", "r1")),
    ],
    ids=["scan", "checkout", "link"],
)
def test_what_rests_on_nothing_heard_is_ordered_as_planned(
    planned: PlannedAttempt, order: Order
) -> None:
    assert order_for(planned, {}) == order


def test_a_payment_is_for_the_session_and_checkout_that_were_heard_of() -> None:
    metadata = SessionMetadata("evening", "2", "checkout-1", slots_reserved="true")

    assert order_for(PAYMENT, {"c": checkout("s1"), "other": checkout("s2")}) == payment(
        PaymentSession("s1", metadata)
    )


def test_a_payment_of_old_is_for_a_session_of_its_own_that_names_slot_and_guests() -> None:
    legacy = PlannedWebhook("w", "kiosk-01", "evt", "evening", 2)

    expected = payment(PaymentSession("cs_evt", SessionMetadata("evening", "2")))
    assert order_for(legacy, {"c": checkout("s1")}) == expected


@pytest.mark.parametrize(
    "heard", [{}, {"c": checkout(None)}, {"other": checkout("s2")}], ids=["none", "full", "another"]
)
def test_without_a_session_there_is_nothing_to_pay_for(heard: dict[str, CheckoutRecord]) -> None:
    assert order_for(PAYMENT, heard) is None
