"""From plan, history and records to the result. Pure: the same folder gives the same verdict."""

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec

from gatedrill.contract.attempt import AttemptRecord, ScanRecord
from gatedrill.orchestrator import offline_facts as facts
from gatedrill.orchestrator.by_hand import judge_by_hand
from gatedrill.orchestrator.checks.catalogue import run_checks
from gatedrill.orchestrator.checks.check import CheckResult, CheckStatus
from gatedrill.orchestrator.doubts import find_doubts, find_slowness
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.history import ClockRead, Event, Started
from gatedrill.orchestrator.hunts import judge_hunts
from gatedrill.orchestrator.metrics import (
    Metrics,
    collect_metrics,
    latency_stats,
    quantile,
    stage_stats,
)
from gatedrill.orchestrator.plan import Plan
from gatedrill.orchestrator.record_facts import record_facts
from gatedrill.orchestrator.records import Records
from gatedrill.orchestrator.result import (
    ClockUncertainty,
    Counters,
    OutcomeCount,
    Result,
    SilentDevices,
    Skew,
    UnreadyDevice,
    Verdict,
)
from gatedrill.orchestrator.rounds import RoundResult, judge_rounds
from gatedrill.orchestrator.thresholds import (
    BY_HAND,
    Threshold,
    ThresholdResult,
    judge_threshold,
    parse_thresholds,
)
from gatedrill.orchestrator.timeouts import count_timeouts


def judge(plan: Plan, history: Sequence[Event], records: Records) -> Result:
    """The verdict on one run; `history` begins with its `Started`."""
    started = history[0]
    if not isinstance(started, Started):
        raise TypeError("a history begins with Started")
    evidence = Evidence(plan, history, records)
    attempts = [seen.record for seen in evidence.let_go if not seen.is_probe]
    by_hand = [seen.record for seen in evidence.by_hand]
    metrics = collect_metrics(attempts)
    checks = run_checks(evidence)
    rounds = judge_rounds(evidence)
    thresholds = tuple(
        each
        for threshold in parse_thresholds(plan.scenario.thresholds, plan.scenario.name)
        for each in _thresholds(threshold, plan, metrics, by_hand)
    )
    doubts = find_doubts(evidence, rounds)
    verdict = _verdict(checks, doubts, thresholds)
    return Result(
        run=started.run,
        scenario=plan.scenario.name,
        title=plan.scenario.title,
        verdict=verdict,
        exit_code=verdict.exit_code,
        cut_short=evidence.cut_short,
        inconclusive_because=(*doubts, *find_slowness(thresholds)),
        seed=plan.seed,
        repeat=plan.repeat,
        started_at=started.started_at,
        target=started.target,
        fault=started.fault,
        broker=started.broker,
        devices=len(plan.devices),
        outcomes=_outcomes(evidence),
        counters=_counters(attempts, metrics),
        scan_duration=latency_stats(metrics.scan_duration),
        checkout_duration=latency_stats(metrics.checkout_duration),
        service_duration=latency_stats(metrics.service_duration),
        own_duration=latency_stats(metrics.own_duration),
        stages=stage_stats(attempts),
        checks=checks,
        thresholds=thresholds,
        records=record_facts(evidence),
        rounds=rounds,
        release_skew=_skew(rounds),
        clocks=_clocks(evidence),
        silent=tuple(
            SilentDevices(event.step, event.fleet, event.devices, event.why)
            for event in evidence.silent
        ),
        unready=tuple(
            UnreadyDevice(event.step, event.device, event.why) for event in evidence.unready
        ),
        hunts=judge_hunts(evidence),
        faults=facts.fault_spans(evidence),
        decided_by=facts.count_authorities(evidence),
        expected_doubles=facts.expected_doubles(evidence),
        locked_out=facts.locked_out_guests(evidence),
        timeouts=count_timeouts(evidence),
        uploads=facts.count_uploads(evidence),
        pending=facts.pending_scans(evidence),
        conflicts=facts.conflicts(evidence),
        unread_journals=facts.unread_journals(evidence),
        by_hand=judge_by_hand(evidence),
    )


def _thresholds(
    threshold: Threshold, plan: Plan, metrics: Metrics, by_hand: Sequence[ScanRecord]
) -> Iterator[ThresholdResult]:
    """Of scans, a figure of those that were let go at an instant, and one of those by hand."""
    if threshold.metric not in BY_HAND or not plan.attended:
        yield judge_threshold(threshold, metrics)
        return
    if any(not (device.attended or device.is_kiosk) for device in plan.devices):
        yield judge_threshold(threshold, metrics)
    if by_hand:
        judged = judge_threshold(threshold, collect_metrics(by_hand))
        yield msgspec.structs.replace(judged, by_hand=True)


def _verdict(
    checks: Sequence[CheckResult], doubts: Sequence[str], thresholds: Sequence[ThresholdResult]
) -> Verdict:
    if any(check.status is CheckStatus.VIOLATED for check in checks):
        return Verdict.VIOLATED
    if doubts:
        return Verdict.INCONCLUSIVE
    crossed = [threshold for threshold in thresholds if not threshold.passed]
    if not all(threshold.is_machines for threshold in crossed):
        return Verdict.THRESHOLD_CROSSED
    return Verdict.INCONCLUSIVE if crossed else Verdict.PASSED


def _clocks(evidence: Evidence) -> tuple[ClockUncertainty, ...]:
    by_boot: dict[tuple[str, str], list[ClockRead]] = {}
    for clock in evidence.clocks:
        by_boot.setdefault((clock.fleet, clock.boot), []).append(clock)
    return tuple(
        ClockUncertainty(
            fleet,
            offset_ms=first.offset_ns / 1e6,
            bound_ms=evidence.clock_bounds_ns[fleet] / 1e6,
            drift_ms=(last.offset_ns - first.offset_ns) / 1e6 if last is not first else None,
        )
        for (fleet, _boot), readings in by_boot.items()
        for first, last in ((readings[0], readings[-1]),)
    )


def _outcomes(evidence: Evidence) -> tuple[OutcomeCount, ...]:
    counted = Counter(
        (str(outcome.kind), str(outcome.reason) if outcome.reason else None)
        for outcome in (seen.record.outcome for seen in evidence.attempts if not seen.is_probe)
    )
    return tuple(
        OutcomeCount(kind, reason, count) for (kind, reason), count in counted.most_common()
    )


def _counters(attempts: Sequence[AttemptRecord], metrics: Metrics) -> Counters:
    return Counters(
        attempts=len(attempts),
        scans=len(metrics.scan_errors),
        scan_errors=_share(metrics.scan_errors),
        checkouts=len(metrics.checkout_errors),
        checkout_errors=_share(metrics.checkout_errors),
        successful_scans=metrics.successful_scans,
        already_scanned=metrics.already_scanned,
        race_conditions_caught=metrics.race_conditions_caught,
    )


def _share(errors: Sequence[bool]) -> float | None:
    return sum(errors) / len(errors) if errors else None


def _skew(rounds: Sequence[RoundResult]) -> Skew | None:
    skews = sorted(each.release_skew_ms for each in rounds if each.release_skew_ms is not None)
    if not skews:
        return None
    return Skew(len(skews), skews[0], quantile(skews, 0.5), quantile(skews, 0.95))
