"""What a fleet is to be, as it is said before anything that it is made of is loaded."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from gatedrill.contract.messages import DeviceInfo

if TYPE_CHECKING:
    from gatedrill.devices.supabase_checkin import VipArgument


class FleetSettings(msgspec.Struct, frozen=True):
    """What a fleet is to be. `key` opens the check-in service at `target` and goes nowhere else.

    `event_id` is the event at whose gates the devices stand: tickets of another one are refused.
    `vip_argument` is what the service's VIP function asks for. `uplink` is the URL of the proxy
    that leads the devices to the service, if one does. In the folder `data` each gate keeps a file
    of its own; without it, the service alone decides. `fault` is planted in the gates, if anything.
    """

    name: str
    devices: tuple[DeviceInfo, ...]
    broker: str
    target: str
    key: str
    scanned_by: str
    decoder: str
    event_id: str
    vip_argument: "VipArgument" = "p_pass_id"
    uplink: str | None = None
    data: Path | None = None
    fault: str | None = None

    def __repr__(self) -> str:
        return f"FleetSettings({self.name!r}, {len(self.devices)} devices)"

    def __rich_repr__(self) -> list[tuple[str, object]]:
        """What rich shows instead of every field, the key among them."""
        return [("name", self.name), ("devices", len(self.devices))]
