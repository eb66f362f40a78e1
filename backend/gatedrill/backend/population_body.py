"""The body that says what the service is to hold. Pure; HttpError when it contradicts itself."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

import msgspec

from gatedrill.backend.bodies import MOST, decode
from gatedrill.backend.booking_rule import places_left
from gatedrill.backend.instants import parse_instant
from gatedrill.backend.problems import HttpError, ProblemKind
from gatedrill.backend.values import parse_uuid
from gatedrill.contract.service import (
    LateTickets,
    Population,
    SlotRow,
    TicketRow,
    VipPassRow,
    VipReservationRow,
)

R = TypeVar("R", bound=msgspec.Struct)
Check = Callable[[R], str | None]
Spellings = Mapping[str, Callable[[str], str]]
"""The columns that are kept in one spelling, and what reads any into it."""

_CHANGED: Final = {"updated_at": parse_instant}
_TICKET: Final[Spellings] = {
    "id": parse_uuid,
    "vip_reservation_id": parse_uuid,
    "scanned_at": parse_instant,
    **_CHANGED,
}
_RESERVATION: Final[Spellings] = {"id": parse_uuid, **_CHANGED}
_PASS: Final[Spellings] = {
    "id": parse_uuid,
    "reservation_id": parse_uuid,
    "last_entry_at": parse_instant,
    **_CHANGED,
}


def decode_population(body: bytes) -> Population:
    """The population in `body`, every unique value there once.

    UUIDs and instants get the canonical spelling. A slot without a number of free places has all of
    them free.
    """
    population = decode(body, Population, "a population")
    try:
        return _checked(population)
    except ValueError as error:
        message = "the body must be a population"
        raise HttpError(ProblemKind.BAD_BODY, message, str(error)) from None


def decode_late_tickets(body: bytes) -> LateTickets:
    """The tickets in `body`, spelled and checked as those of a population."""
    late = decode(body, LateTickets, "late tickets")
    try:
        return LateTickets(_tickets(late.tickets))
    except ValueError as error:
        message = "the body must be late tickets"
        raise HttpError(ProblemKind.BAD_BODY, message, str(error)) from None


def _checked(population: Population) -> Population:
    if population.payment.delay_ms < 0:
        raise ValueError("a delay is not negative - at `$.payment.delay_ms`")
    if population.qr_secret == "":
        raise ValueError("an empty secret signs nothing - at `$.qr_secret`")
    slots = tuple(
        msgspec.structs.replace(slot, available=places_left(slot)) for slot in population.slots
    )
    return msgspec.structs.replace(
        population,
        tickets=_tickets(population.tickets),
        vip_reservations=_rows(
            population.vip_reservations, "vip_reservations", _RESERVATION, _reservation_problem
        ),
        vip_passes=_rows(population.vip_passes, "vip_passes", _PASS, _pass_problem),
        slots=_rows(slots, "slots", {}, _slot_problem),
        event_starts_at=_event_start(population.event_starts_at),
    )


def _event_start(text: str | None) -> str | None:
    try:
        return None if text is None else parse_instant(text)
    except ValueError as error:
        raise ValueError(f"{error} - at `$.event_starts_at`") from None


def _tickets(rows: Sequence[TicketRow]) -> tuple[TicketRow, ...]:
    return _rows(rows, "tickets", _TICKET)


def _rows(
    rows: Sequence[R], name: str, spellings: Spellings, problem: Check[R] = lambda _: None
) -> tuple[R, ...]:
    """The rows in canonical spelling; ValueError with the path of the first that has a problem."""
    checked = []
    seen: set[tuple[str, str]] = set()
    for index, row in enumerate(rows):
        path = f"$.{name}[{index}]"
        normal = _spelled(row, spellings, path)
        if what := problem(normal):
            raise ValueError(f"{what} - at `{path}`")
        _check_unique(normal, seen, path)
        checked.append(normal)
    return tuple(checked)


def _spelled(row: R, spellings: Spellings, path: str) -> R:
    normal = {}
    for column, parse in spellings.items():
        text = getattr(row, column)
        try:
            normal[column] = None if text is None else parse(text)
        except ValueError as error:
            raise ValueError(f"{error} - at `{path}.{column}`") from None
    return msgspec.structs.replace(row, **normal)


def _check_unique(row: msgspec.Struct, seen: set[tuple[str, str]], path: str) -> None:
    for column in ("id", "qr_token"):
        value = getattr(row, column, None)
        if value is None:
            continue
        if (column, value) in seen:
            raise ValueError(f"another row has the {column} {value} - at `{path}.{column}`")
        seen.add((column, value))


def _reservation_problem(row: VipReservationRow) -> str | None:
    if 0 <= row.checked_in_guests <= row.total_guests <= MOST:
        return None
    return f"checked_in_guests must be from 0 to total_guests, and that at most {MOST}"


def _pass_problem(row: VipPassRow) -> str | None:
    return None if 1 <= row.guest_number <= MOST else f"guest_number must be from 1 to {MOST}"


def _slot_problem(row: SlotRow) -> str | None:
    if 0 <= places_left(row) <= row.capacity <= MOST:
        return None
    return f"available must be from 0 to capacity, and that at most {MOST}"
