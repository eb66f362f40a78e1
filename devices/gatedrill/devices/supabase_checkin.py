"""Check-in at a Supabase-style service: PostgreSQL functions and tables through PostgREST."""

from collections.abc import Callable
from functools import partial
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from gatedrill.contract import service
from gatedrill.contract.attempt import Ask, AskKind
from gatedrill.contract.outcome import Outcome, Reason
from gatedrill.contract.qr import PlainToken, SignedPayload, Symbol, Tampered, parse_symbol
from gatedrill.devices.answers import lacks_function, refused
from gatedrill.devices.checkin import (
    Entitlement,
    LinkReply,
    Reply,
    Resolution,
    Ticket,
    VipPass,
)
from gatedrill.devices.connection import ServiceAnswer, ServiceConnection, ServiceRequest
from gatedrill.devices.question import HeldQuestion
from gatedrill.devices.scan_answers import (
    is_sound,
    read_link,
    read_pass_lookup,
    read_scan,
    read_ticket_lookup,
    read_verification,
    read_vip_scan,
)

VipArgument = Literal["p_pass_id", "p_qr_token"]


class SupabaseCheckIn:
    """Implements `CheckIn` for one device.

    `event_id` is the event at whose gate it stands. `vip_argument` is what the service's VIP
    function asks for: the pass's id, which is looked up, or its token.
    """

    def __init__(
        self,
        connection: ServiceConnection,
        *,
        device: str,
        scanned_by: str,
        event_id: str,
        vip_argument: VipArgument = "p_pass_id",
    ) -> None:
        self._connection = connection
        self._device = device
        self._scanned_by = scanned_by
        self._event_id = event_id
        self._vip_argument = vip_argument
        self._tells_links = True
        self._takes_nonces = True

    async def warm(self) -> None:
        """Open the connection."""
        await self._connection.warm()

    async def close(self) -> None:
        """Close the connection."""
        await self._connection.close()

    async def resolve(self, symbol: str) -> Resolution:
        """Verify and look up, as far as the symbol needs it; the first failure settles the scan."""
        asks: list[Ask] = []
        found = await self._find(parse_symbol(symbol), asks)
        return Resolution(found, tuple(asks))

    def be_patient(self, timeout_s: float) -> None:
        """From now on wait so long for each answer."""
        self._connection.timeout_s = timeout_s

    async def probe(self) -> bool:
        """Read at most one ticket's id."""
        path = service.TABLE_PATH.format(table=service.TICKETS_TABLE)
        request = ServiceRequest(AskKind.LOOKUP, path, query={"select": "id", "limit": "1"})
        return await self._connection.send(request, is_sound)

    async def ask(self, entitlement: Entitlement, nonce: str | None = None) -> Reply:
        """Scan a ticket or pass once."""
        return await self._connection.send(*self._scan(entitlement, nonce))

    def hold(self, entitlement: Entitlement, nonce: str | None = None) -> HeldQuestion[Reply]:
        """Begin to scan it."""
        return self._connection.hold(*self._scan(entitlement, nonce))

    async def ask_for_link(self, ticket: Ticket) -> LinkReply | None:
        """Ask if a ticket belongs to a VIP reservation, unless the service has shown it cannot."""
        if not self._tells_links:
            return None
        arguments = service.LinkedTicketArguments(ticket.id)
        request = _call(AskKind.LINKED_TICKET, service.LINKED_TICKET_FUNCTION, arguments)
        return await self._connection.send(request, self._read_link)

    def _read_link(self, answer: ServiceAnswer) -> LinkReply:
        self._tells_links = not lacks_function(answer)
        return read_link(answer)

    async def _find(self, symbol: Symbol, asks: list[Ask]) -> Entitlement | Outcome:
        match symbol:
            case Tampered():
                return refused(Reason.TAMPERED)
            case SignedPayload():
                return await self._find_signed(symbol, asks)
            case PlainToken(token) as plain if plain.is_ticket_id:
                return Ticket(token)
            case PlainToken(token):
                return await self._find_token(token, asks)

    async def _find_signed(self, payload: SignedPayload, asks: list[Ask]) -> Entitlement | Outcome:
        body = msgspec.json.encode(service.VerifyRequest(payload.token, payload.signature))
        request = ServiceRequest(AskKind.VERIFY, service.VERIFY_PATH, body)
        verification = await self._connection.send(request, read_verification)
        asks.append(verification.ask)
        if verification.objection is not None:
            return verification.objection
        if payload.is_pass:
            return await self._find_pass(payload.token, asks)
        return await self._find_token(payload.token, asks)

    async def _find_token(self, token: str, asks: list[Ask]) -> Entitlement | Outcome:
        request = _read(service.TICKETS_TABLE, "id,event_id", token)
        read = partial(read_ticket_lookup, event_id=self._event_id)
        lookup = await self._connection.send(request, read)
        asks.append(lookup.ask)
        if isinstance(lookup.found, str):
            return Ticket(lookup.found)
        if lookup.found.reason is Reason.NOT_FOUND:
            return await self._find_pass(token, asks)
        return lookup.found

    async def _find_pass(self, token: str, asks: list[Ask]) -> Entitlement | Outcome:
        if self._vip_argument == "p_qr_token":
            return VipPass(token)
        request = _read(service.VIP_PASSES_TABLE, "id", token)
        lookup = await self._connection.send(request, read_pass_lookup)
        asks.append(lookup.ask)
        return VipPass(lookup.found) if isinstance(lookup.found, str) else lookup.found

    def _scan(
        self, entitlement: Entitlement, nonce: str | None
    ) -> tuple[ServiceRequest, Callable[[ServiceAnswer], Reply]]:
        sent = nonce if nonce and self._takes_nonces else UNSET
        if isinstance(entitlement, Ticket):
            ticket = service.ScanArguments(
                entitlement.id, self._scanned_by, self._device, p_nonce=sent
            )
            request = _call(AskKind.SCAN, service.SCAN_FUNCTION, ticket)
            return request, self._heeding(sent, read_scan)
        pass_ = self._vip_arguments(entitlement.asked_for, sent)
        request = _call(AskKind.VIP_SCAN, service.VIP_SCAN_FUNCTION, pass_)
        return request, self._heeding(sent, read_vip_scan)

    def _heeding(
        self, sent: str | UnsetType, read: Callable[[ServiceAnswer], Reply]
    ) -> Callable[[ServiceAnswer], Reply]:
        """Read the answer; one that knows no nonce has decided nothing, and is asked without."""

        def heed(answer: ServiceAnswer) -> Reply:
            if sent is UNSET or not lacks_function(answer):
                return read(answer)
            self._takes_nonces = False
            return Reply(refused(Reason.UNSUPPORTED), answer.ask(Reason.UNSUPPORTED))

        return heed

    def _vip_arguments(self, asked_for: str, nonce: str | UnsetType) -> service.VipScanArguments:
        if self._vip_argument == "p_qr_token":
            return service.VipTokenArguments(asked_for, self._scanned_by, nonce)
        return service.VipPassArguments(asked_for, self._scanned_by, nonce)


def _call(kind: AskKind, function: str, arguments: msgspec.Struct) -> ServiceRequest:
    path = service.RPC_PATH.format(function=function)
    return ServiceRequest(kind, path, msgspec.json.encode(arguments))


def _read(table: str, columns: str, token: str) -> ServiceRequest:
    query = {"select": columns, "qr_token": f"eq.{token}"}
    return ServiceRequest(AskKind.LOOKUP, service.TABLE_PATH.format(table=table), query=query)
