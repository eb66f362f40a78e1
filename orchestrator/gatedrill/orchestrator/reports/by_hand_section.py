"""What people presented at real gates, apart from what was let go at an instant."""

from collections.abc import Iterator

from gatedrill.orchestrator.by_hand import ByHand
from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.by_hand_wording import by_hand_in_words
from gatedrill.orchestrator.reports.markup import Content, Html, element
from gatedrill.orchestrator.reports.table import table
from gatedrill.orchestrator.reports.wording import with_note
from gatedrill.orchestrator.result import Result


def by_hand_section(result: Result) -> Iterator[Html]:
    """Every reading of a burst, what nobody presented, and who walked in; none without people."""
    if result.by_hand is None:
        return
    yield element("h3", "Presented by hand")
    yield element("ul", *(element("li", line) for line in by_hand_in_words(result.by_hand)))
    if result.by_hand.scan_duration is not None:
        yield _latency(result.by_hand)
    rows = [
        (
            each.step,
            told.device,
            with_note(told),
            figures.instant_ms(told.decoded_ms),
            figures.instant_ms(told.decided_ms),
        )
        for each in result.rounds
        for told in each.by_hand
    ]
    if rows:
        columns = ("burst", "device", "outcome", "read, ms after T", "decided")
        yield table("Readings in bursts", columns, rows)


def _latency(told: ByHand) -> Html:
    stats = told.scan_duration
    statistics = ("avg", "min", "p50", "p95", "p99", "max")
    row: tuple[Content, ...] = (figures.count(told.scans),)
    row += tuple(figures.latency_ms(getattr(stats, name)) for name in statistics)
    title = "Milliseconds from reading to decision"
    return table(title, ("scans", *statistics), [row])
