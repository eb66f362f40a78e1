"""The result as a person reads it on a terminal: verdict first, then what it rests on."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gatedrill.orchestrator.checks.check import CheckResult, CheckStatus
from gatedrill.orchestrator.metrics import LatencyStats
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.by_hand_wording import by_hand_in_words
from gatedrill.orchestrator.reports.offline_lines import offline_lines
from gatedrill.orchestrator.reports.offline_wording import decided_in_words
from gatedrill.orchestrator.reports.round_lines import round_lines
from gatedrill.orchestrator.reports.wording import (
    attempts_in_words,
    hunt_in_words,
    not_judged,
    outcomes_in_words,
    release_in_words,
    released_alike,
    some,
    stage_rows,
    threshold_in_words,
    threshold_status,
    whose_in_words,
)
from gatedrill.orchestrator.result import RecordFact, Result, UnreadyDevice, Verdict
from gatedrill.orchestrator.thresholds import ThresholdResult

_STYLES = {
    Verdict.PASSED: "bold green",
    Verdict.VIOLATED: "bold red",
    Verdict.INCONCLUSIVE: "bold yellow",
    Verdict.THRESHOLD_CROSSED: "bold yellow",
}
_MARKS = {
    CheckStatus.HOLDS: ("PASS", "green"),
    CheckStatus.VIOLATED: ("FAIL", "red"),
}
_THRESHOLD_MARKS = {
    "met": ("PASS", "green"),
    "crossed": ("FAIL", "red"),
    "machine too busy to say": ("----", "yellow"),
}
_UNCUT = 1000
"""Wider than any table: a line that is longer than the terminal is its own to break."""
_STATISTICS = ("avg", "p50", "p95", "p99", "max")


def print_summary(result: Result, console: Console) -> None:
    """Write the whole summary to `console`."""
    for part in _parts(result):
        for line in [part] if isinstance(part, Text) else _lines(part, console):
            console.print(line, soft_wrap=True)


def _lines(table: Table, console: Console) -> Iterable[Text]:
    """A table's lines, as wide as they are."""
    options = console.options.update(width=_UNCUT)
    for segments in console.render_lines(table, options, pad=False):
        line = Text.assemble(*((each.text, each.style or "") for each in segments))
        line.rstrip()
        yield line


def _parts(result: Result) -> Iterable[Text | Table]:
    yield _headline(result)
    yield _origin(result)
    for doubt in result.inconclusive_because:
        yield Text(f"  {doubt}", "yellow")
    yield from _unready(result.unready)
    yield from _in_short(result)
    yield _heading("checks")
    yield from _checks(result.checks)
    if result.thresholds:
        yield _heading("thresholds")
        for threshold in result.thresholds:
            yield from _threshold(threshold)
    if result.records:
        yield _heading("on record")
        yield from map(_record, result.records)
    yield from _offline(result)
    yield _heading("latency, ms from the intended instant")
    yield _latency(result)
    if result.rounds:
        yield _heading("rounds")
        differs = released_alike(result.rounds) is None
        for each in result.rounds:
            yield from round_lines(each, tells_release=differs)
    yield from _simultaneity(result)
    if result.hunts:
        yield _heading("hunt")
        yield from (Text(f"  {hunt.phase}  {hunt_in_words(hunt)}") for hunt in result.hunts)
    yield Text("")


def _in_short(result: Result) -> Iterable[Text]:
    yield Text(f"  {outcomes_in_words(result)}")
    yield Text(f"  {attempts_in_words(result)}")
    if result.decided_by:
        yield Text(f"  decided: {decided_in_words(result)}")
    if result.by_hand:
        yield from (Text(f"  {line}") for line in by_hand_in_words(result.by_hand))


def _offline(result: Result) -> Iterable[Text]:
    for heading, lines in offline_lines(result):
        yield _heading(heading)
        yield from lines


def _headline(result: Result) -> Text:
    return Text.assemble(
        (f"{result.verdict.upper()}", _STYLES[result.verdict]),
        f"  {result.scenario}: {result.title}",
    )


