"""The result as a person reads it on a terminal."""

import io

import msgspec
import pytest
from evidence_builder import ADMITTED, UNKNOWN, UNREAD, Run, own_tickets, plan_of, race, stream
from rich.console import Console

from gatedrill.fixtures.scenario import Burst
from gatedrill.orchestrator.summary import print_summary


def summary(run: Run, width: int = 60) -> str:
    """What a narrow terminal without colours is shown."""
    file = io.StringIO()
    print_summary(run.judge(), Console(file=file, width=width, highlight=False))
    return file.getvalue()


@pytest.mark.parametrize(
    ("cut_short", "second", "headline"),
    [
        (None, None, "PASSED  drill: A drill"),
        (None, ADMITTED, "SAFETY VIOLATED  drill: A drill"),
        ("interrupted", None, "INCONCLUSIVE  drill: A drill"),
    ],
)
def test_the_verdict_comes_first(cut_short: str | None, second: object, headline: str) -> None:
    run = Run(race())
    run.cut_short = cut_short
    if second:
        run.show("drill-1.1:gate-02", ADMITTED)

    assert summary(run).splitlines()[0] == headline


def test_a_crossed_threshold_is_a_verdict_of_its_own_and_shows_the_figure_it_met() -> None:
    run = Run(plan_of(Burst(tickets="own"), thresholds={"scan_duration": ["max<10", "p(95)<200"]}))
    shown = summary(run)

    assert shown.startswith("THRESHOLD CROSSED")
    assert "  FAIL  scan_duration: max<10          10\n" in shown
    assert "  PASS  scan_duration: p(95)<200       10\n" in shown


def test_a_threshold_without_figures_says_so() -> None:
    run = Run(plan_of(Burst(tickets="own"), thresholds={"scan_duration": ["max<10"]}))
    run.lose(*run.scans.copy())

    assert "  FAIL  scan_duration: max<10          nothing measured\n" in summary(run)


def test_a_violation_is_shown_with_its_ticket_and_witness_each_on_a_line_of_its_own() -> None:
    run = Run(race())
    run.show("drill-1.1:gate-02", ADMITTED)

    assert (
        "  FAIL  admitted once          no ticket admits twice (1 examined)\n"
        "        ticket t1: admitted 2 times\n"
        "          gate-01: admitted, let go at 2.000000 s, decided at 2.010000 s "
        "(drill-1.1:gate-01)\n"
        "          gate-02: admitted, let go at 2.000001 s, decided at 2.010001 s "
        "(drill-1.1:gate-02)\n"
    ) in summary(run)


def test_violations_beyond_those_written_out_are_counted() -> None:
    run = Run(race(rounds=7))
    for number in range(1, 8):
        run.show(f"drill-1.{number}:gate-02", ADMITTED)

    shown = summary(run)

    assert "        and 2 more\n" in shown
    assert "ticket t5: admitted 2 times" in shown
    assert "ticket t6: admitted 2 times" not in shown


def test_a_check_that_was_not_judged_says_why() -> None:
    run = Run(race(probe=False))
    run.hide_records("table tickets: HTTP 403")
    shown = summary(run)

    assert "  ----  used ticket refused    no ticket was shown again\n" in shown
    assert "  ----  records agree          table tickets: HTTP 403\n" in shown


def test_doubts_silent_and_unready_devices_are_named_below_the_verdict() -> None:
    run = Run(race(devices=4))
    run.fall_silent("drill-1.1", "gate-04")
    run.not_ready("drill-1.1", "gate-03")
    lines = summary(run).splitlines()

    assert "  devices fell silent: gate-04" in lines[:5]
    assert "  gate-03 took no part in drill-1.1: unread" in lines[:5]


def test_outcomes_are_counted_by_kind_and_reason_with_the_share_of_errors() -> None:
    run = Run(race(devices=4))
    run.show("drill-1.1:gate-04", UNKNOWN)

    assert (
        "  2 refused (already_used), 1 admitted, 1 unknown (timeout); "
        "4 scans at 4 devices, 25.00% errors, 0 races caught by the service\n"
    ) in summary(run)


def test_a_run_without_scans_shows_dashes_instead_of_figures() -> None:
    run = Run(race())
    run.lose(*run.scans.copy())

    assert "no scans; 0 scans at 3 devices, - errors" in summary(run)


def test_a_round_is_shown_scan_by_scan_in_the_order_of_the_decisions() -> None:
    run = Run(race(devices=2, probe=False))
    event = run.scans["drill-1.1:gate-01"]
    late = msgspec.structs.replace(event.scan, decided_ns=event.scan.decided_ns + 5_000_000)
    run.scans["drill-1.1:gate-01"] = msgspec.structs.replace(event, scan=late)
    shown = summary(run, width=100)

    assert (
        "  drill-1.1  1 admitted, 1 refused (already_used); let go within 0.001 ms, "
        "2 of 2 under way at one instant by the service's stamps (coarse)\n"
    ) in shown
    rows = [line.split() for line in shown.splitlines() if line.startswith("    gate-")]
    assert rows == [
        ["gate-02", "refused", "(already_used)", "+0.001", "-1.0", "+10.0"],
        ["gate-01", "admitted", "+0.000", "-1.0", "+15.0"],
    ]


def test_a_round_that_was_no_race_says_why() -> None:
    run = Run(race(devices=3, probe=False))
    for gate in ("gate-02", "gate-03"):
        run.show(f"drill-1.1:{gate}", UNREAD)

    assert (
        "    does not count as a race: only 1 of 3 requests were under way at one instant\n"
    ) in summary(run)


def test_a_stream_has_no_rounds_and_no_release_skew() -> None:
    shown = summary(Run(stream()))

    assert "rounds" not in shown
    assert "release skew" not in shown


def test_release_skew_and_clock_bound_are_told_in_milliseconds() -> None:
    shown = summary(Run(own_tickets()))

    assert "  release skew over 1 bursts: min 0.002, median 0.002, p95 0.002 ms\n" in shown
    assert "  clocks known to ± 0.200 ms\n" in shown


def test_no_line_of_text_is_wrapped_however_narrow_the_terminal() -> None:
    run = Run(race())
    run.show("drill-1.1:gate-02", ADMITTED)
    narrow, wide = summary(run, width=40), summary(run, width=300)

    assert [line for line in wide.splitlines() if "ticket" in line] == [
        line for line in narrow.splitlines() if "ticket" in line
    ]
