"""An HTML report read back: it is well-formed, so that the strict parser of XML reads it."""

from collections.abc import Iterator
from typing import NamedTuple
from xml.etree import ElementTree

DOCTYPE = "<!DOCTYPE html>\n"


class Cell(NamedTuple):
    """What a cell shows, and the exact number behind it if it is a figure."""

    text: str
    value: float | None


class Page(NamedTuple):
    """A page or a part of it."""

    root: ElementTree.Element

    @property
    def text(self) -> str:
        return "".join(self.root.itertext())

    @property
    def articles(self) -> list["Page"]:
        return [Page(each) for each in self.all("article")]

    def all(self, *tags: str) -> Iterator[ElementTree.Element]:
        """All elements of these kinds, in order."""
        return (each for each in self.root.iter() if each.tag in tags)

    def captions(self) -> list[str]:
        return [_text(each) for each in self.all("caption")]

    def table(self, caption: str) -> dict[str, dict[str, Cell]]:
        """The rows of the one table with this caption, by their head; cells by their column's."""
        [found] = [each for each in self.all("table") if _text(_only(each, "caption")) == caption]
        columns = [_text(each) for each in _only(found, "thead").iter("th")]
        rows = [list(row) for row in _only(found, "tbody")]
        return {
            _heading(row[0]): {
                column: _cell(cell) for column, cell in zip(columns, row, strict=True)
            }
            for row in rows
        }

    def facts(self, class_: str) -> dict[str, Cell]:
        """The terms of the one list of this class and what stands beside each."""
        [found] = [each for each in self.all("dl") if each.get("class") == class_]
        return {_text(_only(each, "dt")): _cell(_only(each, "dd")) for each in found}


def parse_page(html: str) -> Page:
    """The whole page."""
    assert html.startswith(DOCTYPE)
    return Page(ElementTree.fromstring(html.removeprefix(DOCTYPE)))


def _only(parent: ElementTree.Element, tag: str) -> ElementTree.Element:
    [found] = parent.iter(tag)
    return found


def _text(element: ElementTree.Element) -> str:
    return "".join(element.itertext())


def _heading(cell: ElementTree.Element) -> str:
    """A row's name without what is said of it in small print."""
    return "".join(_text(each) if each.tag != "small" else "" for each in cell) + (cell.text or "")


def _cell(element: ElementTree.Element) -> Cell:
    figures = [float(each.attrib["value"]) for each in element.iter("data")]
    return Cell(_text(element), figures[0] if figures else None)
