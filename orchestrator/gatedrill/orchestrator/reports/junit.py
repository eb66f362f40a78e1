"""JUnit XML: a testsuite a scenario; a testcase a check, a threshold, and the rehearsal itself.

Written to the strict form of the format (elements in the order of Ant's schema, counts where they
are asked for), which looser readers take as well.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree

from gatedrill.orchestrator.checks.check import CheckResult, CheckStatus
from gatedrill.orchestrator.metrics import LatencyStats
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.figures import Figure
from gatedrill.orchestrator.reports.judged_run import JudgedRun, name_runs
from gatedrill.orchestrator.reports.offline_wording import TIMEOUTS, UPLOADS, fault_in_words
from gatedrill.orchestrator.reports.plain import render_plain
from gatedrill.orchestrator.reports.printable import printable
from gatedrill.orchestrator.reports.wording import hunt_in_words, threshold_in_words, whose_in_words
from gatedrill.orchestrator.result import Counters, Result
from gatedrill.orchestrator.thresholds import ThresholdResult

REHEARSAL = "the rehearsal happened"

Element = ElementTree.Element


def render_junit(runs: Sequence[JudgedRun]) -> str:
    """The whole file."""
    root = Element("testsuites")
    for number, (name, run) in enumerate(zip(name_runs(runs), runs, strict=True)):
        root.append(_suite(number, name, run))
    ElementTree.indent(root)
    body = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{body}\n'


def _suite(number: int, name: str, run: JudgedRun) -> Element:
    result = run.result
    cases = [_rehearsal(result, run.lasted_s)]
    cases += [_check(result, check) for check in result.checks]
    cases += [_threshold(result, threshold) for threshold in result.thresholds]
    suite = _element(
        "testsuite",
        id=str(number),
        name=name,
        package="gatedrill",
        hostname="localhost",
        timestamp=_without_zone(result.started_at),
        time=f"{run.lasted_s:.3f}",
        tests=str(len(cases)),
        failures=_count(cases, "failure"),
        errors=_count(cases, "error"),
        skipped=_count(cases, "skipped"),
    )
    suite.append(_properties(result))
    suite.extend(cases)
    suite.append(_element("system-out", render_plain([run])))
    suite.append(_element("system-err"))
    return suite


def _rehearsal(result: Result, lasted_s: float) -> Element:
    case = _case(result, "rehearsal", REHEARSAL, lasted_s)
    if result.inconclusive_because:
        doubts = result.inconclusive_because
        case.append(_element("error", "\n".join(doubts), type="inconclusive", message=doubts[0]))
    return case


def _check(result: Result, check: CheckResult) -> Element:
    case = _case(result, "checks", check.name)
    if check.status is CheckStatus.NOT_JUDGED:
        case.append(_element("skipped", message=check.why_not_judged or ""))
    if check.status is CheckStatus.VIOLATED:
        text = "\n".join(_witnesses(check))
        case.append(_element("failure", text, type="safety violated", message=_message(check)))
    return case


def _message(check: CheckResult) -> str:
    first = f"{check.claim}: {check.violations} wrong of {check.examined} examined"
    return "; ".join([first, *(f"{each.subject}: {each.what}" for each in check.shown[:1])])


def _witnesses(check: CheckResult) -> Iterator[str]:
    for violation in check.shown:
        yield f"{violation.subject}: {violation.what}"
        yield from (f"  {line}" for line in violation.witness)
    if check.violations > len(check.shown):
        yield f"and {check.violations - len(check.shown)} more"


def _threshold(result: Result, threshold: ThresholdResult) -> Element:
    name = threshold_in_words(threshold)
    case = _case(result, "thresholds", name)
    if not threshold.passed:
        met = str(figures.threshold_value(threshold.value))
        message = "; ".join(filter(None, (f"{name} is not met: {met}", whose_in_words(threshold))))
        tag, kind = _BLAME[threshold.is_machines]
        case.append(_element(tag, message, type=kind, message=message))
    return case


_BLAME = {False: ("failure", "threshold crossed"), True: ("error", "inconclusive")}


def _case(result: Result, group: str, name: str, time_s: float = 0) -> Element:
    classname = f"gatedrill.{result.scenario}.{group}"
    return _element("testcase", classname=classname, name=name, time=f"{time_s:.3f}")


def _properties(result: Result) -> Element:
    properties = _element("properties")
    for name, value in _facts(result):
        text = value.exact if isinstance(value, Figure) else value
        properties.append(_element("property", name=name, value=text))
    return properties


def _facts(result: Result) -> Iterator[tuple[str, str | Figure]]:
    """What is told of a run beside its tests; figures where they were measured."""
    yield from (("run", result.run), ("seed", str(result.seed)), ("repeat", str(result.repeat)))
    yield from (("target", result.target), ("broker", result.broker))
    yield "fault", result.fault or "none"
    yield from (("verdict", str(result.verdict)), ("exit_code", str(result.exit_code)))
    yield "devices", str(result.devices)
    yield from _counted(result.counters)
    for each in result.outcomes:
        name = f"outcome.{each.kind}.{each.reason}" if each.reason else f"outcome.{each.kind}"
        yield name, figures.count(each.count)
    yield from _latency_facts("scan_duration", result.scan_duration)
    yield from _latency_facts("checkout_duration", result.checkout_duration)
    yield from _latency_facts("service_duration", result.service_duration)
    yield from _latency_facts("own_duration", result.own_duration)
    if result.release_skew is not None:
        yield "release_skew.median_ms", figures.fine_ms(result.release_skew.median_ms)
        yield "release_skew.p95_ms", figures.fine_ms(result.release_skew.p95_ms)
    for hunt in result.hunts:
        yield f"hunt.{hunt.phase}", hunt_in_words(hunt)
    yield from _offline_facts(result)


def _offline_facts(result: Result) -> Iterator[tuple[str, str | Figure]]:
    """What failed and what devices decided by themselves; nothing where only the service may."""
    for fault in result.faults:
        yield f"failed.{fault.fault}", fault_in_words(fault)
    for each in result.decided_by:
        yield f"decided.{each.authority}", figures.count(each.decided)
    if result.decided_by:
        for name in ("expected_doubles", "locked_out", "pending", "conflicts"):
            yield name, figures.count(len(getattr(result, name)))
    for name in TIMEOUTS if result.timeouts is not None else ():
        yield f"timeouts.{name}", figures.count(getattr(result.timeouts, name))
    for name in UPLOADS if result.uploads is not None else ():
        yield f"uploads.{name}", figures.count(getattr(result.uploads, name))


def _counted(counters: Counters) -> Iterator[tuple[str, Figure]]:
    for name in ("attempts", "scans", "checkouts"):
        yield name, figures.count(getattr(counters, name))
    for name in ("scan_errors", "checkout_errors"):
        if (share := getattr(counters, name)) is not None:
            yield name, figures.share(share)
    for name in ("successful_scans", "already_scanned", "race_conditions_caught"):
        yield name, figures.count(getattr(counters, name))


def _latency_facts(metric: str, stats: LatencyStats | None) -> Iterator[tuple[str, Figure]]:
    if stats is not None:
        for name in ("avg", "min", "p50", "p95", "p99", "max"):
            yield f"{metric}.{name}_ms", figures.latency_ms(getattr(stats, name))


def _without_zone(started_at: str) -> str:
    """The instant in UTC in the form that the strict schema wants, which has no room for a zone."""
    return datetime.fromisoformat(started_at).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _count(cases: Sequence[Element], tag: str) -> str:
    return str(sum(case.find(tag) is not None for case in cases))


def _element(tag: str, text: str | None = None, **attributes: str) -> Element:
    element = Element(tag, {name: printable(value) for name, value in attributes.items()})
    element.text = None if text is None else printable(text)
    return element
