"""Faults of a registrar that can be planted on purpose, to see whether a rehearsal finds them."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import compress
from pathlib import Path
from typing import Final

from msgspec.structs import replace

from gatedrill.broker.registrar.registrar_file import RegistrarFile
from gatedrill.broker.registrar.rule import Said, TicketState, judge_claim
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import VenueClaim, VenueGrant

OpenBook = Callable[[Path], AbstractContextManager[RegistrarFile]]
"""Opens a registrar's file, for as long as the body runs."""


@dataclass(frozen=True)
class RegistrarFault:
    """A planted fault: what it does, and what opens the file of a registrar that has it."""

    name: str
    meaning: str
    open_book: OpenBook
    breaks_safety: bool = True


@contextmanager
def _forgetful(file: Path) -> Iterator[RegistrarFile]:
    with RegistrarFile.open(file) as book:
        book.forget()
        yield book


def _judge_anew(known: TicketState, fleet: str, claim: VenueClaim, registrar: str) -> VenueGrant:
    """As if it had never been asked: a claim that was granted before meets its own entry."""
    if (fleet, claim.claim) not in known.answers:
        return judge_claim(known, fleet, claim, registrar)
    another = replace(claim, claim="")
    grant = judge_claim(TicketState(known.first), fleet, another, registrar)
    return replace(grant, claim=claim.claim)


class _Deaf(RegistrarFile):
    """Overlooks what the service has let in."""

    def judge_all(self, said: Iterable[Said]) -> list[VenueGrant | None]:
        said = list(said)
        is_claim = [isinstance(each.message, VenueClaim) for each in said]
        grants = iter(super().judge_all(compress(said, is_claim)))
        return [next(grants) if asks else None for asks in is_claim]


REGISTRAR_FAULTS: Final = (
    RegistrarFault(
        "registrar-forgets",
        "grants are forgotten when the registrar is restarted: tickets are granted once more",
        _forgetful,
    ),
    RegistrarFault(
        "registrar-repeats-itself-differently",
        "a claim that is made again is judged like a new one: a guest whose grant was lost on the "
        "way is refused as already used",
        partial(RegistrarFile.open, rule=_judge_anew),
    ),
    RegistrarFault(
        "registrar-deaf-to-admissions",
        "what it is told of the service's admissions is overlooked: their tickets are granted once "
        "more when the service is out of reach",
        _Deaf.open,
    ),
)
"""Every fault of a registrar that there is."""


def open_book_for(fault: str | None) -> OpenBook:
    """What opens the file of a registrar with `fault`, or of the honest one.

    Raises UsageError if there is no such fault.
    """
    if fault is None:
        return RegistrarFile.open
    for each in REGISTRAR_FAULTS:
        if each.name == fault:
            return each.open_book
    names = ", ".join(each.name for each in REGISTRAR_FAULTS)
    raise UsageError(f"there is no fault {fault!r} of a registrar: choose from {names}")
