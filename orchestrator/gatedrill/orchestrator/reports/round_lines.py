"""A burst as a person reads it on a terminal."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text

from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.wording import (
    release_in_words,
    round_in_words,
    skew_in_words,
    some,
    sweep_in_words,
    with_note,
)
from gatedrill.orchestrator.rounds import LATE_MS, RoundResult


def round_lines(each: RoundResult, *, tells_release: bool) -> Iterable[Text | Table]:
    """A line that says how it went, and of a small burst one for each attempt.

    With `tells_release` it says how the devices were let go.
    """
    yield Text(
        f"  {each.step}  {round_in_words(each)}; {_let_go(each, tells_release)}, "
        f"{each.in_flight} of {_racing(each)} under way at one instant by {_stamps(each)}"
    )
    if each.why_not:
        yield Text(f"    does not count as a race: {each.why_not}", "yellow")
    elif each.late:
        yield Text(f"    let go more than {LATE_MS:g} ms late: {some(each.late)}", "yellow")
    if each.attempts or each.by_hand:
        yield _listing(each)


def _let_go(each: RoundResult, tells_release: bool) -> str:  # noqa: FBT001 - as it came
    how = f" {release_in_words(each.released)}" if tells_release and each.released else ""
    skew = skew_in_words(each)
    if each.swept_ms is None:
        return f"let go{how} within {skew}"
    return f"{sweep_in_words(each.swept_ms)}; let go{how} within {skew} of that"


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
    for attempt in sorted(each.by_hand, key=lambda attempt: attempt.decided_ms):
        table.add_row(
            f"  {attempt.device} (by hand)",
            with_note(attempt),
            "-",
            figures.instant_ms(attempt.decoded_ms).text,
            figures.instant_ms(attempt.decided_ms).text,
        )
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
