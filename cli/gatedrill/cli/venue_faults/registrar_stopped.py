"""The registrar is gone in the middle of what it does, and comes back with its file."""

from gatedrill.cli.part import Part
from gatedrill.cli.venue_faults.venue_fault import VenueParts
from gatedrill.contract.errors import PeerError
from gatedrill.orchestrator.plan import PlannedFault


class RegistrarStopped:
    """Implements `VenueFault`: the process is killed, and started again on the same file."""

    async def begin(self, parts: VenueParts, _fault: PlannedFault) -> None:
        """Kill it."""
        await _registrar(parts).kill()

    async def end(self, parts: VenueParts, _fault: PlannedFault) -> None:
        """Start it again."""
        await _registrar(parts).start()


def _registrar(parts: VenueParts) -> Part:
    if parts.registrar is None:
        raise PeerError("this venue has no registrar that could be stopped")
    return parts.registrar
