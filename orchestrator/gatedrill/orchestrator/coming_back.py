"""How long an honest device may need to be back with whom it lost, once a fault has ended. Pure.

It does not notice the very moment at which the line is mended. As long as this, it may go on as if
it were not, unless it is seen to have had an answer.
"""

from gatedrill.broker.bus import LONGEST_PAUSE_S
from gatedrill.broker.claim import HEARTBEAT_S
from gatedrill.contract.messages import ANSWER_TIMEOUT_S
from gatedrill.contract.outcome import Authority
from gatedrill.fixtures.scenario import FaultName

PROBE_PAUSE_S = 5.0
"""The longest that a device waits between two probes of a service that does not answer."""
SECOND_PROBE_S = 2.0
"""From the end of that pause to the second good probe: both answers, and a pause of half a second.

A service that takes longer to answer twice is as slow as one that is away.
"""
SERVICE_RETURN_S = ANSWER_TIMEOUT_S + PROBE_PAUSE_S + SECOND_PROBE_S
"""A probe that was sent into the fault is waited for in vain, then comes a pause, then two good."""
REGISTRAR_RETURN_S = HEARTBEAT_S
"""A registrar that is back is known to all with its next heartbeat."""
BROKER_RETURN_S = LONGEST_PAUSE_S + REGISTRAR_RETURN_S
"""Device and registrar pause before they try to connect again; then they must hear each other."""

_FROM_REGISTRAR: dict[FaultName, float] = {
    "broker-stopped": BROKER_RETURN_S,
    "broker-frozen": BROKER_RETURN_S,
    "registrar-stopped": REGISTRAR_RETURN_S,
    "device-paused": BROKER_RETURN_S,
}


def return_s(kind: FaultName, authority: Authority) -> float:
    """How long after the end of such a fault a device may still be without this authority.

    None of it for a device that was killed: it has made itself known by the end, and starts by
    asking. Nor for a disk or a clock, which keep nobody from asking.
    """
    if authority is Authority.VENUE:
        return _FROM_REGISTRAR.get(kind, 0.0)
    is_cut = kind.startswith("uplink-") or kind == "device-paused"
    return SERVICE_RETURN_S if is_cut else 0.0
