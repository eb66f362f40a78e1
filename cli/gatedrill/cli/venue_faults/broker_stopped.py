"""The broker is gone, with everything that it had retained; then another one is in its place."""

from gatedrill.cli.venue_faults.venue_fault import VenueParts
from gatedrill.orchestrator.plan import PlannedFault


class BrokerStopped:
    """Implements `VenueFault`: the process is killed, and started again on the same port."""

    async def begin(self, parts: VenueParts, _fault: PlannedFault) -> None:
        """Kill it."""
        await parts.broker.kill()

    async def end(self, parts: VenueParts, _fault: PlannedFault) -> None:
        """Start it again."""
        await parts.broker.start()
