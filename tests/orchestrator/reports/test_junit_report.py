"""JUnit XML as build servers read it."""

from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest
import xmlschema
from evidence_builder import ADMITTED, Run, hunt, own_tickets, plan_of, race, stream
from hypothesis import given
from hypothesis import strategies as st
from judged_runs import HOSTILE, hostile, judged, recorded, shipped

from gatedrill.fixtures.scenario import Burst, Show
from gatedrill.orchestrator.reports.judged_run import JudgedRun
from gatedrill.orchestrator.reports.junit import REHEARSAL, render_junit
from gatedrill.orchestrator.reports.printable import printable
from gatedrill.orchestrator.result import Verdict

RECORDED = ("inconclusive", "passed", "threshold-crossed", "violated")

Case = ElementTree.Element


@cache
def schema() -> xmlschema.XMLSchema:
    """Takes a second to read, which nobody should wait for who only collects tests."""
    return xmlschema.XMLSchema(str(Path(__file__).with_name("junit.xsd")))


def suites(*runs: JudgedRun) -> list[ElementTree.Element]:
    """The testsuites of a file that fits the schema."""
    text = render_junit(runs)
    schema().validate(text)
    return list(ElementTree.fromstring(text))


def cases(run: JudgedRun) -> dict[str, Case]:
    [suite] = suites(run)
    return {case.attrib["name"]: case for case in suite.iter("testcase")}


def ends(run: JudgedRun) -> dict[str, str]:
    """Of every testcase that did not pass, how it ended and why in short."""
    return {
        name: f"{case[0].tag} {case[0].get('type', '')}: {case[0].attrib['message']}"
        for name, case in cases(run).items()
        if len(case)
    }


def test_a_passed_run_has_a_case_for_itself_each_check_and_each_threshold() -> None:
    [run] = recorded("passed")
    result = run.result
    assert list(cases(run)) == [
        REHEARSAL,
        *(check.name for check in result.checks),
        *(f"{each.metric}: {each.expression}" for each in result.thresholds),
    ]
    assert all(end.startswith("skipped : ") for end in ends(run).values())


def test_a_violated_check_is_a_failure_with_its_witness() -> None:
    run = Run(race())
    run.show("drill-1.1:gate-02", ADMITTED)
    assert ends(judged(run))["admitted once"] == (
        "failure safety violated: no ticket admits twice: 1 wrong of 1 examined; "
        "t1: admitted 2 times"
    )
    assert cases(judged(run))["admitted once"][0].text == (
        "t1: admitted 2 times\n"
        "  gate-01: admitted, let go at 2.000000 s, decided at 2.010000 s (drill-1.1:gate-01)\n"
        "  gate-02: admitted, let go at 2.000001 s, decided at 2.010001 s (drill-1.1:gate-02)"
    )


def test_violations_that_are_not_written_out_are_counted() -> None:
    run = Run(race(rounds=8))
    for number in range(1, 9):
        run.show(f"drill-1.{number}:gate-02", ADMITTED)
    text = cases(judged(run))["admitted once"][0].text or ""
    assert text.count("admitted 2 times") == 5
    assert text.endswith("\nand 3 more")


def test_a_check_that_was_not_judged_is_skipped_and_says_why() -> None:
    told = ends(judged(Run(own_tickets())))
    assert told["used ticket refused"] == "skipped : no ticket was shown again"
    assert all(end.startswith("skipped : ") for end in told.values())


def test_a_round_that_does_not_end_as_expected_is_a_failure_that_names_it() -> None:
    told = ends(judged(Run(race(expect={"admitted": 2}))))
    assert told["as expected"].startswith("failure safety violated: ")
    assert "; drill-1.1: 2 admitted expected, 1 seen" in told["as expected"]


@pytest.mark.parametrize("name", ["vip-reentry", "slot-6", "slot-8", "linked-ticket", "mixed-rush"])
def test_runs_of_every_kind_fit_the_schema(name: str) -> None:
    run = judged(shipped(name))
    assert list(cases(run))[: 1 + len(run.result.checks)] == [
        REHEARSAL,
        *(check.name for check in run.result.checks),
    ]
    assert not [end for end in ends(run).values() if not end.startswith("skipped : ")]


def test_an_inconclusive_rehearsal_is_an_error_with_all_doubts() -> None:
    run = Run(race())
    run.cut_short = "interrupted"
    run.fall_silent("drill-1.1-probe", "gate-02")
    doubts = judged(run).result.inconclusive_because
    assert len(doubts) > 1
    assert ends(judged(run))[REHEARSAL] == f"error inconclusive: {doubts[0]}"
    assert cases(judged(run))[REHEARSAL][0].text == "\n".join(doubts)


@pytest.mark.parametrize(
    ("is_measured", "message"),
    [
        (
            True,
            (
                "failure threshold crossed: scan_duration: max<9 is not met: 10; "
                "the service's share 10, this machine's own 0.004"
            ),
        ),
        (False, "failure threshold crossed: scan_duration: max<9 is not met: nothing measured"),
    ],
)
def test_a_crossed_threshold_is_a_failure_with_the_figure(is_measured: bool, message: str) -> None:
    run = Run(plan_of(Burst(shows=(Show("fresh"),)), thresholds={"scan_duration": ["max<9"]}))
    if not is_measured:
        run.lose(*run.attempts.copy())
    assert ends(judged(run))["scan_duration: max<9"] == message


