"""What a local venue needs besides where gates may decide without the service. Pure."""

from collections.abc import Iterable
from pathlib import Path

from gatedrill.cli.venue import OfflineParts, emulated_roster
from gatedrill.cli.venue_faults.uplink_fault import PREFIX
from gatedrill.contract.outcome import Authority
from gatedrill.fixtures.scenario import Scenario
from gatedrill.orchestrator.fault_planning import all_faults, solo_devices


def offline_parts(scenarios: Iterable[Scenario], folder: Path) -> OfflineParts | None:
    """What these scenarios need, kept in `folder`; None if the service alone decides in all."""
    wanted = tuple(scenarios)
    allowed = {authority for each in wanted for authority in each.authorities}
    faults = [fault.fault for each in wanted for fault in all_faults(each)]
    if allowed == {Authority.ONLINE} and not faults:
        return None
    gates = emulated_roster(max(each.devices for each in wanted), 0)
    names = [device.name for device in gates]
    return OfflineParts(
        data=folder / "devices",
        registrar=Authority.VENUE in allowed or "registrar-stopped" in faults,
        uplink=any(fault.startswith(PREFIX) for fault in faults),
        solo=tuple(sorted({name for each in wanted for name in solo_devices(each, names)})),
    )
