"""The HTML report in a real browser: wide and narrow, light and dark, by keyboard, offline."""

import shutil
from collections.abc import Callable, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pytest
from evidence_builder import ADMITTED, CANCELLED, Run, race, stream
from judged_runs import cut_off, hostile, judged, recorded, shipped
from parsed_page import parse_page
from services import require

from gatedrill.orchestrator.reports.judged_run import JudgedRun
from gatedrill.orchestrator.reports.page import render_page

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = shutil.which("chromium")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
PATIENCE_MS = 60_000
Scheme = Literal["light", "dark"]

# Text that is less than 4.5 times brighter or darker than what it stands on.
FAINT_TEXT = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgba = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const luminance = colour => {
    const [r, g, b] = [...rgba(colour)].slice(0, 3).map(part => part / 255)
      .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (rgba(colour)[3] === 255) return colour;
    }
    return 'white';
  };
  const says = element => [...element.childNodes].some(n => n.nodeType === 3 && n.data.trim());
  const texts = [...document.body.querySelectorAll('*')]
    .filter(each => says(each) && each.getClientRects().length && each.checkVisibility());
  const faint = texts.filter(each => {
    const style = getComputedStyle(each);
    const [front, back] = [each instanceof SVGElement ? style.fill : style.color, behind(each)]
      .map(luminance).sort((a, b) => b - a);
    return (front + 0.05) / (back + 0.05) < 4.5;
  });
  return [texts.length, faint.map(each => each.outerHTML.slice(0, 120))];
}"""
FOCUSED = """() => {
  const at = document.activeElement;
  return [at.tagName, at.innerText, getComputedStyle(at).outlineStyle];
}"""


def _violated() -> Run:
    run = Run(race(rounds=2))
    run.show("drill-1.2:gate-02", ADMITTED)
    return run


def _rush() -> Run:
    """Every kind of ticket at once, at a service that lets in the cancelled ones."""
    run = shipped("mixed-rush")
    for attempt, event in run.attempts.items():
        if event.record.outcome == CANCELLED:
            run.show(attempt, ADMITTED)
    return run


# Made only when a test opens them: each worker that collects the tests runs this file.
PAGES: dict[str, Callable[[], list[JudgedRun]]] = {
    "passed": lambda: recorded("passed"),
    "violated": lambda: recorded("violated"),
    "inconclusive": lambda: recorded("inconclusive"),
    "big": lambda: [judged(Run(stream(each=600, devices=10)))],
    "many rounds": lambda: [judged(Run(race(rounds=30, devices=10)))],
    "several": lambda: recorded("threshold-crossed", "violated", "passed"),
    "re-entries": lambda: [judged(shipped("vip-reentry"))],
    "fifty kiosks": lambda: [judged(shipped("slot-6"))],
    "cut off": lambda: [judged(cut_off())],
    "rush": lambda: [judged(_rush())],
    "hostile": lambda: [hostile(_violated(), "gate-02", "t1", "http://a")],
}


@cache
def page(name: str) -> str:
    return render_page(PAGES[name]())


@pytest.fixture(scope="module")
def browser_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator["Page"]:
    """A page of an offline browser with an empty profile."""
    require(CHROMIUM is not None, "the browser chromium")
    require(find_spec("playwright") is not None, "the package playwright")
    from playwright.sync_api import sync_playwright

    profile = tmp_path_factory.mktemp("profile")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            profile, executable_path=CHROMIUM, headless=True, args=ARGUMENTS, offline=True
        )
        context.set_default_timeout(PATIENCE_MS)
        yield context.pages[0]
        context.close()


@pytest.fixture(params=PAGES)
def shown(request: pytest.FixtureRequest, browser_page: "Page", tmp_path: Path) -> "Page":
    """One of the pages, opened."""
    return _open(browser_page, page(request.param), tmp_path)


def _open(browser_page: "Page", html: str, folder: Path) -> "Page":
    file = folder / "report.html"
    file.write_text(html, encoding="utf-8")
    browser_page.goto(file.as_uri())
    return browser_page


def _unfold(shown: "Page") -> None:
    shown.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")


def _dress(shown: "Page", width: int, scheme: Scheme) -> None:
    shown.set_viewport_size({"width": width, "height": 800})
    shown.emulate_media(color_scheme=scheme)


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_window(shown: "Page", width: int) -> None:
    _dress(shown, width, "light")
    _unfold(shown)
    scrolled, inner = shown.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert inner == width
    assert scrolled <= inner


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_text_stands_out_from_its_ground(shown: "Page", width: int, scheme: Scheme) -> None:
    _dress(shown, width, scheme)
    _unfold(shown)
    texts, faint = shown.evaluate(FAINT_TEXT)
    assert texts > 50
    assert faint == []


def test_light_and_dark_are_two_grounds(browser_page: "Page", tmp_path: Path) -> None:
    shown = _open(browser_page, page("passed"), tmp_path)
    grounds = []
    for scheme in ("light", "dark"):
        _dress(shown, 1280, scheme)
        grounds.append(shown.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert len(set(grounds)) == 2


def test_faint_text_would_be_found(browser_page: "Page", tmp_path: Path) -> None:
    html = "<!DOCTYPE html><body style='background:white'><p style='color:#999'>faint</p></body>"
    texts, faint = _open(browser_page, html, tmp_path).evaluate(FAINT_TEXT)
    assert (texts, len(faint)) == (1, 1)


def test_tab_reaches_the_skip_link_first_and_then_every_fold_and_shows_where_it_is(
    shown: "Page",
) -> None:
    _unfold(shown)
    folds = shown.locator("summary").count()
    stops = _tab_through(shown)
    assert stops[0][:2] == ["A", "Skip to the verdict"]
    assert sum(tag == "SUMMARY" for tag, _, _ in stops) == folds
    assert {outline for _, _, outline in stops} == {"solid"}


def _tab_through(shown: "Page") -> list[Any]:
    """Where Tab stops, from the top of the page until it leaves it."""
    focusable = shown.locator("a, summary, [tabindex='0']").count()
    stops = []
    for _ in range(focusable):
        shown.keyboard.press("Tab")
        stops.append(shown.evaluate(FOCUSED))
    return stops


def test_a_fold_opens_and_closes_by_keyboard(browser_page: "Page", tmp_path: Path) -> None:
    shown = _open(browser_page, page("passed"), tmp_path)
    fold = shown.locator("details").last
    fold.locator("summary").focus()
    states = []
    for _ in range(2):
        shown.keyboard.press("Enter")
        states.append(fold.evaluate("each => each.open"))
    assert states == [True, False]


def test_the_skip_link_leads_to_the_verdict(browser_page: "Page", tmp_path: Path) -> None:
    shown = _open(browser_page, page("passed"), tmp_path)
    shown.keyboard.press("Tab")
    shown.keyboard.press("Enter")
    assert shown.evaluate("document.activeElement.tagName") == "MAIN"


@pytest.mark.parametrize("name", PAGES)
def test_the_browser_fetches_nothing_complains_of_nothing_and_repairs_nothing(
    name: str, browser_page: "Page", tmp_path: Path
) -> None:
    requests: list[str] = []
    complaints: list[str] = []
    browser_page.on("request", lambda request: requests.append(request.url))
    browser_page.on("console", lambda message: complaints.append(message.text))
    browser_page.on("pageerror", lambda error: complaints.append(str(error)))
    shown = _open(browser_page, page(name), tmp_path)
    tags = shown.evaluate("[...document.querySelectorAll('*')].map(each => each.localName)")
    assert requests == [shown.url]
    assert complaints == []
    assert tags == [each.tag for each in parse_page(page(name)).root.iter()]


def test_every_drawing_has_its_name_for_those_who_do_not_see_it(
    browser_page: "Page", tmp_path: Path
) -> None:
    shown = _open(browser_page, page("violated"), tmp_path)
    assert shown.get_by_role("img", name="Latency of scans", exact=True).count() == 1
    assert shown.get_by_role("img", name="Timeline of race-1.1", exact=True).count() == 1
    assert shown.get_by_role("region", name="Was it right?", exact=True).count() == 1
