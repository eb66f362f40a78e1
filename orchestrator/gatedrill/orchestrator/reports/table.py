"""Tables with a caption, named rows and columns, each in a box of its own that may scroll."""

from collections.abc import Iterable, Sequence
from itertools import islice

from gatedrill.orchestrator.reports.figures import Figure
from gatedrill.orchestrator.reports.markup import Content, Html, element, joined

MAX_ROWS = 1000


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[Content]]) -> Html:
    """A table; the first cell of a row names it. Rows beyond `MAX_ROWS` are only counted."""
    waiting = iter(rows)
    shown = list(islice(waiting, MAX_ROWS))
    hidden = sum(1 for _ in waiting)
    numeric = [
        any(isinstance(cell, Figure) for cell in column) for column in zip(*shown, strict=True)
    ] or [False] * len(columns)
    whole = element(
        "table",
        element("caption", element("span", caption)),
        element("thead", element("tr", *map(_head, columns, numeric))),
        element("tbody", *(_row(row, numeric) for row in shown)),
    )
    return Html(scroll_box(caption, whole) + _rest(hidden))


def scroll_box(label: str, *contents: Html) -> Html:
    """Room for something that may be wider than the page; can be scrolled by keyboard."""
    return element("div", *contents, class_="box", role="region", aria_label=label, tabindex="0")


def _head(title: str, numeric: bool) -> Html:  # noqa: FBT001 - mapped over columns
    return element("th", title, scope="col", class_="number" if numeric else None)


def _row(row: Sequence[Content], numeric: Sequence[bool]) -> Html:
    first, *others = row
    cells = [
        element("td", cell, class_="number" if right else None)
        for cell, right in zip(others, numeric[1:], strict=True)
    ]
    return element("tr", element("th", first, scope="row"), joined(cells))


def _rest(hidden: int) -> Html:
    return element("p", f"And {hidden} more, which result.json has.") if hidden else Html()
