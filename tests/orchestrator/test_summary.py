"""The result as a person reads it on a terminal."""

import io

import pytest
from evidence_builder import (
    ADMITTED,
    LAST_ENTRY,
    STEP_NS,
    UNKNOWN,
    UNREAD,
    Run,
    checkouts,
    hunt,
    linking,
    own_tickets,
    plan_of,
    race,
    stream,
    vip_table,
)
from rich.console import Console

from gatedrill.contract.messages import ReleaseMode
from gatedrill.fixtures.scenario import Burst, Show
from gatedrill.orchestrator.history import ClockRead, Released
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
    run = Run(
        plan_of(Burst(shows=(Show("fresh"),)), thresholds={"scan_duration": ["max<9", "p(95)<200"]})
    )
    shown = summary(run)

    assert shown.startswith("THRESHOLD CROSSED")
    assert (
        "  FAIL  scan_duration: max<9           10\n"
        "        the service's share 10, this machine's own 0.004\n"
    ) in shown
    assert "  PASS  scan_duration: p(95)<200       10\n" in shown


def test_a_threshold_that_the_machine_was_too_busy_to_judge_is_neither_passed_nor_failed() -> None:
    run = Run(plan_of(Burst(shows=(Show("fresh"),)), thresholds={"scan_duration": ["max<200"]}))
    decided_ns = run.attempts["drill-1.1:gate-01"].record.decided_ns
    run.change("drill-1.1:gate-01", decided_ns=decided_ns + 230_000_000)
    shown = summary(run)

    assert shown.startswith("INCONCLUSIVE")
    assert (
        "  ----  scan_duration: max<200         240\n"
        "        the service's share 10, this machine's own 230\n"
    ) in shown


def test_latency_is_told_by_stage_and_by_whose_it_is() -> None:
    run = Run(plan_of(Burst(shows=(Show("fresh"),))))
    lines = {line[:31].strip(): line[31:].split() for line in summary(run).splitlines()}

    assert lines["the service's share"][:2] == ["3", "10.00"]
    assert lines["this machine's own"][:2] == ["3", "0.00"]
    assert lines["pause: after a busy answer"] == ["-"] * 6


def test_a_threshold_without_figures_says_so() -> None:
    run = Run(plan_of(Burst(shows=(Show("fresh"),)), thresholds={"scan_duration": ["max<10"]}))
    run.lose(*run.attempts.copy())

    assert "  FAIL  scan_duration: max<10          nothing measured\n" in summary(run)


