"""What came before what, for certain: fleets have clocks of their own."""

from gatedrill.contract.outcome import Authority
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
        """When the question was sent that settled it; of an open one, any may have.

        So may any of a scan that the service did not decide in the end.
        """
        asks = seen.record.acting_asks
        sent_ns = seen.record.released_ns
        if asks:
            is_unclear = seen.record.outcome.is_open or not _by_service(seen)
            sent_ns = (asks[0] if is_unclear else asks[-1]).sent_ns
        return sent_ns - self._bounds_ns.get(seen.fleet, 0)

    def latest_answer_ns(self, seen: SeenAttempt) -> int:
        """When its last answer came, from whomever."""
        asks = seen.record.acting_asks if _by_service(seen) else ()
        answered_ns = asks[-1].answered_ns if asks else seen.record.decided_ns
        return answered_ns + self._bounds_ns.get(seen.fleet, 0)


def _by_service(seen: SeenAttempt) -> bool:
    """Whether the service decided it."""
    return getattr(seen.record, "authority", Authority.ONLINE) is Authority.ONLINE
