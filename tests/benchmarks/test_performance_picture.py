"""The picture of the figures, and the places in the document where figures go."""

import re
from xml.etree import ElementTree

import pytest
from benchmarks.simultaneity.document import filled
from benchmarks.simultaneity.machine import Machine
from benchmarks.simultaneity.picture import axis_of, grouped, picture, shapes
from benchmarks.simultaneity.places import DOCUMENT, PICTURE
from benchmarks.simultaneity.report import Figure, Run, with_quantiles
from benchmarks.simultaneity.roster import Camp

SVG = "{http://www.w3.org/2000/svg}"


def a_run() -> Run:
    """With one contestant that has no figures."""
    figures = with_quantiles(
        [
            Figure("raw-1", "raw sockets", Camp.LIMIT, 10, (0.05, 0.09)),
            Figure("raw-1", "raw sockets", Camp.LIMIT, 100, (0.5, 0.6)),
            Figure("ours-1", "gatedrill", Camp.OURS, 10, (0.1, 0.2)),
            Figure("ours-1", "gatedrill", Camp.OURS, 100, (0.9, 1.1)),
            Figure("k6", "k6 <batch> & co", Camp.PEER, 10, (3.0, 40.0)),
            Figure("k6", "k6 <batch> & co", Camp.PEER, 100, why_not="it takes minutes"),
            Figure("none", "Locust", Camp.PEER, 10, why_not="not to be had"),
        ]
    )
    return Run(Machine("Linux", "a processor", 2, True, 0.0, {}, {}), (10, 100), figures)


def test_the_picture_is_an_svg_that_fetches_nothing() -> None:
    drawn = picture(a_run())
    assert ElementTree.fromstring(drawn).tag == f"{SVG}svg"
    assert not re.search(r"href|url\(|@import|<script|<image|<foreignObject", drawn)


def test_all_who_have_figures_are_in_it_and_nobody_else() -> None:
    words = [
        element.text for element in ElementTree.fromstring(picture(a_run())).iter(f"{SVG}text")
    ]
    assert {"raw sockets", "gatedrill", "k6 <batch> & co"} < set(words)
    assert "Locust" not in words


def test_a_mark_stands_for_each_figure() -> None:
    marks = [
        group.get("class")
        for group in ElementTree.fromstring(picture(a_run())).iter(f"{SVG}g")
        if group.find(f"{SVG}line") is not None
    ]
    assert marks == 2 * ["mark limit"] + 2 * ["mark ours"] + ["mark peer"]


def test_it_says_in_words_what_it_shows() -> None:
    root = ElementTree.fromstring(picture(a_run()))
    about = root.findtext(f"{SVG}desc") or ""
    assert root.get("role") == "img"
    assert "gatedrill: 0.15 ms with 10 devices, 1.00 ms with 100 devices" in about


def test_it_has_colours_for_dark_pages_and_shapes_for_who_sees_none() -> None:
    assert "prefers-color-scheme: dark" in picture(a_run())
    assert len({shape(0, 0) for shape in shapes(3)}) == 3


def test_everything_has_a_place_on_the_axis() -> None:
    figures = a_run().figures
    axis = axis_of(figures)
    assert axis.ticks == [0.01, 0.1, 1, 10, 100]
    values = [each.p95_ms for row in grouped(figures).values() for each in row if each.p95_ms]
    assert [axis.x(value) for value in sorted(values)] == sorted(axis.x(value) for value in values)


def test_a_run_without_figures_gives_a_picture_all_the_same() -> None:
    run = a_run()
    empty = Run(run.machine, run.sizes, run.figures[-1:])
    ElementTree.fromstring(picture(empty))


def test_figures_are_filled_in_between_their_markers_alone() -> None:
    text = (
        "above\n<!-- a: begin -->\nold\n<!-- a: end -->\nbelow\n<!-- b: begin -->\n<!-- b: end -->"
    )
    assert filled(text, "a", ["new", "er"]) == text.replace("old", "new\ner")
    assert filled(filled(text, "b", ["x"]), "b", ["y"]) == filled(text, "b", ["y"])


def test_a_document_without_markers_is_left_alone() -> None:
    with pytest.raises(ValueError, match="needs <!-- c: begin --> and <!-- c: end -->"):
        filled("nothing here", "c", ["new"])


@pytest.mark.parametrize("part", ["simultaneity", "throughput"])
def test_the_document_has_a_place_for_what_is_measured(part: str) -> None:
    assert filled(DOCUMENT.read_text(encoding="utf-8"), part, ["figures"])


def test_the_document_shows_the_picture() -> None:
    assert f"]({PICTURE.name})" in DOCUMENT.read_text(encoding="utf-8")
    ElementTree.parse(PICTURE)
