"""Thresholds in k6's syntax: `p(95)<200`, `rate<0.001`, `count>0`.

A threshold is parsed, and refused if it makes no sense, before anything runs.
"""

import operator
import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from gatedrill.contract.errors import UsageError
from gatedrill.orchestrator.metrics import Metrics, quantile

_SYNTAX = re.compile(
    r"\s*(?P<method>[a-z]+|p\(\s*(?P<percent>\d+(\.\d+)?)\s*\))"
    r"\s*(?P<sign><=|>=|<|>|===?|!=)\s*(?P<bound>-?\d+(\.\d+)?)\s*"
)
_SIGNS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "===": operator.eq,
    "!=": operator.ne,
}
_TREND = ("avg", "min", "med", "max", "p(N)")
METRICS: dict[str, tuple[str, ...]] = {
    "scan_duration": _TREND,
    "scan_errors": ("rate", "count"),
    "checkout_duration": _TREND,
    "checkout_errors": ("rate", "count"),
    "service_duration": _TREND,
    "own_duration": _TREND,
    "successful_scans": ("count",),
    "already_scanned": ("count",),
    "race_conditions_caught": ("count",),
}
"""Every metric that a threshold can speak of, and its figures."""
BY_HAND = ("scan_duration", "scan_errors")
"""Of these, what people present by hand is judged by itself."""


class Threshold(msgspec.Struct, frozen=True):
    """A condition on one figure of one metric."""

    metric: str
    expression: str
    method: str
    percent: float | None
    sign: str
    bound: float


class ThresholdResult(msgspec.Struct, frozen=True):
    """A threshold and the figure it met; `value` is None where there was nothing to measure.

    Of how long scans or checkouts took, the same figure is given of each side's share alone:
    `own_value`, and of the service the most (`service_value`) and the least that is certain
    (`service_at_least`). Shares of a quantile need not add up to it.
    """

    metric: str
    expression: str
    value: float | None
    passed: bool
    service_value: float | None = None
    service_at_least: float | None = None
    own_value: float | None = None
    is_machines: bool = False
    """Crossed, but not by what is certainly the service's: this machine was too slow to tell."""
    by_hand: bool = False
    """Of scans that people presented by hand, counted from their readings; else of all others."""


def parse_thresholds(written: Mapping[str, Sequence[str]], where: str) -> tuple[Threshold, ...]:
    """The thresholds of a scenario.

    Raises UsageError telling of everything that is wrong, each line with `where`, the metric and
    what is allowed.
    """
    wrong = threshold_problems(written)
    if wrong:
        raise UsageError("\n".join(f"{where}: {what}" for what in wrong))
    return tuple(each for each in _parsed(written) if isinstance(each, Threshold))


def threshold_problems(written: Mapping[str, Sequence[str]]) -> list[str]:
    """Everything that is wrong with these thresholds, each with its key and what is allowed."""
    return [f"key thresholds.{each}" for each in _parsed(written) if isinstance(each, str)]


def _parsed(written: Mapping[str, Sequence[str]]) -> list[Threshold | str]:
    return [
        _parse(metric, expression)
        for metric, expressions in written.items()
        for expression in expressions
    ]


def _parse(metric: str, expression: str) -> Threshold | str:
    """The threshold, or what is wrong with it."""
    if metric not in METRICS:
        return f"{metric}: unknown metric (allowed: {', '.join(METRICS)})"
    match = _SYNTAX.fullmatch(expression)
    if match is None:
        return f"{metric}: {expression!r} is no threshold: write it like 'p(95)<200'"
    percent = None if match["percent"] is None else float(match["percent"])
    method = match["method"] if percent is None else "p(N)"
    if method not in METRICS[metric]:
        allowed = ", ".join(METRICS[metric])
        return f"{metric}: {metric} has no {match['method']!r} (allowed: {allowed})"
    if percent is not None and percent > 100:
        return f"{metric}: {expression!r}: a percentile lies between 0 and 100"
    return Threshold(metric, expression, method, percent, match["sign"], float(match["bound"]))


def judge_threshold(threshold: Threshold, metrics: Metrics) -> ThresholdResult:
    """Hold a figure against its bound. No figure passes nothing."""
    value = _figure(threshold, getattr(metrics, threshold.metric))
    passed = _holds(threshold, value)
    result = ThresholdResult(threshold.metric, threshold.expression, value, passed)
    whose = metrics.whose.get(threshold.metric)
    if whose is None:
        return result
    at_least = _figure(threshold, whose.service_at_least)
    return msgspec.structs.replace(
        result,
        service_value=_figure(threshold, whose.service),
        service_at_least=at_least,
        own_value=_figure(threshold, whose.own),
        is_machines=not passed and _holds(threshold, at_least),
    )


def _holds(threshold: Threshold, value: float | None) -> bool:
    return value is not None and _SIGNS[threshold.sign](value, threshold.bound)


def _figure(threshold: Threshold, measured: int | Sequence[float]) -> float | None:
    if isinstance(measured, int):
        return float(measured)
    if threshold.method == "count":
        return float(sum(measured))
    if not measured:
        return None
    if threshold.method in ("avg", "rate"):
        return float(sum(measured) / len(measured))
    fraction = {"min": 0.0, "med": 0.5, "max": 1.0}.get(threshold.method)
    if fraction is None:
        fraction = (threshold.percent or 0.0) / 100
    return quantile(sorted(measured), fraction)
