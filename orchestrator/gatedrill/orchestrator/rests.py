"""How long a burst rests, so that readers take what they are shown for a new sighting. Pure."""

from collections.abc import Iterable, Sequence

from gatedrill.contract.messages import BurstKind, DeviceInfo
from gatedrill.orchestrator.plan import LEAD_S, MIN_REST_S, PlannedScan

_WINDOW_MARGIN_S = 0.1


class Rests:
    """Remembers what each device was shown, through all the bursts of a command."""

    def __init__(self, devices: Iterable[DeviceInfo]) -> None:
        self._windows_s = {
            device.name: device.repeat_window_s + _WINDOW_MARGIN_S for device in devices
        }
        self._rested_s = 0.0
        self._seen_s: dict[tuple[str, str], float] = {}

    def before(self, burst: BurstKind, scans: Sequence[PlannedScan]) -> float:
        """The rest in seconds before these scans, which are then remembered.

        Long enough that a symbol is out of its device's view again before it is read anew.
        """
        # What is read ahead is read that long before T.
        ahead_s = LEAD_S if burst is BurstKind.REQUEST else 0.0
        views = [(scan.device, scan.symbol) for scan in scans]
        waits_s = [
            self._seen_s[view] + self._windows_s[view[0]] + ahead_s - self._rested_s
            for view in views
            if view in self._seen_s
        ]
        rest_s = round(max([MIN_REST_S, *waits_s]), 3)
        self._rested_s += rest_s
        self._seen_s |= dict.fromkeys(views, self._rested_s)
        return rest_s
