"""A device loses its power, and starts again with the file that it had."""

import asyncio

from gatedrill.cli.together import all_or_none
from gatedrill.cli.venue_faults.venue_fault import VenueParts
from gatedrill.orchestrator.plan import PlannedFault


class DeviceKilled:
    """Implements `VenueFault`: the process is killed, which no program can soften."""

    async def begin(self, parts: VenueParts, fault: PlannedFault) -> None:
        """Kill them all."""
        await asyncio.gather(*(parts.device(name).kill() for name in fault.devices))

    async def end(self, parts: VenueParts, fault: PlannedFault) -> None:
        """Start them again."""
        await all_or_none(parts.device(name).start() for name in fault.devices)
