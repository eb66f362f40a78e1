"""The result of a run: what `result.json` holds and every report shows. A public promise
(docs/result.md), hence its version.
"""

from enum import StrEnum

import msgspec

from gatedrill.orchestrator.by_hand import ByHand
from gatedrill.orchestrator.checks.check import CheckResult
from gatedrill.orchestrator.hunts import Hunt
from gatedrill.orchestrator.metrics import LatencyStats, StageStats
from gatedrill.orchestrator.offline_facts import (
    AuthorityCount,
    Conflict,
    ExpectedDouble,
    FaultSpan,
    LockedOut,
    PendingScan,
    UnreadJournals,
    Uploads,
)
from gatedrill.orchestrator.rounds import RoundResult
from gatedrill.orchestrator.thresholds import ThresholdResult
from gatedrill.orchestrator.timeouts import Timeouts

RESULT_FORMAT = "gatedrill-result"
RESULT_VERSION = 2


class Verdict(StrEnum):
    """What a run comes to."""

    PASSED = "passed"
    VIOLATED = "safety violated"
    INCONCLUSIVE = "inconclusive"
    THRESHOLD_CROSSED = "threshold crossed"

    @property
    def exit_code(self) -> int:
        """The exit code of a command that ends with this verdict."""
        return {"passed": 0, "safety violated": 1, "inconclusive": 4, "threshold crossed": 3}[self]


class OutcomeCount(msgspec.Struct, frozen=True):
    """How many attempts ended this way."""

    kind: str
    reason: str | None
    count: int


class SilentDevices(msgspec.Struct, frozen=True):
    """Devices of which no word came in a step."""

    step: str
    fleet: str
    devices: tuple[str, ...]
    why: str


class UnreadyDevice(msgspec.Struct, frozen=True):
    """A device that could not be made ready for a step."""

    step: str
    device: str
    why: str


class ClockUncertainty(msgspec.Struct, frozen=True):
    """A fleet's clock against the conductor's, in milliseconds.

    `drift_ms` is what it has gained on the conductor's from the first reading to the last, None if
    it was read but once; `bound_ms` is the most that stamps can be wrong by, drift included.
    """

    fleet: str
    offset_ms: float
    bound_ms: float
    drift_ms: float | None = None


class Skew(msgspec.Struct, frozen=True):
    """Release skew over the rounds, in milliseconds."""

    rounds: int
    min_ms: float
    median_ms: float
    p95_ms: float


class RecordFact(msgspec.Struct, frozen=True):
    """What the service has on record of one thing after the run, and before where that tells."""

    what: str
    before: str | None
    after: str


class Counters(msgspec.Struct, frozen=True):
    """The counting metrics; `scan_errors` and `checkout_errors` are shares, None without any."""

    attempts: int
    scans: int
    scan_errors: float | None
    checkouts: int
    checkout_errors: float | None
    successful_scans: int
    already_scanned: int
    race_conditions_caught: int


class Result(msgspec.Struct, frozen=True):
    """Everything that is said about a run."""

    run: str
    scenario: str
    title: str
    verdict: Verdict
    exit_code: int
    cut_short: str | None
    inconclusive_because: tuple[str, ...]
    seed: int
    repeat: int
    started_at: str
    target: str
    fault: str | None
    broker: str
    devices: int
    outcomes: tuple[OutcomeCount, ...]
    counters: Counters
    scan_duration: LatencyStats | None
    checkout_duration: LatencyStats | None
    service_duration: LatencyStats | None
    own_duration: LatencyStats | None
    stages: StageStats
    checks: tuple[CheckResult, ...]
    thresholds: tuple[ThresholdResult, ...]
    records: tuple[RecordFact, ...]
    rounds: tuple[RoundResult, ...]
    release_skew: Skew | None
    clocks: tuple[ClockUncertainty, ...]
    silent: tuple[SilentDevices, ...]
    unready: tuple[UnreadyDevice, ...]
    hunts: tuple[Hunt, ...] = ()
    faults: tuple[FaultSpan, ...] = ()
    decided_by: tuple[AuthorityCount, ...] = ()
    expected_doubles: tuple[ExpectedDouble, ...] = ()
    locked_out: tuple[LockedOut, ...] = ()
    timeouts: Timeouts | None = None
    uploads: Uploads | None = None
    pending: tuple[PendingScan, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    unread_journals: tuple[UnreadJournals, ...] = ()
    by_hand: ByHand | None = None
    format: str = RESULT_FORMAT
    version: int = RESULT_VERSION
