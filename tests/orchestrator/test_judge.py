"""From evidence to the result: verdict, doubts, figures."""

from collections.abc import Callable

import msgspec
import pytest
from evidence_builder import (
    ADMITTED,
    BUSY,
    CANCELLED,
    FLEET,
    IGNORED,
    NOT_FOUND,
    UNKNOWN,
    UNREAD,
    USED,
    Run,
    checkouts,
    hunt,
    legacy_payment,
    linked_family,
    linking,
    own_tickets,
    paid_checkout,
    plan_of,
    race,
    stream,
    vip_table,
)

from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.outcome import Outcome
from gatedrill.fixtures.scenario import Burst, Show, Stream, TicketGroup
from gatedrill.orchestrator.checks.catalogue import CHECKS
from gatedrill.orchestrator.checks.check import CheckStatus
from gatedrill.orchestrator.history import ClockRead, Fired
from gatedrill.orchestrator.judge import judge
from gatedrill.orchestrator.plan import Plan
from gatedrill.orchestrator.result import (
    ClockUncertainty,
    Counters,
    OutcomeCount,
    Result,
    SilentDevices,
    Skew,
    UnreadyDevice,
    Verdict,
)

RACE = Burst(shows=(Show("fresh", same=True),), probe=True)
OWN = Burst(shows=(Show("fresh"),))


def race_rounds(rounds: int, *, probe: bool = False) -> Burst:
    """So many rounds of a race."""
    return Burst(shows=RACE.shows, rounds=rounds, probe=probe)


def own_rounds(rounds: int) -> Burst:
    """So many rounds in which every device has a ticket of its own."""
    return Burst(shows=OWN.shows, rounds=rounds)


MS = 1_000_000
Plant = Callable[[Run], None]


def violate(run: Run) -> None:
    """Let a second device admit."""
    run.show("drill-1.1:gate-02", ADMITTED)


def cast_doubt(run: Run) -> None:
    """Let the run be interrupted at its end."""
    run.cut_short = "interrupted"


def cross_threshold(run: Run) -> None:
    """Let a scan stay open."""
    run.show("drill-1.1:gate-03", UNKNOWN)


@pytest.mark.parametrize(
    ("plants", "verdict", "exit_code"),
    [
        ([], Verdict.PASSED, 0),
        ([violate], Verdict.VIOLATED, 1),
        ([cross_threshold], Verdict.THRESHOLD_CROSSED, 3),
        ([cast_doubt], Verdict.INCONCLUSIVE, 4),
        ([cast_doubt, cross_threshold], Verdict.INCONCLUSIVE, 4),
        ([violate, cross_threshold], Verdict.VIOLATED, 1),
        ([violate, cast_doubt], Verdict.VIOLATED, 1),
        ([violate, cast_doubt, cross_threshold], Verdict.VIOLATED, 1),
    ],
)
def test_safety_comes_before_doubt_and_doubt_before_thresholds(
    plants: list[Plant], verdict: Verdict, exit_code: int
) -> None:
    run = Run(plan_of(RACE, thresholds={"scan_errors": ["rate<0.001"]}))
    for plant in plants:
        plant(run)

    result = run.judge()

    assert (result.verdict, result.exit_code) == (verdict, exit_code)


def test_one_crossed_threshold_of_two_is_enough() -> None:
    run = Run(plan_of(RACE, thresholds={"scan_errors": ["rate<1"], "scan_duration": ["max<1"]}))

    result = run.judge()

    assert result.verdict is Verdict.THRESHOLD_CROSSED
    assert [threshold.passed for threshold in result.thresholds] == [True, False]


def busy_machine(run: Run) -> None:
    """Let the scans be released on time and answered at once, but decided late."""
    for attempt, event in run.attempts.copy().items():
        run.change(attempt, decided_ns=event.record.decided_ns + 230 * MS)


def late_machine(run: Run) -> None:
    """Let the event loop wake late, to let go no less than to hear an answer."""
    for attempt, event in run.attempts.copy().items():
        at_ns = event.record.intended_ns
        run.change(attempt, released_ns=at_ns + 220 * MS, decided_ns=at_ns + 450 * MS)
        run.time(attempt, sent_ns=at_ns + 220 * MS, answered_ns=at_ns + 450 * MS)


