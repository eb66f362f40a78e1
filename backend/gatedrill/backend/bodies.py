"""Request bodies into the contract's types. Pure; HttpError when they are none."""

from collections.abc import Set as AbstractSet
from typing import Final

import msgspec

from gatedrill.backend.problems import HttpError, ProblemKind
from gatedrill.backend.values import parse_uuid
from gatedrill.contract.service import SCAN_FUNCTION, Population, ScanArguments, TicketRow

_PARAMETERS: Final = msgspec.structs.fields(ScanArguments)
_KNOWN: Final = frozenset(parameter.name for parameter in _PARAMETERS)
_REQUIRED: Final = frozenset(parameter.name for parameter in _PARAMETERS if parameter.required)


def decode_scan_arguments(body: bytes) -> ScanArguments:
    """The arguments of `scan_ticket_atomic`, their UUIDs in the canonical spelling."""
    try:
        given = msgspec.json.decode(body, type=dict[str, object])
    except (ValueError, RecursionError) as error:
        message = "the body must be a JSON object of named arguments"
        raise HttpError(ProblemKind.BAD_BODY, message, str(error)) from None
    _check_names(given.keys())
    try:
        arguments = msgspec.convert(given, ScanArguments)
        return msgspec.structs.replace(
            arguments,
            p_ticket_id=parse_uuid(arguments.p_ticket_id),
            p_scanned_by=parse_uuid(arguments.p_scanned_by),
        )
    except ValueError as error:
        raise HttpError(ProblemKind.BAD_VALUE, str(error)) from None


def unknown_function(name: str, arguments: AbstractSet[str] = frozenset()) -> HttpError:
    """The problem of a call that no function takes, for its name or for its arguments' names."""
    signature = f"{name}({', '.join(sorted(arguments))})"
    known = ", ".join(
        parameter.name if parameter.required else f"[{parameter.name}]" for parameter in _PARAMETERS
    )
    return HttpError(
        ProblemKind.UNKNOWN_FUNCTION,
        f"no function {signature}",
        f"there is {SCAN_FUNCTION}({known})",
    )


def decode_population(body: bytes) -> Population:
    """The population in `body`, its tickets' ids in the canonical spelling, each there once."""
    try:
        population = msgspec.json.decode(body, type=Population)
        return Population(_distinct(population.tickets))
    except (ValueError, RecursionError) as error:
        message = "the body must be a population"
        raise HttpError(ProblemKind.BAD_BODY, message, str(error)) from None


def _check_names(given: AbstractSet[str]) -> None:
    if not _REQUIRED <= given <= _KNOWN:
        raise unknown_function(SCAN_FUNCTION, given)


def _distinct(tickets: tuple[TicketRow, ...]) -> tuple[TicketRow, ...]:
    by_id: dict[str, TicketRow] = {}
    for index, ticket in enumerate(tickets):
        path = f"`$.tickets[{index}].id`"
        try:
            ticket_id = parse_uuid(ticket.id)
        except ValueError as error:
            raise ValueError(f"{error} - at {path}") from None
        if ticket_id in by_id:
            raise ValueError(f"another ticket has the id {ticket_id} - at {path}")
        by_id[ticket_id] = msgspec.structs.replace(ticket, id=ticket_id)
    return tuple(by_id.values())
