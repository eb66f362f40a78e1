"""From plan, history and records to the result. Pure: the same folder gives the same verdict."""

from collections import Counter
from collections.abc import Sequence

from gatedrill.orchestrator.checks.catalogue import run_checks
from gatedrill.orchestrator.checks.check import CheckResult, CheckStatus
from gatedrill.orchestrator.doubts import find_doubts
from gatedrill.orchestrator.evidence import Evidence
from gatedrill.orchestrator.history import Event, Started
from gatedrill.orchestrator.metrics import (
    Metrics,
    collect_metrics,
    latency_stats,
    quantile,
    stage_stats,
)
from gatedrill.orchestrator.plan import Plan
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
from gatedrill.orchestrator.thresholds import ThresholdResult, judge_threshold, parse_thresholds


def judge(plan: Plan, history: Sequence[Event], records: Records) -> Result:
    """The verdict on one run; `history` begins with its `Started`."""
    started = history[0]
    if not isinstance(started, Started):
        raise TypeError("a history begins with Started")
    evidence = Evidence(plan, history, records)
    scans = [seen.record for seen in evidence.scans if not seen.is_probe]
    metrics = collect_metrics(scans)
    checks = run_checks(evidence)
    rounds = judge_rounds(evidence)
    thresholds = tuple(
        judge_threshold(threshold, metrics)
        for threshold in parse_thresholds(plan.scenario.thresholds, plan.scenario.name)
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
        inconclusive_because=doubts,
        seed=plan.seed,
        started_at=started.started_at,
        target=started.target,
        broker=started.broker,
        devices=len(plan.devices),
        outcomes=_outcomes(evidence),
        counters=_counters(metrics),
        scan_duration=latency_stats(metrics.scan_duration),
        stages=stage_stats(scans),
        checks=checks,
        thresholds=thresholds,
        rounds=rounds,
        release_skew=_skew(rounds),
        clocks=tuple(
            ClockUncertainty(clock.fleet, clock.offset_ns / 1e6, clock.bound_ns / 1e6)
            for clock in evidence.clocks
        ),
        silent=tuple(
            SilentDevices(event.step, event.fleet, event.devices, event.why)
            for event in evidence.silent
        ),
        unready=tuple(
            UnreadyDevice(event.step, event.device, event.why) for event in evidence.unready
        ),
    )


def _verdict(
    checks: Sequence[CheckResult], doubts: Sequence[str], thresholds: Sequence[ThresholdResult]
) -> Verdict:
    if any(check.status is CheckStatus.VIOLATED for check in checks):
        return Verdict.VIOLATED
    if doubts:
        return Verdict.INCONCLUSIVE
    if not all(threshold.passed for threshold in thresholds):
        return Verdict.THRESHOLD_CROSSED
    return Verdict.PASSED


def _outcomes(evidence: Evidence) -> tuple[OutcomeCount, ...]:
    counted = Counter(
        (str(outcome.kind), str(outcome.reason) if outcome.reason else None)
        for outcome in (seen.record.outcome for seen in evidence.scans if not seen.is_probe)
    )
    return tuple(
        OutcomeCount(kind, reason, count) for (kind, reason), count in counted.most_common()
    )


def _counters(metrics: Metrics) -> Counters:
    scans = len(metrics.scan_errors)
    return Counters(
        scans=scans,
        scan_errors=sum(metrics.scan_errors) / scans if scans else None,
        successful_scans=metrics.successful_scans,
        already_scanned=metrics.already_scanned,
        race_conditions_caught=metrics.race_conditions_caught,
    )


def _skew(rounds: Sequence[RoundResult]) -> Skew | None:
    skews = sorted(each.release_skew_ms for each in rounds if each.release_skew_ms is not None)
    if not skews:
        return None
    return Skew(len(skews), skews[0], quantile(skews, 0.5), quantile(skews, 0.95))