def slow_service(run: Run) -> None:
    """Let the answers come late, and the service not say how long it took."""
    for attempt, event in run.attempts.copy().items():
        at_ns = event.record.released_ns
        run.change(attempt, decided_ns=at_ns + 351 * MS)
        run.time(attempt, sent_ns=at_ns, answered_ns=at_ns + 350 * MS)


FAST = {"scan_duration": ["p(95)<200"]}


@pytest.mark.parametrize(
    ("plants", "verdict", "exit_code", "doubts"),
    [
        ([], Verdict.PASSED, 0, 0),
        ([slow_service], Verdict.THRESHOLD_CROSSED, 3, 0),
        ([busy_machine], Verdict.INCONCLUSIVE, 4, 1),
        ([late_machine], Verdict.INCONCLUSIVE, 4, 1),
        ([slow_service, busy_machine], Verdict.THRESHOLD_CROSSED, 3, 0),
        ([busy_machine, violate], Verdict.VIOLATED, 1, 1),
    ],
)
def test_a_slow_service_crosses_a_threshold_and_a_busy_machine_only_casts_doubt(
    plants: list[Plant], verdict: Verdict, exit_code: int, doubts: int
) -> None:
    run = Run(plan_of(RACE if violate in plants else OWN, thresholds=FAST))
    for plant in plants:
        plant(run)

    result = run.judge()

    assert (result.verdict, result.exit_code) == (verdict, exit_code)
    assert len(result.inconclusive_because) == doubts


def test_the_doubt_tells_whose_share_it_was() -> None:
    run = Run(plan_of(OWN, thresholds=FAST))
    busy_machine(run)

    [doubt] = run.judge().inconclusive_because
    assert doubt == (
        "scan_duration: p(95)<200 is crossed at 240 ms, but the service's share is 10 ms and "
        "this machine's own 230 ms: the machine was too busy to say"
    )


def test_the_doubt_tells_how_well_the_services_share_is_known() -> None:
    run = Run(plan_of(OWN, thresholds=FAST))
    late_machine(run)

    [doubt] = run.judge().inconclusive_because
    assert "crossed at 450 ms, but the service's share is 10 to 230 ms and " in doubt


def test_what_the_service_has_crossed_stays_crossed_beside_what_the_machine_has() -> None:
    run = Run(plan_of(OWN, thresholds={**FAST, "scan_errors": ["rate<0.001"]}))
    busy_machine(run)
    run.show("drill-1.1:gate-03", UNKNOWN)

    result = run.judge()

    assert (result.verdict, result.exit_code) == (Verdict.THRESHOLD_CROSSED, 3)
    assert len(result.inconclusive_because) == 1


def test_checkouts_that_the_machine_has_slowed_down_are_doubted_too() -> None:
    run = Run(checkouts(capacity=3))
    scenario = msgspec.structs.replace(
        run.plan.scenario, thresholds={"checkout_duration": ("max<200",)}
    )
    run.plan = msgspec.structs.replace(run.plan, scenario=scenario)
    busy_machine(run)

    result = run.judge()

    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.inconclusive_because[0].startswith("checkout_duration: max<200 is crossed at ")


def test_the_services_share_and_our_own_are_told_of_all_attempts() -> None:
    result = Run(own_tickets()).judge()

    assert result.service_duration is not None
    assert result.own_duration is not None
    assert result.scan_duration is not None
    assert result.service_duration.avg + result.own_duration.avg == pytest.approx(
        result.scan_duration.avg
    )


@pytest.mark.parametrize("plan", [race(rounds=3), own_tickets(), stream()])
def test_an_honest_run_leaves_no_doubt(plan: Plan) -> None:
    assert Run(plan).judge().inconclusive_because == ()


def silence(run: Run) -> None:
    run.fall_silent("drill-1.2", "gate-03", "gate-01")
    run.fall_silent("drill-1.1", "gate-03")


