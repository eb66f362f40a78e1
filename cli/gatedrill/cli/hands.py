"""The hands that a run lays on the parts of its venue: real faults, by their names."""

from collections.abc import Mapping
from types import MappingProxyType

from gatedrill.cli.venue_faults.broker_frozen import BrokerFrozen
from gatedrill.cli.venue_faults.broker_stopped import BrokerStopped
from gatedrill.cli.venue_faults.device_killed import DeviceKilled
from gatedrill.cli.venue_faults.device_paused import DevicePaused
from gatedrill.cli.venue_faults.disk_full import DiskFull
from gatedrill.cli.venue_faults.registrar_stopped import RegistrarStopped
from gatedrill.cli.venue_faults.uplink_fault import PREFIX, UplinkFaulty
from gatedrill.cli.venue_faults.venue_fault import VenueFault, VenueParts
from gatedrill.contract.errors import PeerError
from gatedrill.orchestrator.plan import PlannedFault

FAULTS: Mapping[str, VenueFault] = MappingProxyType(
    {
        "broker-stopped": BrokerStopped(),
        "broker-frozen": BrokerFrozen(),
        "registrar-stopped": RegistrarStopped(),
        "device-killed": DeviceKilled(),
        "device-paused": DevicePaused(),
        "disk-full": DiskFull(),
    }
)
"""What is done to processes. What is done to the uplink is `UplinkFaulty`'s."""


class LocalHands:
    """Implements `Hands` for a venue that this command has started."""

    def __init__(self, parts: VenueParts, uplink: UplinkFaulty | None) -> None:
        self._parts = parts
        self._uplink = uplink

    async def begin(self, fault: PlannedFault) -> None:
        """Do it; PeerError where that fails."""
        await self._of(fault).begin(self._parts, fault)

    async def end(self, fault: PlannedFault) -> None:
        """Undo it; PeerError where that fails."""
        await self._of(fault).end(self._parts, fault)

    def _of(self, fault: PlannedFault) -> VenueFault:
        if not fault.fault.startswith(PREFIX):
            return FAULTS[fault.fault]
        if self._uplink is None:
            raise PeerError(f"the fault {fault.fault} needs an uplink, and this venue has none")
        return self._uplink
