"""A burst as a person reads it on a terminal."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.wording import round_in_words
from gatedrill.orchestrator.rounds import RoundResult


def round_lines(each: RoundResult) -> Iterable[Text | Table]:
    """A line that says how it went, and of a small burst one for each attempt."""
    skew = figures.fine_ms(each.release_skew_ms)
    unit = "" if skew.value is None else " ms"
    yield Text(
        f"  {each.step}  {round_in_words(each)}; let go within {skew}{unit}, "
        f"{each.in_flight} of {_racing(each)} under way at one instant by {_stamps(each)}"
    )
    if each.why_not:
        yield Text(f"    does not count as a race: {each.why_not}", "yellow")
    if each.attempts:
        yield _listing(each)


def _racing(each: RoundResult) -> str:
    return f"{each.contending} contending" if each.contending else str(each.planned)


def _stamps(each: RoundResult) -> str:
    by_service = each.overlap_source == "service"
    return "the service's stamps (coarse)" if by_service else "the devices' stamps"


def _listing(each: RoundResult) -> Table:
    table = Table(box=None, padding=(0, 0, 0, 2), header_style="dim")
    table.add_column("  device")
    table.add_column("outcome")
    for column in ("released ms", "decoded ms", "decided ms"):
        table.add_column(column, justify="right")
    if any(attempt.note for attempt in each.attempts):
        table.add_column("shown besides")
    for attempt in sorted(each.attempts, key=lambda attempt: attempt.decided_ms):
        table.add_row(
            f"  {attempt.device}",
            attempt.outcome,
            figures.fine_instant_ms(attempt.released_ms).text,
            figures.instant_ms(attempt.decoded_ms).text,
            figures.instant_ms(attempt.decided_ms).text,
            *([attempt.note] if attempt.note else []),
        )
    return table
