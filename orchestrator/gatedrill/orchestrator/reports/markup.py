"""HTML and SVG, built so that text cannot become markup: only `Html` is taken as it is."""

from html import escape

from gatedrill.orchestrator.reports.figures import Figure
from gatedrill.orchestrator.reports.printable import printable


class Html(str):
    """Markup. Any other text is escaped wherever it is put."""

    __slots__ = ()


Content = str | Figure

_EMPTY = frozenset(("meta", "circle", "line", "path", "rect"))


def element(name: str, /, *contents: Content, **attributes: str | float | None) -> Html:
    """One element. Of an attribute's name a trailing `_` is dropped, any other becomes `-`."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if not contents and name in _EMPTY:
        return Html(f"<{name}{written}/>")
    return Html(f"<{name}{written}>{joined(contents)}</{name}>")


def joined(contents: tuple[Content, ...] | list[Html]) -> Html:
    """These one after the other."""
    return Html("".join(map(markup, contents)))


def markup(content: Content) -> Html:
    """Markup as it is, a figure with its exact value, text escaped."""
    if isinstance(content, Html):
        return content
    if isinstance(content, Figure):
        shown = Html(escape(content.text))
        return shown if content.value is None else element("data", shown, value=content.exact)
    return Html(escape(printable(content)))


def _value(value: str | float) -> str:
    return escape(printable(value)) if isinstance(value, str) else f"{round(value, 1):g}"
