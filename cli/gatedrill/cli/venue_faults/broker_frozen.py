"""The broker answers nobody, though its connections stand: the worst way for it to be gone."""

from gatedrill.cli.venue_faults.venue_fault import VenueParts
from gatedrill.orchestrator.plan import PlannedFault


class BrokerFrozen:
    """Implements `VenueFault`: the process is stopped by a signal, and goes on by another."""

    async def begin(self, parts: VenueParts, _fault: PlannedFault) -> None:
        """Have it stand still."""
        parts.broker.child.freeze()

    async def end(self, parts: VenueParts, _fault: PlannedFault) -> None:
        """Have it go on."""
        parts.broker.child.thaw()