def test_a_threshold_that_the_machine_was_too_busy_to_judge_is_an_error_and_no_failure() -> None:
    run = Run(plan_of(Burst(shows=(Show("fresh"),)), thresholds={"scan_duration": ["max<200"]}))
    decided_ns = run.attempts["drill-1.1:gate-01"].record.decided_ns
    run.change("drill-1.1:gate-01", decided_ns=decided_ns + 230_000_000)

    assert ends(judged(run))["scan_duration: max<200"] == (
        "error inconclusive: scan_duration: max<200 is not met: 240; "
        "the service's share 10, this machine's own 230"
    )


@pytest.mark.parametrize("name", RECORDED)
def test_the_suite_counts_its_cases_and_fails_just_when_the_verdict_does(name: str) -> None:
    [run] = recorded(name)
    [suite] = suites(run)
    counted = {tag: len(list(suite.iter(tag))) for tag in ("failure", "error", "skipped")}
    assert suite.attrib["tests"] == str(len(list(suite.iter("testcase"))))
    assert suite.attrib["failures"] == str(counted["failure"])
    assert suite.attrib["errors"] == str(counted["error"])
    assert suite.attrib["skipped"] == str(counted["skipped"])
    is_bad = bool(counted["failure"] or counted["error"])
    assert is_bad == (run.result.verdict is not Verdict.PASSED)


def test_the_suite_has_the_start_in_utc_and_its_length_in_seconds() -> None:
    run = Run(own_tickets())
    [suite] = suites(judged(run))
    assert suite.attrib["timestamp"] == "2026-11-20T12:00:00"
    assert suite.attrib["time"] == "2.010"
    times = [float(case.attrib["time"]) for case in suite.iter("testcase")]
    assert sum(times) == float(suite.attrib["time"])


def test_the_suite_carries_seed_run_target_and_verdict() -> None:
    [suite] = suites(judged(Run(stream())))
    told = {each.attrib["name"]: each.attrib["value"] for each in suite.iter("property")}
    wanted = {"seed": "1", "repeat": "1", "run": "run", "target": "http://a", "broker": "mqtt://b"}
    wanted |= {"verdict": "passed", "exit_code": "0", "devices": "2"}
    assert wanted.items() <= told.items()


def test_what_came_of_a_hunt_is_a_property_of_its_suite() -> None:
    found = Run(hunt(rounds=3))
    found.show("drill-1.2:gate-02", ADMITTED)
    told = []
    for run in (Run(hunt(rounds=3)), found):
        [suite] = suites(judged(run))
        properties = {each.attrib["name"]: each.attrib["value"] for each in suite.iter("property")}
        told.append(properties["hunt.drill-1"])
    assert told == [
        "3 rounds within 40 ms: found nothing",
        "3 rounds within 40 ms: two were let in with one ticket in round 2",
    ]


def test_scenarios_are_suites_and_repetitions_are_numbered() -> None:
    once, again = judged(Run(race())), judged(Run(race()))
    other = recorded("passed")[0]
    assert [suite.attrib["name"] for suite in suites(once, other, again)] == [
        "drill #1",
        "race",
        "drill #2",
    ]


def test_a_torn_run_lasts_to_the_last_thing_heard_of_it() -> None:
    run = Run(own_tickets())
    run.torn = True
    [suite] = suites(judged(run))
    assert suite.attrib["time"] == "2.010"
    assert suite.attrib["errors"] == "1"


def test_markup_and_control_characters_stay_text() -> None:
    run = Run(race())
    run.show("drill-1.1:gate-02", ADMITTED)
    run.cut_short = "the broker said: bye"
    spoilt = hostile(run, "bye", "gate-02", "http://a")
    [suite] = suites(spoilt)
    told = {each.attrib["name"]: each.attrib["value"] for each in suite.iter("property")}
    [error] = suite.iter("error")
    assert told["target"] == printable(f"http://a{HOSTILE}")
    assert error.attrib["message"] == printable(
        f"the run was cut short: the broker said: bye{HOSTILE}"
    )
    assert printable(HOSTILE).endswith(r"\u0000\u001b[31m\u000d\u202e\ufffe")


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_at_all_can_be_read_back(text: str) -> None:
    element = ElementTree.Element("case", message=printable(text))
    element.text = printable(text)
    written = ElementTree.tostring(element, encoding="unicode").encode()
    found = ElementTree.fromstring(written)
    assert (found.text or "") == found.attrib["message"] == printable(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('type="safety violated" ', ""),
        ("<system-err />", ""),
        ('hostname="localhost" ', ""),
        ('time="0.000"', 'time="soon"'),
        ("</properties>", "</properties><properties />"),
        ('name="seed"', 'name="run"'),
    ],
)
def test_the_schema_would_find_a_fault(old: str, new: str) -> None:
    text = render_junit(recorded("violated"))
    assert old in text
    assert not schema().is_valid(text.replace(old, new, 1))