def tear_off(run: Run) -> None:
    run.torn = True


def lose_everything(run: Run) -> None:
    run.hide_records()
    run.fired.clear()
    run.lose(*run.attempts.copy())


def lose_the_service(run: Run) -> None:
    run.hide("after", "tickets", "table tickets: connection refused")


@pytest.mark.parametrize(
    ("plant", "doubt"),
    [
        (cast_doubt, "the run was cut short: interrupted"),
        (lose_the_service, "records were read before the run and not after it: tickets"),
        (tear_off, "the run was cut short: its history breaks off"),
        (silence, "devices fell silent: gate-01, gate-03"),
        (lose_everything, "no attempt was heard of"),
    ],
)
def test_a_doubt_is_told_in_words(plant: Plant, doubt: str) -> None:
    run = Run(race(rounds=4, devices=4))
    plant(run)

    result = run.judge()

    assert result.inconclusive_because == (doubt,)
    assert result.verdict is Verdict.INCONCLUSIVE


def test_a_service_that_never_shows_its_records_is_judged_by_the_history_alone() -> None:
    run = Run(race(rounds=4, devices=4))
    run.hide_records()

    assert run.judge().verdict is Verdict.PASSED


@pytest.mark.parametrize("open_answer", [UNKNOWN, BUSY, IGNORED, UNREAD])
def test_a_rehearsal_in_which_no_answer_is_settled_shows_nothing(open_answer: Outcome) -> None:
    run = Run(own_tickets())
    run.hide_records()
    for attempt in run.attempts:
        run.show(attempt, open_answer)

    assert run.judge().inconclusive_because == ("no attempt got a settled answer",)

    run.show("drill-1.1:gate-03", ADMITTED)
    assert run.judge().inconclusive_because == ()


def test_a_settled_probe_does_not_make_up_for_a_round_without_answers() -> None:
    run = Run(race())
    run.hide_records()
    for gate in ("gate-01", "gate-02", "gate-03"):
        run.show(f"drill-1.1:{gate}", UNKNOWN)

    assert "no attempt got a settled answer" in run.judge().inconclusive_because


def not_a_race(run: Run, round_number: int) -> None:
    """Let all but one device of this round ask nobody."""
    for gate in ("gate-02", "gate-03"):
        run.show(f"drill-1.{round_number}:{gate}", UNREAD)
    run.unlog(f"t{round_number}", "already_scanned", but=1)


@pytest.mark.parametrize(
    ("rounds", "spoiled", "inconclusive"),
    [(1, 1, True), (2, 1, False), (3, 1, False), (3, 2, True), (4, 2, False), (4, 3, True)],
)
def test_a_race_passes_only_if_at_least_half_of_its_rounds_were_races(
    rounds: int, spoiled: int, inconclusive: bool
) -> None:
    run = Run(race(rounds=rounds))
    for number in range(1, spoiled + 1):
        not_a_race(run, number)

    doubt = (
        f"only {rounds - spoiled} of {rounds} rounds were races: "
        "only 1 of 3 requests were under way at one instant"
    )
    assert run.judge().inconclusive_because == ((doubt,) if inconclusive else ())


def test_different_reasons_why_rounds_were_no_races_are_each_told_once() -> None:
    run = Run(race(rounds=4))
    for number in (1, 2):
        not_a_race(run, number)
    run.was_before("t3", "scanned")
    run.show("drill-1.3:gate-01", USED)

    [doubt] = run.judge().inconclusive_because
    assert doubt == (
        "only 1 of 4 rounds were races: its ticket was not valid before; "
        "only 1 of 3 requests were under way at one instant"
    )


def test_bursts_of_own_tickets_are_not_counted_among_the_races() -> None:
    run = Run(plan_of(own_rounds(5), race_rounds(2)))
    for gate in ("gate-02", "gate-03"):
        for number in (1, 2):
            run.show(f"drill-2.{number}:{gate}", UNREAD)

    assert run.judge().inconclusive_because[0].startswith("only 0 of 2 rounds were races: ")


