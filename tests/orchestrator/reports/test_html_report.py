"""The HTML report: one file that needs nothing else, and that says all in words too."""

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser
from itertools import pairwise

import msgspec
import pytest
from document import Document
from evidence_builder import (
    ADMITTED,
    LAST_ENTRY,
    UNKNOWN,
    Run,
    checkouts,
    own_tickets,
    plan_of,
    race,
    stream,
    vip_table,
)
from judged_runs import HOSTILE, hostile, judged, recorded, shipped
from parsed_page import Page, parse_page

from gatedrill.contract.outcome import Reason
from gatedrill.fixtures.scenario import Burst, Show
from gatedrill.orchestrator.reports.judged_run import JudgedRun
from gatedrill.orchestrator.reports.page import render_page
from gatedrill.orchestrator.reports.printable import printable
from gatedrill.orchestrator.reports.verdict_sections import MEANINGS
from gatedrill.orchestrator.result import Verdict


def violated() -> JudgedRun:
    run = Run(race(rounds=2))
    run.show("drill-1.2:gate-02", ADMITTED)
    return judged(run)


def interrupted() -> JudgedRun:
    run = Run(race(rounds=2))
    run.cut_short = "interrupted"
    run.lose("drill-1.2:gate-02", "drill-1.2:gate-03", "drill-1.2-probe:gate-03")
    return judged(run)


def late() -> JudgedRun:
    return judged(
        Run(plan_of(Burst(shows=(Show("fresh"),)), thresholds={"scan_duration": ["max<9"]}))
    )


def unheard() -> JudgedRun:
    run = Run(stream())
    run.lose(*run.attempts.copy())
    return judged(run)


def missing() -> JudgedRun:
    run = Run(race())
    run.show("drill-1.1:gate-01", UNKNOWN)
    run.not_ready("drill-1.1", "gate-03")
    run.fall_silent("drill-1.1-probe", "gate-02")
    return judged(run)


def rush() -> JudgedRun:
    """Every kind of ticket at once, three of which a faulty service lets in."""
    run = shipped("mixed-rush")
    wrong = (Reason.CANCELLED, Reason.ALREADY_USED, Reason.TAMPERED)
    for attempt, event in run.attempts.items():
        if event.record.outcome.reason in wrong:
            run.show(attempt, ADMITTED)
    return judged(run)


PAGES = {
    "passed": recorded("passed"),
    "violated": [violated()],
    "inconclusive": recorded("inconclusive"),
    "interrupted": [interrupted()],
    "late": [late()],
    "unheard": [unheard()],
    "missing": [missing()],
    "re-entries": [judged(shipped("vip-reentry"))],
    "checkouts": [judged(shipped("slot-6"))],
    "payments": [judged(shipped("slot-8"))],
    "links": [judged(shipped("linked-ticket"))],
    "rush": [rush()],
    "several": [violated(), *recorded("passed"), judged(Run(stream()))],
}
every_page = pytest.mark.parametrize("runs", PAGES.values(), ids=PAGES)


def page(*runs: JudgedRun) -> Page:
    return parse_page(render_page(runs))


@every_page
def test_the_same_run_gives_the_same_bytes(runs: list[JudgedRun]) -> None:
    assert render_page(runs) == render_page(runs)


def test_the_same_folder_gives_the_same_bytes() -> None:
    assert render_page(recorded("violated")) == render_page(recorded("violated"))


