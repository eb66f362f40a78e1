"""The result as a person reads it on a terminal: verdict first, then what it rests on."""

from collections.abc import Iterable

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from gatedrill.orchestrator.checks.check import CheckResult, CheckStatus
from gatedrill.orchestrator.metrics import LatencyStats
from gatedrill.orchestrator.result import Result, Verdict
from gatedrill.orchestrator.rounds import RoundResult

_STYLES = {
    Verdict.PASSED: "bold green",
    Verdict.VIOLATED: "bold red",
    Verdict.INCONCLUSIVE: "bold yellow",
    Verdict.THRESHOLD_CROSSED: "bold yellow",
}
_MARKS = {
    CheckStatus.HOLDS: ("PASS", "green"),
    CheckStatus.VIOLATED: ("FAIL", "red"),
    CheckStatus.NOT_JUDGED: ("----", "dim"),
}


def print_summary(result: Result, console: Console) -> None:
    """Write the whole summary to `console`."""
    for part in _parts(result):
        console.print(part, soft_wrap=isinstance(part, Text))


def _parts(result: Result) -> Iterable[RenderableType]:
    yield _headline(result)
    yield Text(f"  run {result.run}, seed {result.seed}, service at {result.target}", "dim")
    for doubt in result.inconclusive_because:
        yield Text(f"  {doubt}", "yellow")
    for unready in result.unready:
        yield Text(f"  {unready.device} took no part in {unready.step}: {unready.why}", "yellow")
    yield from _line("", f"{_outcomes(result)}; {_counters(result)}")
    yield _heading("checks")
    for check in result.checks:
        yield from _check(check)
    if result.thresholds:
        yield _heading("thresholds")
        yield _thresholds(result)
    yield _heading("latency, ms from the intended instant")
    yield _latency(result)
    if result.rounds:
        yield _heading("rounds")
        for each in result.rounds:
            yield from _round(each)
    yield from _simultaneity(result)
    yield Text("")


def _headline(result: Result) -> Text:
    return Text.assemble(
        (f"{result.verdict.upper()}", _STYLES[result.verdict]),
        f"  {result.scenario}: {result.title}",
    )


def _heading(text: str) -> Text:
    return Text(f"\n{text}", "bold")


def _line(mark: str, text: str, style: str = "") -> Iterable[Text]:
    yield Text(f"  {mark}{text}", style)


def _outcomes(result: Result) -> str:
    counted = (
        f"{each.count} {each.kind}" + (f" ({each.reason})" if each.reason else "")
        for each in result.outcomes
    )
    return ", ".join(counted) or "no scans"


def _counters(result: Result) -> str:
    counters = result.counters
    errors = "-" if counters.scan_errors is None else f"{counters.scan_errors:.2%}"
    return (
        f"{counters.scans} scans at {result.devices} devices, {errors} errors, "
        f"{counters.race_conditions_caught} races caught by the service"
    )


def _check(check: CheckResult) -> Iterable[Text]:
    mark, style = _MARKS[check.status]
    detail = check.why_not_judged or f"{check.claim} ({check.examined} examined)"
    yield Text.assemble("  ", (mark, style), f"  {check.name:<22} {detail}")
    for violation in check.shown:
        yield Text(f"        ticket {violation.ticket}: {violation.what}", "red")
        for line in violation.witness:
            yield Text(f"          {line}")
    hidden = check.violations - len(check.shown)
    if hidden:
        yield Text(f"        and {hidden} more")


def _thresholds(result: Result) -> RenderableType:
    lines = []
    for threshold in result.thresholds:
        mark, style = ("PASS", "green") if threshold.passed else ("FAIL", "red")
        value = "nothing measured" if threshold.value is None else f"{threshold.value:.4g}"
        condition = f"{threshold.metric}: {threshold.expression}"
        lines.append(Text.assemble("  ", (mark, style), f"  {condition:<30} {value}"))
    return Group(*lines)


def _latency(result: Result) -> Table:
    table = Table(box=None, padding=(0, 0, 0, 2), header_style="dim")
    table.add_column("")
    for column in ("scans", "avg", "p50", "p95", "p99", "max"):
        table.add_column(column, justify="right")
    stages = result.stages
    for name, stats in (
        ("all", stages.total),
        ("wait: intended to released", stages.wait),
        ("read: released to decoded", stages.read),
        ("decide: decoded to decided", stages.decide),
    ):
        table.add_row(name, *_figures(stats))
    return table


def _figures(stats: LatencyStats | None) -> list[str]:
    if stats is None:
        return ["-"] * 6
    figures = (stats.avg, stats.p50, stats.p95, stats.p99, stats.max)
    return [str(stats.count), *(f"{figure:.2f}" for figure in figures)]


def _round(each: RoundResult) -> Iterable[RenderableType]:
    outcomes = ", ".join(f"{count} {outcome}" for outcome, count in each.outcomes.items())
    skew = "-" if each.release_skew_ms is None else f"{each.release_skew_ms:.3f} ms"
    yield Text(
        f"  {each.step}  {outcomes}; let go within {skew}, {each.in_flight} of {each.planned} "
        f"under way at one instant by {_stamps(each)}"
    )
    if each.why_not:
        yield Text(f"    does not count as a race: {each.why_not}", "yellow")
    if each.scans:
        yield _listing(each)


def _stamps(each: RoundResult) -> str:
    by_service = each.overlap_source == "service"
    return "the service's stamps (coarse)" if by_service else "the devices' stamps"


def _listing(each: RoundResult) -> Table:
    table = Table(box=None, padding=(0, 0, 0, 2), header_style="dim")
    table.add_column("  device")
    table.add_column("outcome")
    for column in ("released ms", "decoded ms", "decided ms"):
        table.add_column(column, justify="right")
    for scan in sorted(each.scans, key=lambda scan: scan.decided_ms):
        decoded = "-" if scan.decoded_ms is None else f"{scan.decoded_ms:+.1f}"
        figures = (f"{scan.released_ms:+.3f}", decoded, f"{scan.decided_ms:+.1f}")
        table.add_row(f"  {scan.device}", scan.outcome, *figures)
    return table


def _simultaneity(result: Result) -> Iterable[Text]:
    if result.release_skew is not None:
        skew = result.release_skew
        yield Text(
            f"  release skew over {skew.rounds} bursts: min {skew.min_ms:.3f}, "
            f"median {skew.median_ms:.3f}, p95 {skew.p95_ms:.3f} ms"
        )
    if result.clocks:
        bound = max(clock.bound_ms for clock in result.clocks)
        yield Text(f"  clocks known to ± {bound:.3f} ms")
