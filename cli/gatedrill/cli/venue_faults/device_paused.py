"""A device stands still for a while and knows nothing of it afterwards."""

from gatedrill.cli.venue_faults.venue_fault import VenueParts
from gatedrill.orchestrator.plan import PlannedFault


class DevicePaused:
    """Implements `VenueFault`: the process is stopped by a signal, and goes on by another."""

    async def begin(self, parts: VenueParts, fault: PlannedFault) -> None:
        """Have them stand still."""
        for name in fault.devices:
            parts.device(name).child.freeze()

    async def end(self, parts: VenueParts, fault: PlannedFault) -> None:
        """Have them go on."""
        for name in fault.devices:
            parts.device(name).child.thaw()