@pytest.mark.parametrize(("stale", "inconclusive"), [(1, False), (2, False), (3, True), (4, True)])
def test_a_stream_mostly_of_tickets_that_were_not_valid_shows_little(
    stale: int, inconclusive: bool
) -> None:
    run = Run(stream(each=2, devices=2))
    for number in range(1, stale + 1):
        run.was_before(f"t{number}", "scanned")
    for attempt, event in run.attempts.items():
        scan = event.record
        assert isinstance(scan, ScanRecord)
        if int(scan.symbol.removeprefix("t")) <= stale:
            run.show(attempt, USED)

    doubt = f"{stale} of 4 tickets scanned by one device were not valid before"
    assert run.judge().inconclusive_because == ((doubt,) if inconclusive else ())


def test_a_race_for_a_stale_ticket_is_told_as_no_race_and_not_twice() -> None:
    run = Run(race())
    run.was_before("t1", "scanned")
    run.show("drill-1.1:gate-01", USED)

    assert run.judge().inconclusive_because == (
        "only 0 of 1 rounds were races: its ticket was not valid before",
    )


def test_without_records_a_stream_that_nobody_was_admitted_in_is_no_pass() -> None:
    run = Run(stream())
    run.hide_records()
    for attempt in run.attempts:
        run.show(attempt, NOT_FOUND)

    assert run.judge().verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("open_answer", [UNKNOWN, BUSY, IGNORED, UNREAD])
def test_a_ticket_shown_again_must_be_answered(open_answer: Outcome) -> None:
    run = Run(race(rounds=2))
    run.complete_logs = False
    for number in (1, 2):
        probe = next(attempt for attempt in run.attempts if f"1.{number}-probe" in attempt)
        run.show(probe, open_answer)

    assert run.judge().inconclusive_because == ("2 tickets shown again got no settled answer",)


def test_a_device_not_ready_to_scan_its_own_ticket_leaves_that_ticket_untried() -> None:
    run = Run(own_tickets())
    run.not_ready("drill-1.1", "gate-02")
    run.record("t2", "valid")

    assert run.judge().inconclusive_because == ("devices were not ready: gate-02",)


def test_a_device_not_ready_for_a_race_is_no_doubt_while_enough_others_raced() -> None:
    run = Run(race(devices=4))
    run.not_ready("drill-1.1", "gate-04")

    result = run.judge()

    assert result.verdict is Verdict.PASSED
    assert result.unready == (UnreadyDevice("drill-1.1", "gate-04", "unread"),)


def test_the_result_tells_what_was_run_and_where() -> None:
    run = Run(race(devices=4))
    result = run.judge()

    assert (result.run, result.scenario, result.title) == ("run", "drill", "A drill")
    assert (result.target, result.broker) == ("http://a", "mqtt://b")
    assert (result.seed, result.devices) == (run.plan.seed, 4)
    assert result.started_at == "2026-11-20T12:00:00+00:00"
    assert result.cut_short is None


def test_figures_count_all_scans_but_probes() -> None:
    run = Run(race(rounds=2))
    run.show("drill-1.2:gate-03", UNKNOWN)
    result = run.judge()

    assert result.counters == Counters(
        attempts=6,
        scans=6,
        scan_errors=1 / 6,
        checkouts=0,
        checkout_errors=None,
        successful_scans=2,
        already_scanned=3,
        race_conditions_caught=0,
    )
    assert result.outcomes == (
        OutcomeCount("refused", "already_used", 3),
        OutcomeCount("admitted", None, 2),
        OutcomeCount("unknown", "timeout", 1),
    )
    assert result.scan_duration is not None
    assert result.scan_duration.count == 6
    assert result.stages.total == result.scan_duration


def test_without_scans_there_is_no_share_of_errors_and_no_latency() -> None:
    run = Run(race())
    run.lose(*run.attempts.copy())
    result = run.judge()

    assert result.counters == Counters(0, 0, None, 0, None, 0, 0, 0)
    assert (result.scan_duration, result.release_skew) == (None, None)