def _origin(result: Result) -> Text:
    again = f", repeat {result.repeat}" if result.repeat > 1 else ""
    planted = f", with the planted fault {result.fault}" if result.fault else ""
    where = f"service at {result.target}{planted}"
    return Text(f"  run {result.run}, seed {result.seed}{again}, {where}", "dim")


def _heading(text: str) -> Text:
    return Text(f"\n{text}", "bold")


def _unready(unready: Iterable[UnreadyDevice]) -> Iterable[Text]:
    """A line for each step and reason, however many devices it met."""
    devices: dict[tuple[str, str], list[str]] = {}
    for each in unready:
        devices.setdefault((each.step, each.why), []).append(each.device)
    for (step, why), names in devices.items():
        yield Text(f"  {some(names)} took no part in {step}: {why}", "yellow")


def _checks(checks: Sequence[CheckResult]) -> Iterable[Text]:
    """Those that were judged, then a line for each reason why others were not."""
    judged = [check for check in checks if check.status is not CheckStatus.NOT_JUDGED]
    width = max((len(check.name) for check in judged), default=0)
    for check in judged:
        yield from _check(check, width)
    for why, names in not_judged(checks).items():
        yield Text(f"  ----  {', '.join(names)}: {why}", "dim")


def _check(check: CheckResult, width: int) -> Iterable[Text]:
    mark, style = _MARKS[check.status]
    claim = f"{check.claim} ({check.examined} examined)"
    yield Text.assemble("  ", (mark, style), f"  {check.name:<{width}}  {claim}")
    for violation in check.shown:
        yield Text(f"        {violation.subject}: {violation.what}", "red")
        for line in violation.witness:
            yield Text(f"          {line}")
    hidden = check.violations - len(check.shown)
    if hidden:
        yield Text(f"        and {hidden} more")


def _threshold(threshold: ThresholdResult) -> Iterable[Text]:
    mark, style = _THRESHOLD_MARKS[threshold_status(threshold)]
    value = figures.threshold_value(threshold.value)
    condition = threshold_in_words(threshold)
    yield Text.assemble("  ", (mark, style), f"  {condition:<30} {value}")
    if whose := whose_in_words(threshold):
        yield Text(f"        {whose}", style)


def _record(fact: RecordFact) -> Text:
    earlier = "" if fact.before is None else f"{fact.before} -> "
    return Text(f"  {fact.what}  {earlier}{fact.after}")


def _latency(result: Result) -> Table:
    table = Table(box=None, padding=(0, 0, 0, 2), header_style="dim")
    table.add_column("")
    for column in ("attempts", *_STATISTICS):
        table.add_column(column, justify="right")
    for name, stats in stage_rows(result):
        table.add_row(name, *_figures(stats))
    return table


def _figures(stats: LatencyStats | None) -> list[str]:
    if stats is None:
        return [figures.NOTHING] * (1 + len(_STATISTICS))
    values = (figures.latency_ms(getattr(stats, name)).text for name in _STATISTICS)
    return [figures.count(stats.count).text, *values]


def _simultaneity(result: Result) -> Iterable[Text]:
    if result.release_skew is not None:
        skew = result.release_skew
        smallest, median, p95 = map(figures.fine_ms, (skew.min_ms, skew.median_ms, skew.p95_ms))
        how = release_in_words(released_alike(result.rounds) or ())
        yield Text(
            f"  release skew over {skew.rounds} bursts: min {smallest}, "
            f"median {median}, p95 {p95} ms" + (f", let go {how}" if how else "")
        )
    if result.clocks:
        bound = max(clock.bound_ms for clock in result.clocks)
        drifts = [abs(clock.drift_ms) for clock in result.clocks if clock.drift_ms is not None]
        drift = f", drifted by up to {figures.fine_ms(max(drifts))} ms" if drifts else ""
        yield Text(f"  clocks known to \N{PLUS-MINUS SIGN} {figures.fine_ms(bound)} ms{drift}")
