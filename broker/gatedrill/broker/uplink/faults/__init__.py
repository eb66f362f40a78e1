"""The faults, in the order in which a request meets them; an answer meets the last one first."""

from collections.abc import Callable

from gatedrill.broker.uplink.faults.answers_lost import answers_lost
from gatedrill.broker.uplink.faults.down import down
from gatedrill.broker.uplink.faults.garbage import garbage
from gatedrill.broker.uplink.faults.lossy import lossy
from gatedrill.broker.uplink.faults.slow import slow
from gatedrill.broker.uplink.stage import MakeStage
from gatedrill.contract.uplink import UplinkFault, UplinkFaultKind

FAULTS: dict[UplinkFaultKind, Callable[[UplinkFault], MakeStage]] = {
    UplinkFaultKind.DOWN: down,
    UplinkFaultKind.ANSWERS_LOST: answers_lost,
    UplinkFaultKind.SLOW: slow,
    UplinkFaultKind.LOSSY: lossy,
    UplinkFaultKind.GARBAGE: garbage,
}
"""What is late is still lost when the line goes dead: hence slow behind those that lose."""

ORDER = tuple(FAULTS)
