"""The line between devices and service is down, slow, lossy, or says what nobody has said."""

from typing import Protocol

from gatedrill.cli.venue_faults.venue_fault import VenueParts
from gatedrill.contract.uplink import UplinkFault, UplinkFaultKind
from gatedrill.orchestrator.plan import PlannedFault

PREFIX = "uplink-"


class Control(Protocol):
    """The uplink, as far as it can be told what ails it."""

    async def begin(self, fault: UplinkFault) -> None:
        """From now on this is in force; PeerError if the uplink does not take it."""
        ...

    async def end(self, fault: str) -> None:
        """From now on it is not."""
        ...


class UplinkFaulty:
    """Implements `VenueFault`: the tunnel that the devices' requests go through is told."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def begin(self, _parts: VenueParts, fault: PlannedFault) -> None:
        """Tell it to begin."""
        await self._control.begin(
            UplinkFault(
                id=fault.id,
                kind=UplinkFaultKind(fault.fault.removeprefix(PREFIX)),
                devices=fault.devices,
                delay_ms=fault.delay_ms or 0.0,
                share=fault.share or 1.0,
                seed=fault.seed,
            )
        )

    async def end(self, _parts: VenueParts, fault: PlannedFault) -> None:
        """Tell it to end."""
        await self._control.end(fault.id)
