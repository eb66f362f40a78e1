"""What the service has on record: its own word beside that of the devices."""

from collections.abc import Iterator

from gatedrill.orchestrator.reports.figures import NOTHING
from gatedrill.orchestrator.reports.markup import Html, element
from gatedrill.orchestrator.reports.table import table
from gatedrill.orchestrator.result import Result


def records_section(result: Result) -> Iterator[Html]:
    """Counters before and after, and rows by type; nothing if no records were read."""
    if result.records:
        yield element("h3", "On record")
        rows = ((fact.what, fact.before or NOTHING, fact.after) for fact in result.records)
        yield table("What the service has on record", ("what", "before", "after"), rows)
