"""The scorecard as people read it: on a terminal, and on paper."""

import io
import re

import msgspec
import pytest
from led_runs import ADMITTED, NOT_PRESENTED, LedRun
from parsed_page import parse_page
from rich.console import Console

from gatedrill.orchestrator.reports.scorecard_lines import print_scorecard
from gatedrill.orchestrator.reports.scorecard_page import render_scorecard
from gatedrill.orchestrator.scorecard import Scorecard


@pytest.fixture
def card() -> Scorecard:
    """All that can happen: staff wrong, a gate wrong, nobody came, nobody spoke, cut short."""
    run = LedRun()
    run.reactions[2] = "let_in"
    run.reactions[3] = None
    run.answers[4] = NOT_PRESENTED
    run.answers[6] = ADMITTED
    run.until = 7
    return run.score()


def printed(card: Scorecard) -> list[str]:
    file = io.StringIO()
    print_scorecard(card, Console(file=file, width=80))
    return file.getvalue().splitlines()


def test_a_terminal_has_three_lines_for_each_step_and_none_is_wider_than_80_columns(
    card: Scorecard,
) -> None:
    lines = printed(card)
    second = next(index for index, line in enumerate(lines) if line.startswith(" 2  No. "))

    assert lines[:2] == ["SCORECARD  drill-duplicate", "the drill was cut short: interrupted"]
    assert lines[second].endswith(" at gate-02")
    assert lines[second + 1] == "    PASS  gate   refused: already used, after 20 ms"
    assert lines[second + 2] == "    FAIL  staff  let in, after 2.0 s; right: turn away"
    assert max(map(len, lines)) <= 80
    assert lines[-2:] == [
        "gates were right in 5 and wrong in 1 of 9 steps",
        "staff were right in 3 and wrong in 1 of 9 steps; median 2.0 s, slowest 2.0 s",
    ]


@pytest.mark.parametrize(
    ("number", "lines"),
    [
        (
            3,
            [
                "    PASS  gate   refused: already used, after 20 ms",
                "    ----  staff  no answer; right: turn away",
            ],
        ),
        (
            4,
            [
                "    ----  gate   nobody presented the ticket in time",
                "    ----  staff  no answer; right: let in",
            ],
        ),
        (
            6,
            [
                "    FAIL  gate   admitted, after 20 ms; right: refused: cancelled",
                "    ----  staff  turn away, after 2.0 s; right: turn away",
            ],
        ),
        (8, ["    ----  not reached", ""]),
    ],
)
def test_what_was_not_judged_is_not_called_right_or_wrong(
    card: Scorecard, number: int, lines: list[str]
) -> None:
    told = printed(card)
    head = next(index for index, line in enumerate(told) if line.startswith(f" {number}  No. "))

    assert [line.rstrip() for line in told[head + 1 : head + 3]] == lines


def test_a_page_says_the_same_and_needs_nothing_else(card: Scorecard) -> None:
    html = render_scorecard(card)
    page = parse_page(html)
    rows = [
        ["".join(cell.itertext()) for cell in row]
        for row in page.all("tr")
        if any(cell.tag == "td" for cell in row)
    ]

    assert [row[0] for row in rows] == [str(number) for number in range(1, 10)]
    assert rows[1][2] == "\N{CHECK MARK} rightrefused: already used, after 20 ms"
    assert rows[1][3] == "\N{BALLOT X} not rightlet in, after 2.0 s"
    assert rows[1][4].startswith("turn awayOne ticket lets one guest in")
    assert rows[5][2].startswith("\N{BALLOT X} not right")
    assert rows[7][2] == "\N{EN DASH} not reached"
    assert page.facts("tiles")["staff right"].text == "3 of 9"
    assert "cut short: interrupted" in page.text
    assert not re.search(r"url\(|@import|<script|<link|src=", html)
    assert not list(page.all("script", "img", "link"))


def test_marks_are_words_and_not_colours_alone(card: Scorecard) -> None:
    page = parse_page(render_scorecard(card))
    marks = [each for each in page.all("span") if "mark" in (each.get("class") or "").split()]

    assert marks
    assert all("".join(mark.itertext()).strip()[1:].strip() for mark in marks)


def test_words_from_elsewhere_become_no_markup() -> None:
    run = LedRun("drill-vip")
    run.label({"gate-01": "<script>alert(1)</script>"})
    card = msgspec.structs.replace(run.score(), title="A & B <i>")
    page = parse_page(render_scorecard(card))

    assert not list(page.all("script", "i"))
    assert "A & B <i>" in page.text
    assert "at <script>alert(1)</script>" in page.text
