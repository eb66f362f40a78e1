"""How a device knows its own earlier scan again, at a service that takes no nonces. Pure.

Its online attempt may have reached the service, and only the answer was lost; or an upload did.
Then the service has a scan of this device, and tells of a conflict with it.
"""

from typing import Final

from gatedrill.contract.service import SyncRow
from gatedrill.devices.offline.journal_rows import JournaledScan
from gatedrill.devices.offline.service_time import Corrected, instant_ns

_ROUNDING_NS: Final = 1_000_000
"""A service may keep its instants to the millisecond."""


def is_own_win(row: SyncRow, scan: JournaledScan, at: Corrected, device: str) -> bool:
    """Whether the winner that `row` tells of is `scan` itself, which was decided `at`.

    It is if it is this device's, and lies at the time that was uploaded, or between the beginning
    of the online attempt and the decision, as exactly as the clock is known.
    """
    won_ns = None if row.winner_time is None else instant_ns(row.winner_time)
    if won_ns is None or row.winner_device != device:
        return False
    if at.bound_ms is None or scan.decided_ns is None:
        return abs(won_ns - at.at_ns) <= _ROUNDING_NS
    began_ns = at.at_ns - (scan.decided_ns - scan.began_ns)
    slack_ns = round(at.bound_ms * 1e6) + _ROUNDING_NS
    return began_ns - slack_ns <= won_ns <= at.at_ns + slack_ns
