"""Nothing is lost: every attempt that was begun is accounted for."""

import pytest
from evidence_builder import (
    UNKNOWN,
    Run,
    checkouts,
    legacy_payment,
    linking,
    own_tickets,
    paid_checkout,
    race,
    stream,
)

from gatedrill.orchestrator.checks.check import CheckStatus, Violation
from gatedrill.orchestrator.checks.completeness import no_attempt_lost
from gatedrill.orchestrator.plan import Plan, PlannedWebhook


def first_event(plan: Plan) -> str:
    payment = plan.steps[0].attempts[0]
    assert isinstance(payment, PlannedWebhook)
    return payment.event


def test_an_honest_run_has_lost_nothing() -> None:
    result = no_attempt_lost(Run(race(rounds=2)).evidence)

    assert (result.status, result.examined) == (CheckStatus.HOLDS, 8)


def test_a_scan_of_a_burst_that_nobody_tells_of_is_lost() -> None:
    run = Run(race())
    run.lose("drill-1.1:gate-02")

    result = no_attempt_lost(run.evidence)

    assert (result.status, result.examined, result.violations) == (CheckStatus.VIOLATED, 4, 1)
    assert result.shown == (
        Violation("t1", "no outcome", ("gate-02 was to scan it as drill-1.1:gate-02",)),
    )


def test_an_unknown_outcome_is_an_outcome() -> None:
    run = Run(race())
    run.show("drill-1.1:gate-02", UNKNOWN)

    assert no_attempt_lost(run.evidence).status is CheckStatus.HOLDS


def test_a_stream_that_runs_out_of_time_has_lost_nothing() -> None:
    run = Run(stream(each=3, devices=2))
    run.lose("drill-1:gate-01:2", "drill-1:gate-01:3", "drill-1:gate-02:3")

    result = no_attempt_lost(run.evidence)

    assert (result.status, result.examined) == (CheckStatus.HOLDS, 3)


def test_a_gap_in_a_device_s_stream_is_a_lost_scan() -> None:
    run = Run(stream(each=3, devices=2))
    run.lose("drill-1:gate-01:2", "drill-1:gate-02:2", "drill-1:gate-02:3")

    result = no_attempt_lost(run.evidence)

    assert (result.status, result.examined, result.violations) == (CheckStatus.VIOLATED, 4, 1)
    assert result.shown[0].witness == ("gate-01 was to scan it as drill-1:gate-01:2",)


def test_a_silent_device_is_excused_for_what_was_not_heard_and_in_that_step_only() -> None:
    run = Run(race(rounds=2))
    run.fall_silent("drill-1.1", "gate-02")
    assert no_attempt_lost(run.evidence).status is CheckStatus.HOLDS
    assert no_attempt_lost(run.evidence).examined == 7

    run.lose("drill-1.2:gate-02")
    assert no_attempt_lost(run.evidence).violations == 1


def test_another_device_s_silence_is_no_excuse() -> None:
    run = Run(race())
    run.fall_silent("drill-1.1", "gate-02")
    run.lose("drill-1.1:gate-03")

    assert no_attempt_lost(run.evidence).violations == 1


def test_a_silent_device_has_still_made_the_scans_that_were_heard() -> None:
    run = Run(stream(each=2, devices=1))
    run.fall_silent("drill-1", "gate-01")
    heard = Run(stream(each=2, devices=1)).attempts["drill-1:gate-01:1"]
    run.attempts["drill-1:gate-01:1"] = heard

    assert no_attempt_lost(run.evidence).examined == 1


def test_a_device_that_was_not_ready_is_excused_in_that_step_only() -> None:
    run = Run(race(rounds=2))
    run.not_ready("drill-1.1", "gate-02")
    assert no_attempt_lost(run.evidence).status is CheckStatus.HOLDS

    run.lose("drill-1.2:gate-02")
    assert no_attempt_lost(run.evidence).violations == 1


def test_a_step_that_was_never_fired_has_begun_nothing() -> None:
    run = Run(race(rounds=2))
    for step in ("drill-1.2", "drill-1.2-probe"):
        del run.fired[step]
    run.lose(*(attempt for attempt in run.attempts.copy() if attempt.startswith("drill-1.2")))

    result = no_attempt_lost(run.evidence)

    assert (result.status, result.examined) == (CheckStatus.HOLDS, 4)


@pytest.mark.parametrize("torn", [False, True])
def test_a_run_that_was_cut_short_is_not_judged(torn: bool) -> None:
    run = Run(own_tickets())
    run.lose("drill-1.1:gate-02")
    run.cut_short, run.torn = "interrupted", torn

    result = no_attempt_lost(run.evidence)

    assert (result.status, result.why_not_judged) == (
        CheckStatus.NOT_JUDGED,
        "the run was cut short",
    )


@pytest.mark.parametrize(
    ("plan", "attempt", "subject", "line"),
    [
        (checkouts(), "drill-1.1:kiosk-02", "evening", "kiosk-02 was to book it as"),
        (linking(), "drill-1.1:kiosk-02", "t2", "kiosk-02 was to link it as"),
        (
            legacy_payment(),
            "drill-1.2:kiosk-01",
            first_event(legacy_payment()),
            "kiosk-01 was to tell of it as",
        ),
    ],
)
def test_what_a_kiosk_was_to_do_can_be_lost_too(
    plan: Plan, attempt: str, subject: str, line: str
) -> None:
    run = Run(plan)
    assert no_attempt_lost(run.evidence).status is CheckStatus.HOLDS
    run.lose(attempt)

    result = no_attempt_lost(run.evidence)

    assert (result.status, result.violations) == (CheckStatus.VIOLATED, 1)
    assert result.shown == (Violation(subject, "no outcome", (f"{line} {attempt}",)),)


def test_a_payment_for_a_checkout_that_was_not_booked_is_excused() -> None:
    run = Run(paid_checkout(capacity=1, guests=2))

    result = no_attempt_lost(run.evidence)

    assert (result.status, result.examined) == (CheckStatus.HOLDS, 1)


def test_an_answer_of_another_kind_than_was_asked_is_none() -> None:
    run = Run(checkouts())
    link = Run(linking()).attempts["drill-1.1:kiosk-01"]
    run.attempts["drill-1.1:kiosk-01"] = link

    assert no_attempt_lost(run.evidence).violations == 1
