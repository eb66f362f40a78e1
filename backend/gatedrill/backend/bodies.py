"""Request bodies into the contract's types. Pure; HttpError when they are none."""

import re
from collections.abc import Callable, Collection, Mapping
from typing import Final, NamedTuple, TypeVar

import msgspec

from gatedrill.backend.instants import BadInstantError, parse_instant
from gatedrill.backend.problems import HttpError, ProblemKind
from gatedrill.backend.values import parse_uuid, parse_uuid_or_text
from gatedrill.contract.service import (
    COMPLETED_EVENT,
    LINK_FUNCTION,
    LINKED_TICKET_FUNCTION,
    REFUSAL_FUNCTION,
    SCAN_FUNCTION,
    SYNC_FUNCTION,
    VIP_SCAN_FUNCTION,
    CheckoutRequest,
    LinkArguments,
    LinkedTicketArguments,
    PaymentEvent,
    RefusedScanArguments,
    ScanArguments,
    SyncArguments,
    VerifyRequest,
    VipPassArguments,
    VipTokenArguments,
)

T = TypeVar("T")

Arguments = (
    ScanArguments
    | SyncArguments
    | RefusedScanArguments
    | VipPassArguments
    | VipTokenArguments
    | LinkedTicketArguments
    | LinkArguments
)

MOST: Final = 2**31 - 1
"""The greatest number of guests or places, as a column of the type integer holds it."""

_ESCAPED_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Signature(NamedTuple):
    """A function and one set of arguments that it takes.

    `spellings` has those of which one spelling is kept, and what reads any into it.
    """

    function: str
    arguments: type[Arguments]
    spellings: Mapping[str, Callable[[str], str]] = {}

    @property
    def required(self) -> frozenset[str]:
        """The names that must be given."""
        fields = msgspec.structs.fields(self.arguments)
        return frozenset(field.name for field in fields if field.required)

    @property
    def known(self) -> frozenset[str]:
        """The names that may be given."""
        return frozenset(self.arguments.__struct_fields__)

    def __str__(self) -> str:
        names = [
            field.name if field.required else f"[{field.name}]"
            for field in msgspec.structs.fields(self.arguments)
        ]
        return f"{self.function}({', '.join(names)})"


_SCANNER: Final = {"p_scanned_by": parse_uuid}
_WHEN: Final = {"p_scanned_at": parse_instant}
_TICKET: Final = {"p_ticket_id": parse_uuid}
_ANY_TICKET: Final = {"p_ticket_id": parse_uuid_or_text}

SIGNATURES: Final = (
    Signature(SCAN_FUNCTION, ScanArguments, _TICKET | _SCANNER),
    Signature(SYNC_FUNCTION, SyncArguments, _TICKET | _SCANNER | _WHEN),
    Signature(REFUSAL_FUNCTION, RefusedScanArguments, _ANY_TICKET | _SCANNER | _WHEN),
    Signature(VIP_SCAN_FUNCTION, VipPassArguments, {"p_pass_id": parse_uuid} | _WHEN),
    Signature(VIP_SCAN_FUNCTION, VipTokenArguments, _WHEN),
    Signature(LINKED_TICKET_FUNCTION, LinkedTicketArguments, _TICKET),
    Signature(LINK_FUNCTION, LinkArguments, _TICKET | {"p_reservation_id": parse_uuid}),
)
"""Every function that can be called."""


def decode_arguments(function: str, body: bytes) -> Arguments:
    """The arguments of a call of `function`, UUIDs and instants in the canonical spelling."""
    if all(each.function != function for each in SIGNATURES):
        raise _unknown_function(function, ())
    given = decode(body, dict[str, object], "a JSON object of named arguments")
    signature = _signature(function, given.keys())
    try:
        arguments = msgspec.convert(given, signature.arguments)
        texts = {name: getattr(arguments, name) for name in signature.spellings}
        spelled = {
            name: signature.spellings[name](text)
            for name, text in texts.items()
            if isinstance(text, str)
        }
        return msgspec.structs.replace(arguments, **spelled)
    except BadInstantError as error:
        raise HttpError(ProblemKind.BAD_INSTANT, str(error)) from None
    except ValueError as error:
        raise HttpError(ProblemKind.BAD_VALUE, str(error)) from None


def decode_checkout(body: bytes) -> CheckoutRequest:
    """The booking that is asked for."""
    request = decode(body, CheckoutRequest, "a booking")
    _check_guests(request.guests)
    return request


def decode_payment_event(body: bytes) -> PaymentEvent | None:
    """The payment that is told of; None for an event of another type, whose shape may be any."""
    head = decode(body, _PaymentEventHead, "a payment event")
    if head.type != COMPLETED_EVENT:
        return None
    event = decode(body, PaymentEvent, "a payment event")
    guests = event.data.object.metadata.guests
    _check_guests(int(guests) if guests.isascii() and guests.isdigit() else 0)
    return event


def decode_verify(body: bytes) -> VerifyRequest:
    """The signature that is to be verified."""
    return decode(body, VerifyRequest, "a token and its signature")


class _PaymentEventHead(msgspec.Struct):
    id: str
    type: str


def decode(body: bytes, kind: type[T], what: str) -> T:
    """The JSON in `body`; `what` tells what it must be."""
    try:
        if _ESCAPED_NUL.search(body):
            raise ValueError("text cannot contain the character \\u0000")  # noqa: TRY301
        return msgspec.json.decode(body, type=kind)
    except (ValueError, RecursionError) as error:
        raise HttpError(ProblemKind.BAD_BODY, f"the body must be {what}", str(error)) from None


def _signature(function: str, given: Collection[str]) -> Signature:
    for each in SIGNATURES:
        if each.function == function and each.required <= set(given) <= each.known:
            return each
    raise _unknown_function(function, given)


def _unknown_function(name: str, given: Collection[str]) -> HttpError:
    """The problem of a call that no function takes, for its name or for its arguments' names."""
    called = f"{name}({', '.join(sorted(given))})"
    ours = [each for each in SIGNATURES if each.function == name] or SIGNATURES
    there_is = f"there is {', '.join(map(str, ours))}"
    return HttpError(ProblemKind.UNKNOWN_FUNCTION, f"no function {called}", there_is)


def _check_guests(guests: int) -> None:
    if not 1 <= guests <= MOST:
        raise HttpError(ProblemKind.BAD_BODY, f"guests must be a whole number from 1 to {MOST}")