def test_release_skew_is_told_over_all_bursts() -> None:
    run = Run(plan_of(OWN, race_rounds(2)))
    late = run.attempts["drill-2.2:gate-03"].record
    run.change("drill-2.2:gate-03", released_ns=late.intended_ns + 2_000_000)

    skew = run.judge().release_skew

    assert skew is not None
    assert skew.p95_ms == pytest.approx(0.002 + 0.9 * 1.998)
    assert skew == Skew(3, 0.002, 0.002, skew.p95_ms)


def test_clocks_silence_and_unready_devices_are_told_as_the_history_has_them() -> None:
    run = Run(race(rounds=2))
    run.fall_silent("drill-1.2", "gate-03")
    run.not_ready("drill-1.1", "gate-02")
    result = run.judge()

    assert result.clocks == (ClockUncertainty(FLEET, 3.0, 0.2),)
    assert result.silent == (
        SilentDevices("drill-1.2", FLEET, ("gate-03",), "its process has gone"),
    )
    assert result.unready == (UnreadyDevice("drill-1.1", "gate-02", "unread"),)


def test_all_checks_are_told_in_their_order_and_those_without_a_subject_say_so() -> None:
    checks = Run(race()).judge().checks

    assert [check.name for check in checks] == [
        check(Run(race()).evidence).name for check in CHECKS
    ]
    held = {check.name for check in checks if check.status is CheckStatus.HOLDS}
    assert held >= {
        "admitted once",
        "valid guests admitted",
        "used ticket refused",
        "no attempt lost",
        "records agree",
    }
    others = [check for check in checks if check.name not in held]
    assert {check.status for check in others} == {CheckStatus.NOT_JUDGED}
    assert all(check.why_not_judged for check in others)


def test_a_device_not_ready_to_show_its_own_ticket_beside_a_race_leaves_that_one_untried() -> None:
    burst = Burst(shows=(Show("contested", devices=2, same=True), Show("fresh")))
    groups = (TicketGroup("contested"), TicketGroup("fresh"))
    run = Run(plan_of(burst, devices=3, tickets=groups))
    run.not_ready("drill-1.1", "gate-03")
    run.record("t2", "valid")

    assert run.judge().inconclusive_because == ("devices were not ready: gate-03",)


def test_a_device_not_ready_to_race_beside_others_is_no_doubt_while_enough_others_raced() -> None:
    burst = Burst(shows=(Show("contested", devices=3, same=True), Show("fresh")))
    groups = (TicketGroup("contested"), TicketGroup("fresh"))
    run = Run(plan_of(burst, devices=4, tickets=groups))
    run.not_ready("drill-1.1", "gate-03")

    assert run.judge().inconclusive_because == ()


@pytest.mark.parametrize(
    "plan",
    [
        vip_table(guests=3, phases=2),
        linked_family(),
        linking(),
        checkouts(),
        paid_checkout(),
        legacy_payment(),
    ],
    ids=["passes", "linked tickets", "links", "checkouts", "payments", "payments of old"],
)
def test_an_honest_run_of_any_kind_passes_without_a_doubt(plan: Plan) -> None:
    result = Run(plan).judge()

    assert (result.verdict, result.inconclusive_because) == (Verdict.PASSED, ())


def test_checkouts_are_counted_beside_scans() -> None:
    run = Run(checkouts(capacity=2, kiosks=4))
    run.show("drill-1.1:kiosk-04", UNKNOWN)
    result = run.judge()

    assert (result.counters.attempts, result.counters.scans) == (4, 0)
    assert (result.counters.checkouts, result.counters.checkout_errors) == (4, 0.25)
    assert result.scan_duration is None
    assert result.checkout_duration is not None
    assert result.checkout_duration.count == 4
    assert OutcomeCount("booked", None, 2) in result.outcomes


def test_the_result_tells_which_of_several_runs_of_a_scenario_it_is() -> None:
    plan = msgspec.structs.replace(race(), repeat=3)

    assert Run(plan).judge().repeat == 3


