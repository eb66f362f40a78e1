"""Every fault that can be planted, whichever part of a venue has it."""

from enum import Enum
from typing import NamedTuple

from gatedrill.cli.extras import extra_needed
from gatedrill.contract.errors import UsageError


class FaultyPart(Enum):
    """What a fault is planted in."""

    SERVICE = "the reference backend"
    REGISTRAR = "the registrar"
    GATES = "the gates"


class Planted(NamedTuple):
    """A fault, and where it is; `breaks_safety` as in the reference backend's faults."""

    name: str
    part: FaultyPart
    breaks_safety: bool


def planted_faults() -> dict[str, Planted]:
    """All there are, by name; UsageError where the packages for a part are missing."""
    with extra_needed("backend"):
        from gatedrill.backend.faults import FAULTS
    with extra_needed("devices"):
        from gatedrill.devices.planted_faults import GATE_FAULTS
    from gatedrill.broker.registrar.faults import REGISTRAR_FAULTS

    catalogues = (
        (FaultyPart.SERVICE, FAULTS),
        (FaultyPart.REGISTRAR, REGISTRAR_FAULTS),
        (FaultyPart.GATES, GATE_FAULTS),
    )
    return {
        fault.name: Planted(fault.name, part, fault.breaks_safety)
        for part, catalogue in catalogues
        for fault in catalogue
    }


def find_planted(name: str) -> Planted:
    """The fault of that name; UsageError if there is none."""
    known = planted_faults()
    if name not in known:
        raise UsageError(f"there is no fault {name!r}: choose from {', '.join(known)}")
    return known[name]


def fault_option(fault: str | None, part: FaultyPart) -> tuple[str, ...]:
    """What tells a part of this fault, if it is the one to have it."""
    if fault is None or find_planted(fault).part is not part:
        return ()
    return ("--fault", fault)
