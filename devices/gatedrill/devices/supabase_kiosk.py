"""Booking, paying and linking at a Supabase-style service: edge functions and PostgREST."""

from collections.abc import Callable

import msgspec

from gatedrill.contract import service
from gatedrill.contract.attempt import AskKind
from gatedrill.contract.messages import CheckoutOrder, LinkOrder, WebhookOrder
from gatedrill.devices.connection import ServiceAnswer, ServiceConnection, ServiceRequest
from gatedrill.devices.kiosk import KioskOrder, KioskReply
from gatedrill.devices.kiosk_answers import read_checkout, read_linking, read_webhook
from gatedrill.devices.question import HeldQuestion

_LINK_PATH = service.RPC_PATH.format(function=service.LINK_FUNCTION)


class SupabaseKiosk:
    """Implements `KioskService` for one kiosk."""

    def __init__(self, connection: ServiceConnection) -> None:
        self._connection = connection

    async def warm(self) -> None:
        """Open the connection."""
        await self._connection.warm()

    async def ask(self, order: KioskOrder) -> KioskReply:
        """Send what is ordered, once."""
        return await self._connection.send(*_question(order))

    def hold(self, order: KioskOrder) -> HeldQuestion[KioskReply]:
        """Begin to send it."""
        return self._connection.hold(*_question(order))

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()


def _question(order: KioskOrder) -> tuple[ServiceRequest, Callable[[ServiceAnswer], KioskReply]]:
    """The request for an order, and how to read its answer."""
    match order:
        case CheckoutOrder():
            booking = service.CheckoutRequest(order.slot, order.guests)
            return _post(AskKind.CHECKOUT, service.CHECKOUT_PATH, booking), read_checkout
        case WebhookOrder():
            return _post(AskKind.WEBHOOK, service.WEBHOOK_PATH, order.event), read_webhook
        case LinkOrder():
            link = service.LinkArguments(order.ticket, order.reservation)
            return _post(AskKind.LINK, _LINK_PATH, link), read_linking


def _post(kind: AskKind, path: str, body: msgspec.Struct) -> ServiceRequest:
    return ServiceRequest(kind, path, msgspec.json.encode(body))