@pytest.mark.parametrize("plant", [violate, cast_doubt, silence, cross_threshold])
def test_the_same_evidence_gives_the_same_result_and_it_survives_json(plant: Plant) -> None:
    def story() -> Result:
        run = Run(plan_of(race_rounds(2, probe=True), Stream("fresh", 1)))
        plant(run)
        return run.judge()

    result = story()

    assert story() == result
    assert msgspec.json.decode(msgspec.json.encode(result), type=Result) == result


def test_a_scan_that_was_not_planned_is_nobodys() -> None:
    run = Run(race())
    event = run.attempts["drill-1.1:gate-01"]
    stray = msgspec.structs.replace(event.record, attempt="drill-9.9:gate-01")
    run.attempts["stray"] = msgspec.structs.replace(event, record=stray)

    assert run.judge() == Run(race()).judge()


def test_a_history_without_its_beginning_is_not_judged() -> None:
    run = Run(race())

    with pytest.raises(TypeError):
        judge(run.plan, [Fired("drill-1.1", 1)], run.records)


def test_the_exit_codes_of_the_verdicts() -> None:
    assert {str(verdict): verdict.exit_code for verdict in Verdict} == {
        "passed": 0,
        "safety violated": 1,
        "threshold crossed": 3,
        "inconclusive": 4,
    }


def clocks_of(*readings: ClockRead) -> tuple[ClockUncertainty, ...]:
    run = Run(race())
    run.clocks = list(readings)
    return run.judge().clocks


def test_a_clock_that_was_read_again_tells_its_drift_and_is_known_so_much_worse() -> None:
    assert clocks_of(
        ClockRead("east", 3_000_000, 200_000),
        ClockRead("west", -1_000_000, 300_000),
        ClockRead("east", 2_500_000, 100_000),
        ClockRead("west", -1_000_000, 500_000),
    ) == (
        ClockUncertainty("east", offset_ms=3.0, bound_ms=0.6, drift_ms=-0.5),
        ClockUncertainty("west", offset_ms=-1.0, bound_ms=0.5, drift_ms=0.0),
    )


def test_a_second_reading_never_makes_a_clock_better_known() -> None:
    assert clocks_of(ClockRead("east", 0, 400_000), ClockRead("east", 1_000, 100)) == (
        ClockUncertainty("east", offset_ms=0.0, bound_ms=0.4, drift_ms=0.001),
    )


def test_a_clock_that_was_read_once_has_no_known_drift() -> None:
    assert clocks_of(ClockRead("east", 3_000_000, 200_000)) == (
        ClockUncertainty("east", offset_ms=3.0, bound_ms=0.2, drift_ms=None),
    )


NOT_SEARCHED = (
    "only {} of {} swept rounds could find anything: in the others "
    "too few devices asked, or the ticket was not valid before"
)


def test_swept_rounds_are_not_counted_among_the_races() -> None:
    assert Run(hunt()).judge().inconclusive_because == ()


@pytest.mark.parametrize(("thin", "inconclusive"), [(1, False), (2, False), (3, True), (4, True)])
def test_a_hunt_shows_little_if_in_most_rounds_too_few_asked(thin: int, inconclusive: bool) -> None:
    run = Run(hunt(rounds=4, devices=5))
    for number in range(1, thin + 1):
        for gate in ("gate-02", "gate-03", "gate-04"):
            run.not_ready(f"drill-1.{number}", gate)

    doubts = (NOT_SEARCHED.format(4 - thin, 4),) if inconclusive else ()
    assert run.judge().inconclusive_because == doubts


def test_one_device_that_was_not_ready_for_a_hunt_is_no_doubt() -> None:
    run = Run(hunt(rounds=2, devices=5))
    run.not_ready("drill-1.1", "gate-02")

    assert run.judge().inconclusive_because == ()


def test_a_hunt_with_tickets_that_were_not_valid_shows_nothing() -> None:
    run = Run(hunt(rounds=2))
    for ticket in ("t1", "t2"):
        run.was_before(ticket, "cancelled")
    for attempt in run.attempts:
        run.answer(attempt, CANCELLED)

    assert NOT_SEARCHED.format(0, 2) in run.judge().inconclusive_because
