"""What came before what, for certain: fleets have clocks of their own."""

from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.seen import SeenAttempt


class Instants:
    """When attempts were asked and answered, as far apart as the fleets' clocks may be wrong."""

    def __init__(self, evidence: Evidence) -> None:
        self._bounds_ns = evidence.clock_bounds_ns

    def certainly_before(self, one: SeenAttempt, other: SeenAttempt) -> bool:
        """Whether the answer to `one` had come when `other` was sent."""
        return self.latest_answer_ns(one) < self.earliest_sent_ns(other)

    def earliest_sent_ns(self, seen: SeenAttempt) -> int:
        """When the question was sent that settled it; of an open one, any may have."""
        asks = seen.record.acting_asks
        sent_ns = seen.record.released_ns
        if asks:
            sent_ns = (asks[0] if seen.record.outcome.is_open else asks[-1]).sent_ns
        return sent_ns - self._bounds_ns.get(seen.fleet, 0)

    def latest_answer_ns(self, seen: SeenAttempt) -> int:
        """When its last answer came."""
        asks = seen.record.acting_asks
        answered_ns = asks[-1].answered_ns if asks else seen.record.decided_ns
        return answered_ns + self._bounds_ns.get(seen.fleet, 0)