def test_a_violation_is_shown_with_its_ticket_and_witness_each_on_a_line_of_its_own() -> None:
    run = Run(race())
    run.show("drill-1.1:gate-02", ADMITTED)

    assert (
        "  FAIL  admitted once          no ticket admits twice (1 examined)\n"
        "        t1: admitted 2 times\n"
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
    assert "        t5: admitted 2 times\n" in shown
    assert "        t6: admitted 2 times\n" not in shown


def test_checks_that_were_not_judged_are_named_after_the_others_by_the_reason_why() -> None:
    run = Run(race(probe=False))
    run.hide_records("table tickets: HTTP 403")
    lines = summary(run).splitlines()

    assert "  ----  used ticket refused: no ticket was shown again" in lines
    assert "  ----  records agree: table tickets: HTTP 403" in lines
    idle = next(line for line in lines if line.endswith(": there was nothing to look at"))
    assert "slot capacity, checkouts answered" in idle
    marks = [line[2:6] for line in lines if line[2:6] in ("PASS", "----")]
    assert marks == sorted(marks, reverse=True)


def test_doubts_silent_and_unready_devices_are_named_below_the_verdict() -> None:
    run = Run(race(devices=4))
    run.fall_silent("drill-1.1", "gate-04")
    run.not_ready("drill-1.1", "gate-03")
    lines = summary(run).splitlines()

    assert "  devices fell silent: gate-04" in lines[:5]
    assert "  gate-03 took no part in drill-1.1: unread" in lines[:5]


def test_many_devices_that_were_not_ready_are_told_in_one_line() -> None:
    run = Run(own_tickets(devices=14))
    for number in range(1, 13):
        run.not_ready("drill-1.1", f"gate-{number:02}")
    told = [line for line in summary(run).splitlines() if "took no part" in line]

    first_ten = ", ".join(f"gate-{number:02}" for number in range(1, 11))
    assert told == [f"  {first_ten} and 2 more took no part in drill-1.1: unread"]


def test_outcomes_are_counted_by_kind_and_reason_with_the_share_of_errors() -> None:
    run = Run(race(devices=4))
    run.show("drill-1.1:gate-04", UNKNOWN)

    assert (
        "  2 refused (already_used), 1 admitted, 1 unknown (timeout)\n"
        "  4 attempts at 4 devices; 4 scans, 25.00% errors, 0 races caught by the service\n"
    ) in summary(run)


def test_checkouts_are_counted_with_their_own_share_of_errors() -> None:
    run = Run(checkouts(capacity=1, kiosks=4))
    run.show("drill-1.1:kiosk-04", UNKNOWN)

    assert (
        "  2 refused (full), 1 booked, 1 unknown (timeout)\n"
        "  4 attempts at 4 devices; 4 checkouts, 25.00% errors\n"
    ) in summary(run)


def test_links_are_attempts_that_no_metric_counts() -> None:
    assert (
        "  3 admitted, 2 linked, 2 readmitted, 1 refused (full), 1 refused (already_used)\n"
        "  9 attempts at 6 devices; 6 scans, 0.00% errors, 0 races caught by the service\n"
    ) in summary(Run(linking()))


def test_a_run_of_which_nothing_was_heard_says_so() -> None:
    run = Run(race())
    run.lose(*run.attempts.copy())

    assert "  no attempts\n  0 attempts at 3 devices\n" in summary(run)


def test_what_the_service_has_on_record_is_told_before_and_after() -> None:
    shown = summary(Run(vip_table(guests=5, phases=2)))

    assert (
        "\non record\n"
        "  reservation table: checked_in_guests, of 5  0 -> 5\n"
        "  vip_scan_logs: rows  5 first_entry, 5 reentry\n"
    ) in shown


def test_without_records_nothing_is_said_of_them() -> None:
    run = Run(vip_table())
    run.hide_records()

    assert "on record" not in summary(run)


def test_a_round_is_shown_attempt_by_attempt_in_the_order_of_the_decisions() -> None:
    run = Run(race(devices=2, probe=False))
    decided_ns = run.attempts["drill-1.1:gate-01"].record.decided_ns
    run.change("drill-1.1:gate-01", decided_ns=decided_ns + 5_000_000)
    shown = summary(run)

    assert (
        "  drill-1.1  1 admitted, 1 refused (already_used); let go within 0.001 ms, "
        "2 of 2 contending under way at one instant by the service's stamps (coarse)\n"
    ) in shown
    rows = [line.split() for line in shown.splitlines() if line.startswith("    gate-")]
    assert rows == [
        ["gate-02", "refused", "(already_used)", "+0.001", "-1.0", "+10.0"],
        ["gate-01", "admitted", "+0.000", "-1.0", "+15.0"],
    ]


def test_a_kiosk_has_nothing_to_decode_and_a_re_entry_shows_the_last_one() -> None:
    bookings = summary(Run(checkouts(capacity=1, kiosks=2)))
    entries = summary(Run(vip_table(guests=1, phases=2)))

    rows = [line.split() for line in bookings.splitlines() if line.startswith("    kiosk-")]
    assert rows == [
        ["kiosk-01", "booked", "+0.000", "-", "+10.0"],
        ["kiosk-02", "refused", "(full)", "+0.001", "-", "+10.0"],
    ]
    assert f"+10.0  last entry {LAST_ENTRY}\n" in entries
    assert "1 of 1 under way" in entries


def test_a_round_that_was_no_race_says_why() -> None:
    run = Run(race(devices=3, probe=False))
    for gate in ("gate-02", "gate-03"):
        run.show(f"drill-1.1:{gate}", UNREAD)

    assert (
        "    does not count as a race: only 1 of 3 requests were under way at one instant\n"
    ) in summary(run)


def test_a_stream_has_no_rounds_and_no_release_skew() -> None:
    shown = summary(Run(stream()))

    assert "\nrounds\n" not in shown
    assert "release skew" not in shown


def test_release_skew_and_clock_bound_are_told_in_milliseconds() -> None:
    shown = summary(Run(own_tickets()))

    assert "  release skew over 1 bursts: min 0.002, median 0.002, p95 0.002 ms\n" in shown
    assert "  clocks known to ± 0.200 ms\n" in shown


def test_no_line_ends_in_spaces() -> None:
    shown = summary(Run(vip_table(phases=2)))

    assert [line for line in shown.splitlines() if line != line.rstrip()] == []


def test_no_line_of_text_is_wrapped_however_narrow_the_terminal() -> None:
    run = Run(race())
    run.show("drill-1.1:gate-02", ADMITTED)
    run.not_ready("drill-1.1", "gate-03")

    assert summary(run, width=40) == summary(run, width=300)


REAL_TIME, ORDINARY = ReleaseMode
MS = 1_000_000


def test_how_devices_were_let_go_is_told_once_if_it_was_the_same_for_all_bursts() -> None:
    run = Run(race(rounds=2, probe=False))
    run.released = [Released(step, "east", ORDINARY) for step in ("drill-1.1", "drill-1.2")]

    shown = summary(run)

    assert "max" in shown
    assert "median 0.002, p95 0.002 ms, let go with ordinary priority\n" in shown
    assert shown.count("priority") == 1


def test_how_devices_were_let_go_is_told_burst_by_burst_if_it_differs() -> None:
    run = Run(race(rounds=3, probe=False))
    run.released = [
        Released("drill-1.1", "east", REAL_TIME),
        Released("drill-1.2", "east", REAL_TIME),
        Released("drill-1.2", "west", ORDINARY),
    ]

    shown = summary(run)

    assert "drill-1.1  1 admitted, 2 refused" not in shown
    assert "; let go with real-time priority within 0.002 ms, 3 of 3 contending" in shown
    assert "; let go partly with real-time priority within 0.002 ms, 3 of 3" in shown
    assert "; let go within 0.002 ms, 3 of 3" in shown
    assert "p95 0.002 ms\n" in shown


def test_where_no_fleet_tells_how_it_let_go_nothing_is_said_of_it() -> None:
    assert "priority" not in summary(Run(race(rounds=2)))


def test_between_fleets_the_skew_has_a_bound_and_within_one_it_has_none() -> None:
    run = Run(race(probe=False))
    assert "let go within 0.002 ms," in summary(run)

    run.clocks.append(ClockRead("west", 0, 100_000))
    run.move("drill-1.1:gate-02", "west")
    assert "let go within 0.002 ± 0.300 ms," in summary(run)


def test_late_devices_are_named_whether_it_was_a_race_or_not() -> None:
    run = Run(race(probe=False))
    run.change("drill-1.1:gate-02", released_ns=STEP_NS + 6 * MS)
    shown = summary(run)
    assert "    does not count as a race: let go more than 5 ms late: gate-02\n" in shown
    assert shown.count("gate-02\n") == shown.count("late: gate-02\n") == 2, "and once as a doubt"

    run = Run(own_tickets())
    run.change("drill-1.1:gate-02", released_ns=STEP_NS + 6 * MS)
    assert "    let go more than 5 ms late: gate-02\n" in summary(run)


def test_the_drift_of_the_clocks_is_told_where_they_were_read_again() -> None:
    run = Run(own_tickets())
    run.clocks += [ClockRead("west", 0, 100_000)]
    assert "  clocks known to ± 0.200 ms\n" in summary(run)

    run.clocks += [ClockRead("west", -400_000, 100_000), ClockRead("east", 3_100_000, 200_000)]
    assert "  clocks known to ± 0.500 ms, drifted by up to 0.400 ms\n" in summary(run)


def test_a_swept_round_is_told_as_spread_on_purpose_and_the_hunt_by_what_it_found() -> None:
    run = Run(hunt(rounds=2))
    run.shift("drill-1.1:gate-02", round(12.34 * MS))
    shown = summary(run)
    assert "; spread over 12.3 ms, meant so; let go within 0.002 ms of that, 3 of 3" in shown
    assert shown.endswith("\nhunt\n  drill-1  2 rounds within 40 ms: found nothing\n\n")

    run.show("drill-1.2:gate-03", ADMITTED)
    assert (
        "\nhunt\n  drill-1  2 rounds within 40 ms: two were let in with one ticket in round 2\n"
    ) in summary(run)


def test_without_a_swept_phase_there_is_no_hunt() -> None:
    assert "\nhunt\n" not in summary(Run(race()))
