"""What all faults of the venue's parts have in common."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gatedrill.cli.part import Part
from gatedrill.contract.errors import PeerError
from gatedrill.orchestrator.plan import PlannedFault


@dataclass(frozen=True)
class VenueParts:
    """The parts by what they are; devices by name, where each has a process of its own."""

    broker: Part
    registrar: Part | None = None
    devices: Mapping[str, Part] = field(default_factory=dict)

    def device(self, name: str) -> Part:
        """The process of this device; PeerError if it shares one with others."""
        if name not in self.devices:
            raise PeerError(f"{name} has no process of its own, so nothing can be done to it alone")
        return self.devices[name]


class VenueFault(Protocol):
    """One sort of fault: how it begins and how it ends. PeerError where that fails."""

    async def begin(self, parts: VenueParts, fault: PlannedFault) -> None:
        """Do it; it is in force when this returns."""
        ...

    async def end(self, parts: VenueParts, fault: PlannedFault) -> None:
        """Undo it; what it had stopped is ready when this returns."""
        ...