@every_page
def test_headings_come_in_order_and_none_is_empty(runs: list[JudgedRun]) -> None:
    headings = list(page(*runs).all("h1", "h2", "h3", "h4"))
    levels = [int(each.tag[1]) for each in headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert levels.count(2) == len(runs)
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all("".join(each.itertext()).strip() for each in headings)


@every_page
def test_the_verdict_comes_before_everything_else_of_a_run(runs: list[JudgedRun]) -> None:
    for run, article in zip(runs, page(*runs).articles, strict=True):
        first = "".join(article.root[0][0].itertext())
        assert first[2:].startswith(run.result.verdict.upper())


@every_page
def test_every_drawing_is_named_and_described_in_words(runs: list[JudgedRun]) -> None:
    parsed = page(*runs)
    assert not list(parsed.all("img"))
    for drawing in parsed.all("svg"):
        title, description = drawing[0], drawing[1]
        assert (title.tag, description.tag) == ("title", "desc")
        assert title.text
        assert description.text
        assert drawing.get("role") == "img"


@every_page
def test_every_table_has_a_caption_and_every_head_a_scope(runs: list[JudgedRun]) -> None:
    tables = list(page(*runs).all("table"))
    assert tables
    for table in tables:
        assert table[0].tag == "caption"
        assert "".join(table[0].itertext())
        assert all(each.get("scope") in ("col", "row") for each in table.iter("th"))
        assert all(row[0].get("scope") == "row" for row in table[2])


@every_page
def test_whatever_may_scroll_is_a_named_region_that_the_keyboard_reaches(
    runs: list[JudgedRun],
) -> None:
    parsed = page(*runs)
    boxes = [each for each in parsed.all("div") if each.get("class") == "box"]
    wide = list(parsed.all("table", "svg"))
    assert len(boxes) == len(wide)
    for box in [*boxes, *parsed.all("pre")]:
        assert (box.get("role"), box.get("tabindex")) == ("region", "0")
        assert box.get("aria-label")


@every_page
def test_ids_are_unique_and_every_link_leads_to_one(runs: list[JudgedRun]) -> None:
    everything = list(page(*runs).root.iter())
    ids = [each.attrib["id"] for each in everything if "id" in each.attrib]
    links = [each.attrib["href"] for each in everything if "href" in each.attrib]
    labels = [each.get("aria-labelledby") for each in everything if each.get("aria-labelledby")]
    assert len(ids) == len(set(ids))
    assert links[0] == "#verdict"
    assert {link.removeprefix("#") for link in links} | set(labels) <= set(ids)


@every_page
def test_nothing_is_fetched_and_nothing_runs(runs: list[JudgedRun]) -> None:
    parsed = page(*runs)
    assert not list(parsed.all("script", "link", "iframe", "object", "embed", "base", "form"))
    for each in parsed.root.iter():
        assert not {"src", "srcset", "style", "action", "data"} & each.attrib.keys()
        assert not [name for name in each.attrib if name.startswith("on")]
        assert each.get("href", "#").startswith("#")
    [style] = parsed.all("style")
    assert not re.search(r"url\(|@import|http", style.text or "")


def test_the_policy_forbids_all_but_our_own_style() -> None:
    parsed = page(*recorded("passed"))
    [policy] = [each.attrib["content"] for each in parsed.all("meta") if each.get("http-equiv")]
    [style] = parsed.all("style")
    digest = base64.b64encode(hashlib.sha256((style.text or "").encode()).digest()).decode()
    assert policy.split("; ") == [
        "default-src 'none'",
        f"style-src 'sha256-{digest}'",
        "base-uri 'none'",
        "form-action 'none'",
    ]


def test_the_policy_and_the_character_set_come_before_what_they_rule() -> None:
    head = next(page(*recorded("passed")).all("head"))
    assert [each.tag for each in head] == ["meta", "meta", "meta", "meta", "title", "style"]
    assert head[0].attrib == {"charset": "utf-8"}
    assert head[1].get("http-equiv") == "Content-Security-Policy"


class _Elements(HTMLParser):
    """Elements and text as HTML, not XML, reads them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_markup_in_names_and_messages_stays_text() -> None:
    run = Run(race())
    run.show("drill-1.1:gate-02", ADMITTED)
    run.not_ready("drill-1.1", "gate-03")
    run.fall_silent("drill-1.1-probe", "gate-02")
    run.cut_short = "the broker said: bye"
    words = ("gate-01", "gate-02", "gate-03", "t1", "bye", "http://a", "mqtt://b", "A drill")
    spoilt = render_page([hostile(run, *words)])
    clean = _Elements(render_page([judged(run)]))
    read = _Elements(spoilt)
    assert read.tags == clean.tags
    for word in words:
        assert printable(word + HOSTILE) in read.text
    assert not {"\x00", "\x1b", "\r", "\u202e"} & set(spoilt)


def test_markup_cannot_leave_an_attribute() -> None:
    run = Run(own_tickets())
    spoilt = parse_page(render_page([hostile(run, "drill-1")]))
    labels = [each.get("aria-label", "") for each in spoilt.root.iter()]
    assert any(printable(HOSTILE) in label for label in labels)


def test_a_violation_shows_its_witness_and_the_timeline_that_it_tells_of() -> None:
    article = page(violated())
    witness = [each for each in article.all("ul") if each.get("class") == "witness"]
    assert [line.text for line in witness[0]] == [
        "gate-01: admitted, let go at 6.000000 s, decided at 6.010000 s (drill-1.2:gate-01)",
        "gate-02: admitted, let go at 6.000001 s, decided at 6.010001 s (drill-1.2:gate-02)",
    ]
    opened = [each[0].text or "" for each in article.all("details") if "open" in each.attrib]
    assert "Timeline of drill-1.2: 2 admitted, 1 refused (already_used)" in opened


def test_a_re_entry_shows_when_the_guest_came_in_before() -> None:
    caption = "Attempts of drill-2.1, milliseconds from the intended instant T"
    rows = page(judged(Run(vip_table(phases=2)))).table(caption).values()
    assert [row["outcome"].text for row in rows] == [f"readmitted, last entry {LAST_ENTRY}"] * 3


def test_kiosks_have_a_timeline_and_a_distribution_of_their_own() -> None:
    told = page(judged(Run(checkouts(capacity=1))))
    rows = [each[0].text for each in told.all("g") if each[0].tag == "title"]
    assert rows[0] == "kiosk-01: booked; let go +0.000 ms, decided +10.0 ms"
    assert {row["checkouts"].value for row in told.table("Checkouts by latency").values()} == {3}
    assert "Scans by latency" not in told.captions()
    [device, *_] = told.table("Attempts and latency of each device").values()
    assert (device["reader"].text, device["granted"].value) == ("kiosk", 1)


def test_what_the_service_has_on_record_is_a_table() -> None:
    told = page(judged(Run(vip_table(guests=5, phases=2))))
    table = told.table("What the service has on record")
    counter = table["reservation table: checked_in_guests, of 5"]
    assert (counter["before"].text, counter["after"].text) == ("0", "5")
    log = table["vip_scan_logs: rows"]
    assert (log["before"].text, log["after"].text) == ("-", "5 first_entry, 5 reentry")


def test_fifty_kiosks_make_a_short_page_and_are_all_there_to_be_unfolded() -> None:
    told = page(judged(shipped("slot-6")))
    caption = "Attempts of slot-6-1.1, milliseconds from the intended instant T"
    assert len(told.table(caption)) == 50
    folds = [each for each in told.all("details") if "open" in each.attrib]
    assert folds == []


def test_doubts_silent_and_unready_devices_are_told() -> None:
    run = missing()
    told = page(run)
    listed = next(each for each in told.all("ul") if each.get("class") == "doubts")
    assert [each.text for each in listed] == list(run.result.inconclusive_because)
    [silent] = told.table("Devices that fell silent").values()
    assert (silent["devices"].text, silent["why"].text) == ("gate-02", "its process has gone")
    [unready] = told.table("Devices that were not ready").values()
    assert (unready["device"].text, unready["why"].text) == ("gate-03", "unread")


def test_an_interrupted_run_says_so() -> None:
    told = page(interrupted())
    assert told.facts("facts")["ended early"].text == "interrupted"
    assert "the run was cut short: interrupted" in told.text


def test_a_run_without_scans_is_still_a_page() -> None:
    told = page(unheard())
    assert "No attempt was heard of." in told.text
    assert not list(told.all("svg"))


def test_the_run_of_a_scenario_that_was_run_again_says_which_it_is() -> None:
    run = Run(race())
    run.plan = msgspec.structs.replace(run.plan, repeat=2)
    assert page(judged(run)).facts("facts")["repeat"].text == "2"


def test_seed_configuration_and_scenario_are_told() -> None:
    [run] = recorded("passed")
    told = page(run)
    facts = told.facts("facts")
    assert facts["seed"].text == str(run.result.seed)
    assert facts["check-in service"].text == run.result.target
    [scenario] = told.all("pre")
    assert f'"name": "{run.result.scenario}"' in (scenario.text or "")


def test_several_runs_are_overviewed_first_with_links_to_each() -> None:
    runs = PAGES["several"]
    told = page(*runs)
    overview = told.table("Verdicts")
    assert [(name, row["verdict"].text[2:]) for name, row in overview.items()] == [
        ("drill #1", "safety violated"),
        ("race", "passed"),
        ("drill #2", "passed"),
    ]
    headings = ["".join(each.itertext())[2:] for each in told.all("h2")]
    assert headings == ["SAFETY VIOLATED drill #1", "PASSED race", "PASSED drill #2"]
    assert [each.attrib["href"] for each in told.all("a")][1:] == ["#run-1", "#run-2", "#run-3"]


def test_every_verdict_is_explained_as_in_the_document() -> None:
    documented = {row[0]: row[2] for row in Document("result.md").table("Verdicts")}
    for verdict in Verdict:
        meaning = MEANINGS[verdict].rstrip(".")
        assert documented[verdict].endswith(meaning[0].lower() + meaning[1:]), verdict


@every_page
def test_every_sign_stands_beside_a_word(runs: list[JudgedRun]) -> None:
    for each in page(*runs).all("span"):
        if (each.get("class") or "").startswith("mark"):
            assert each[0].get("aria-hidden") == "true"
            assert re.fullmatch(r" [\w ]+", each[0].tail or "")


def test_six_thousand_scans_make_a_page_of_moderate_size() -> None:
    flow, races = (
        judged(Run(stream(each=600, devices=10))),
        judged(Run(race(rounds=600, devices=10))),
    )
    for run in (flow, races):
        assert run.result.counters.scans == 6000
        assert len(render_page([run]).encode()) < 2_000_000
    assert len(render_page([flow]).encode()) < 100_000


def test_text_read_by_a_person_has_no_leftover_of_markup() -> None:
    text = _Elements(render_page(PAGES["several"])).text
    assert not re.search(r"&\w+;|</?\w+>|None\b", unescape(text.split("}\n")[-1]))
