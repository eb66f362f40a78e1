"""Filling measured figures into the document that explains them."""

from collections.abc import Sequence
from datetime import UTC, datetime

from benchmarks.simultaneity.places import DOCUMENT


def fill(part: str, lines: Sequence[str]) -> None:
    """Replace what stands between the markers of `part`, and date it."""
    text = DOCUMENT.read_text(encoding="utf-8")
    today = datetime.now(UTC).date().isoformat()
    DOCUMENT.write_text(filled(text, part, [f"Measured on {today}:", "", *lines]), encoding="utf-8")


def filled(text: str, part: str, lines: Sequence[str]) -> str:
    """The document with these lines between the markers of `part`; ValueError without markers."""
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    before, found_begin, rest = text.partition(begin)
    _, found_end, after = rest.partition(end)
    if not (found_begin and found_end):
        raise ValueError(f"the document has no place for {part}: it needs {begin} and {end}")
    return "\n".join([before + begin, *lines, end + after])
