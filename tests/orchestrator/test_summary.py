"""The result as a person reads it on a terminal."""

import io

import pytest
from evidence_builder import (
    ADMITTED,
    LAST_ENTRY,
    UNKNOWN,
    UNREAD,
    Run,
    checkouts,
    linking,
    own_tickets,
    plan_of,
    race,
    stream,
    vip_table,
)
from rich.console import Console

from gatedrill.fixtures.scenario import Burst, Show
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
        plan_of(
            Burst(shows=(Show("fresh"),)), thresholds={"scan_duration": ["max<10", "p(95)<200"]}
        )
    )
    shown = summary(run)

    assert shown.startswith("THRESHOLD CROSSED")
    assert "  FAIL  scan_duration: max<10          10\n" in shown
    assert "  PASS  scan_duration: p(95)<200       10\n" in shown


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
