"""The scorecard as one HTML file that needs nothing else, to be printed and hung up."""

from collections.abc import Iterator
from importlib.resources import files

from gatedrill.orchestrator.reports import figures
from gatedrill.orchestrator.reports.marks import BAD, GOOD, PLAIN, VERDICTS, mark
from gatedrill.orchestrator.reports.markup import Content, Html, element
from gatedrill.orchestrator.reports.scorecard_wording import (
    REACTIONS,
    gate_in_words,
    staff_in_words,
)
from gatedrill.orchestrator.scorecard import Scorecard, ScoredStep, Totals

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_STYLES = ("page.css", "scorecard.css")


def render_scorecard(card: Scorecard) -> str:
    """The whole page."""
    style = "".join(files(__package__).joinpath(name).read_text("utf-8") for name in _STYLES)
    at, day = card.started_at[11:16], card.started_at[:10]
    title = f"Scorecard of {card.scenario}, {day} {at} UTC"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Html(style)),
    )
    body = element(
        "body",
        element("header", element("p", "gatedrill"), element("h1", title)),
        element("main", *_parts(card)),
        element("footer", element("p", f"Run {card.run}, seed {card.seed}. {_FOOTER}")),
    )
    return f"<!DOCTYPE html>\n{element('html', head, body, lang='en')}\n"


_FOOTER = (
    "A gate's time runs from reading to decision, staff's from there until they said what they do. "
    "Where the gate was not right, staff are not judged."
)


def _parts(card: Scorecard) -> Iterator[Html]:
    yield element("h2", card.title)
    if card.cut_short:
        yield element("p", f"The drill was cut short: {card.cut_short}.", class_="doubts")
    yield element("dl", *_tiles(card), class_="tiles")
    rows = (_row(number, step) for number, step in enumerate(card.steps, 1))
    head = element("thead", element("tr", *(element("th", each, scope="col") for each in _COLUMNS)))
    yield element("table", head, element("tbody", *rows), class_="score")


def _tiles(card: Scorecard) -> Iterator[Html]:
    totals = card.totals
    yield _tile("gates and service", mark(VERDICTS[card.verdict], card.verdict))
    yield _tile("gates right", _of(totals.gate_right, totals))
    yield _tile("staff right", _of(totals.staff_right, totals))
    median_s = figures.reaction_s(totals.median_reaction_s)
    slowest_s = figures.reaction_s(totals.slowest_reaction_s)
    yield _tile("staff's time: median, slowest", median_s, " s, ", slowest_s, " s")


def _tile(name: str, *contents: Content) -> Html:
    return element("div", element("dt", name), element("dd", *contents))


def _of(number: int, totals: Totals) -> str:
    return f"{number} of {totals.steps}"


_COLUMNS = ("", "ticket", "gate", "staff", "what is right")


def _row(number: int, step: ScoredStep) -> Html:
    right = [element("strong", REACTIONS[step.right_reaction])]
    if step.why:
        right.append(element("small", step.why))
    return element(
        "tr",
        element("th", str(number), scope="row"),
        element("td", element("strong", step.ticket), element("small", f"at {step.gate}")),
        _gate(step),
        _judged("staff", step.reaction_ok, staff_in_words(step)),
        element("td", *right, data_label="right"),
    )


def _gate(step: ScoredStep) -> Html:
    if not step.reached:
        return element("td", mark(PLAIN, "not reached"), data_label="gate")
    return _judged("gate", step.gate_ok, gate_in_words(step))


def _judged(label: str, ok: bool | None, what: str) -> Html:  # noqa: FBT001 - a mark's own value
    sign, word = {True: (GOOD, "right"), False: (BAD, "not right"), None: (PLAIN, "not judged")}[ok]
    return element("td", mark(sign, word), element("small", what), data_label=label)
