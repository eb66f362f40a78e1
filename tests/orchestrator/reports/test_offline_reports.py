"""Faults, and what devices decided by themselves, in every report."""

import re
from xml.etree import ElementTree

import pytest
from evidence_builder import Run, race
from judged_runs import cut_off, judged
from parsed_page import parse_page

from gatedrill.orchestrator.offline_facts import FaultSpan
from gatedrill.orchestrator.reports.chart import Band, Scale, bands, bands_within
from gatedrill.orchestrator.reports.comparison import compare
from gatedrill.orchestrator.reports.fault_bands import fault_bands
from gatedrill.orchestrator.reports.formats import RENDERERS
from gatedrill.orchestrator.reports.timeline import draw_timeline
from gatedrill.orchestrator.rounds import ListedAttempt

TOLD = judged(cut_off())
RESULT = TOLD.result
TERMINAL = RENDERERS["terminal"]([TOLD])
PAGE = parse_page(RENDERERS["html"]([TOLD]))
SECTIONS = ("Faults", "Who decided", "Admitted twice", "Locked out", "Time-outs", "Not uploaded")


def test_the_made_up_run_has_something_of_everything_and_passes() -> None:
    assert RESULT.verdict == "passed"
    assert len(RESULT.faults) == 3
    assert [each.ticket for each in RESULT.expected_doubles] == ["t1"]
    assert [each.ticket for each in RESULT.locked_out] == ["t2", "t4"]
    assert [each.ticket for each in RESULT.pending] == ["t3"]
    assert len(RESULT.conflicts) == 2


def test_an_expected_double_is_told_everywhere_and_fails_nowhere() -> None:
    [double] = RESULT.expected_doubles
    because = f"explained by {', '.join(double.because)}"
    assert f"\n  t1: admitted {double.admissions} times, {because}\n" in TERMINAL
    for line in double.witness:
        assert f"\n    {line}\n" in TERMINAL
        assert line in PAGE.text

    suite = ElementTree.fromstring(RENDERERS["junit"]([TOLD]))[0]
    assert (suite.attrib["failures"], suite.attrib["errors"]) == ("0", "0")
    assert "t1: admitted 3 times" in (suite.findtext("system-out") or "")
    told = {each.attrib["name"]: each.attrib["value"] for each in suite.iter("property")}
    assert told["expected_doubles"] == "1"
    assert told["locked_out"] == "2"
    assert told["failed.device-paused-5"] == "device-paused from 10.700 s to 10.900 s: gate-03"
    assert told["timeouts.received_refused"] == "1"


def test_the_page_and_the_terminal_tell_the_same_of_every_guest_and_scan() -> None:
    locked_out = PAGE.table("Guests with valid tickets who were turned away")
    assert {name: row["why"].text for name, row in locked_out.items()} == {
        each.ticket: each.why for each in RESULT.locked_out
    }
    kept = PAGE.table("Scans that only their device has")
    assert {name: row["scan"].text for name, row in kept.items()} == {
        each.ticket: each.attempt for each in RESULT.pending
    }
    for each in RESULT.locked_out:
        assert f"\n  {each.ticket}: {each.why}, explained by " in TERMINAL
    for pending in RESULT.pending:
        assert f"{pending.state} at {pending.device}: {pending.why}" in TERMINAL
    for conflict in RESULT.conflicts:
        assert f"stands behind {conflict.winner_device} at {conflict.winner_time}" in TERMINAL


def test_the_page_has_every_count() -> None:
    decided = PAGE.table("Scans by who decided them").values()
    assert [(row["decided"].value, row["admitted"].value) for row in decided] == [
        (each.decided, each.admitted) for each in RESULT.decided_by
    ]
    ends = PAGE.table("Scans that the service did not answer in time").values()
    assert RESULT.timeouts is not None
    assert [row["scans"].value for row in ends] == [
        getattr(RESULT.timeouts, name) for name in RESULT.timeouts.__struct_fields__
    ]
    faults = PAGE.table("What failed, in seconds since the run began").values()
    assert [(row["began, s"].value, row["ended, s"].value) for row in faults] == [
        (each.began_s, each.ended_s) for each in RESULT.faults
    ]


@pytest.mark.parametrize("form", RENDERERS)
def test_where_only_the_service_decides_nothing_of_this_is_said(form: str) -> None:
    shown = RENDERERS[form]([judged(Run(race()))])

    for word in (*SECTIONS, "locked out", "decided:", "no scan lost", "by the registrar"):
        assert f">{word}<" not in shown
        assert f"\n{word}" not in shown
        assert f"  {word} " not in shown
    assert 'class="band"' not in shown


def test_silence_that_a_fault_explains_is_named() -> None:
    run = cut_off()
    run.fall_silent("drill-1.1", "gate-03")
    told = judged(run)

    assert not told.result.inconclusive_because
    assert "gate-03 fell silent in drill-1.1: its process has gone" in RENDERERS["terminal"]([told])


def test_faults_shade_the_burst_and_the_stream_in_which_they_were_in_force() -> None:
    drawn = re.findall(
        r"<title>(?:Timeline of|Latency during) .*?</svg>", RENDERERS["html"]([TOLD])
    )
    names = [re.findall(r'<g><title>([^<]*)</title><rect[^>]*class="band"', each) for each in drawn]

    assert names == [
        ["uplink-answers-lost", "broker-stopped", "device-paused: gate-03"],
        ["uplink-answers-lost"],
    ]


def test_a_fault_is_drawn_from_its_begin_to_its_end_within_the_drawing() -> None:
    spans = [
        FaultSpan("a", "uplink-down", ("gate-01",), 9.0, 10.5),
        FaultSpan("b", "disk-full", ("gate-01", "gate-02", "gate-03"), 10.25, None),
        FaultSpan("c", "clock-skewed", ("gate-01",), 5.0, 9.5),
    ]
    shown = fault_bands(spans, 10.0, 1000)
    assert shown[0] == Band("uplink-down: gate-01", -1000.0, 500.0)
    assert shown[1] == Band("disk-full", 250.0, None)
    assert bands_within(shown, 0, 1000) == shown[:2]

    drawn = bands(shown[:2], Scale(0, 1000, 100, 200), 10, 50)
    assert re.findall(r'x="(\d+)" y="(\d+)" width="(\d+)"', drawn) == [
        ("100", "10", "50"),
        ("125", "26", "75"),
    ]


def test_a_timeline_grows_by_the_names_of_its_faults() -> None:
    attempts = [ListedAttempt("gate-01", "admitted", 0.0, None, 20.0)]
    fault = Band("uplink-down", 5.0, 6.0)
    plain, shaded = draw_timeline("step", attempts), draw_timeline("step", attempts, [fault])

    heights = [int(re.findall(r'viewBox="0 0 \d+ (\d+)"', each)[0]) for each in (plain, shaded)]
    assert heights[1] == heights[0] + 16
    assert draw_timeline("step", attempts, [Band("later", 21.0, None)]) == plain


def test_two_runs_side_by_side_have_what_devices_decided() -> None:
    online = judged(Run(race())).result
    [block] = [each for each in compare(online, RESULT) if each.title == "without the service"]
    rows = {row.name: (row.first, row.second) for row in block.rows}

    assert rows["admitted twice, as expected"] == ("-", "1")
    assert rows["locked out"] == ("-", "2")
    assert rows["decided by the registrar"] == ("-", "4")
    assert not [each for each in compare(online, online) if each.title == "without the service"]
