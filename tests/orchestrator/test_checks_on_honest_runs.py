"""No check accuses a service that does everything right, whatever the history lacks."""

from collections.abc import Sequence

import msgspec
import pytest
from evidence_builder import UNKNOWN, Moment, Run, plan_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatedrill.fixtures.scenario import (
    Book,
    Burst,
    LinkTickets,
    Pay,
    Payment,
    Phase,
    Reservation,
    Show,
    Slot,
    Stream,
    TicketGroup,
)
from gatedrill.orchestrator.checks.catalogue import CHECKS, run_checks
from gatedrill.orchestrator.checks.check import Check, CheckResult, CheckStatus
from gatedrill.orchestrator.plan import Plan, PlannedWebhook

GATES, KIOSKS = 9, 4

GROUPS = (
    TicketGroup("good"),
    TicketGroup("doubled"),
    TicketGroup("cancelled", status="cancelled"),
    TicketGroup("unknown", status="unknown"),
    TicketGroup("forged", code="forged"),
    TicketGroup("foreign", code="signed", event="other"),
    TicketGroup("family", count=2, reservation="table"),
    TicketGroup("late", count=3),
    TicketGroup("guests", "vip_pass", 2, reservation="table"),
    TicketGroup("revoked", "vip_pass", 1, reservation="table", status="cancelled"),
    TicketGroup("closed", "vip_pass", 1, reservation="closed"),
)

SHOWS = st.sampled_from(
    [
        Show("good", devices=2),
        Show("doubled", devices=3, same=True),
        Show("cancelled", devices=1),
        Show("unknown", devices=1),
        Show("forged", devices=1),
        Show("foreign", devices=1),
        Show("family", devices=2),
        Show("family", devices=2, same=True),
        Show("late", devices=3),
        Show("guests", devices=2),
        Show("guests", devices=3, same=True),
        Show("revoked", devices=1),
        Show("closed", devices=1),
    ]
)

DESKS = st.sampled_from(
    [
        Burst(),
        Burst(books=(Book("evening", 1, kiosks=3),)),
        Burst(books=(Book("evening", 2, kiosks=4),)),
        Burst(pays=(Pay("evening", kiosks=3, same=True, legacy=True, guests=2),)),
        Burst(pays=(Pay("evening", kiosks=3, legacy=True, guests=1),)),
        Burst(links=(LinkTickets("late", "other", kiosks=3),)),
    ]
)


def fitting(shows: Sequence[Show]) -> tuple[Show, ...]:
    """As many of these as there are gates for."""
    chosen: list[Show] = []
    for show in shows:
        if sum(each.devices or 0 for each in (*chosen, show)) <= GATES:
            chosen.append(show)
    return tuple(chosen)


@st.composite
def phases(draw: st.DrawFn) -> Phase:
    """A burst of gates and kiosks, or a stream."""
    if draw(st.integers(0, 5)) == 0:
        return Stream("good", duration_s=2, pause_s=1)
    shows = fitting(draw(st.lists(SHOWS, min_size=1, max_size=4, unique=True)))
    probe = shows[0].tickets in ("good", "doubled")
    rounds = draw(st.integers(1, 2))
    return msgspec.structs.replace(draw(DESKS), shows=shows, rounds=rounds, probe=probe)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Up to four phases of everything."""
    payment = draw(st.sampled_from([Payment(), Payment(), Payment("fail"), Payment("time_out")]))
    chosen = draw(st.lists(phases(), min_size=1, max_size=4))
    if draw(st.booleans()):
        booking = Burst(books=(Book("evening", 2, kiosks=2),))
        chosen += [booking, Burst(pays=(Pay("evening", kiosks=2),), rounds=2)]
    return plan_of(
        *chosen,
        devices=GATES,
        kiosks=KIOSKS,
        tickets=GROUPS,
        reservations=(
            Reservation("table", 2),
            Reservation("other", 2),
            Reservation("closed", 2, status="pending"),
        ),
        slots=(Slot("evening", 6, available=draw(st.integers(0, 6))),),
        payment=payment,
    )


def violated(results: Sequence[CheckResult]) -> list[CheckResult]:
    return [each for each in results if each.status is CheckStatus.VIOLATED]


def losable(plan: Plan) -> list[str]:
    """Attempts whose answer may get lost without changing what is done after it.

    Payments follow on the answers of checkouts.
    """
    attempts = [planned for step in plan.steps for planned in step.attempts]
    paid = {planned.pays for planned in attempts if isinstance(planned, PlannedWebhook)}
    return [planned.attempt for planned in attempts if planned.attempt not in paid]


relaxed = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(plan=plans())
def test_an_honest_run_of_everything_violates_nothing(plan: Plan) -> None:
    assert not violated(run_checks(Run(plan).evidence))


@relaxed
@given(plan=plans(), data=st.data())
def test_lost_answers_accuse_nobody(plan: Plan, data: st.DataObject) -> None:
    run = Run(plan)
    for attempt in data.draw(st.lists(st.sampled_from(losable(plan)), unique=True), label="open"):
        if attempt in run.attempts:
            run.show(attempt, UNKNOWN)

    assert not violated(run_checks(run.evidence))


@relaxed
@given(plan=plans(), data=st.data(), why=st.sampled_from(["silent", "interrupted", "torn off"]))
def test_silence_accuses_nobody(plan: Plan, data: st.DataObject, why: str) -> None:
    run = Run(plan)
    for attempt in data.draw(st.lists(st.sampled_from(losable(plan)), unique=True), label="lost"):
        event = run.attempts.get(attempt)
        if event is None:
            continue
        if why == "silent":
            run.fall_silent(event.step, event.record.device)
        else:
            run.lose(attempt)
    run.cut_short, run.torn = (why, False) if why == "interrupted" else (None, why == "torn off")

    assert not violated(run_checks(run.evidence))


@relaxed
@given(
    plan=plans(),
    hidden=st.lists(
        st.tuples(
            st.sampled_from(["before", "after", "logs"]),
            st.sampled_from(
                [
                    "tickets",
                    "vip_passes",
                    "vip_reservations",
                    "linked_tickets",
                    "slots",
                    "scan_logs",
                    "vip_scan_logs",
                    "payment_sessions",
                    "audit_logs",
                ]
            ),
        )
    ),
    complete=st.booleans(),
)
def test_records_that_cannot_be_read_accuse_nobody(
    plan: Plan, hidden: list[tuple[Moment, str]], complete: bool
) -> None:
    run = Run(plan)
    run.complete_logs = complete
    run.hidden.update(hidden)

    assert not violated(run_checks(run.evidence))


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_each_check_is_judged_on_some_honest_run(check: Check) -> None:
    plan = plan_of(
        Burst(shows=(Show("guests", devices=2), Show("good", devices=1)), expect={"admitted": 3}),
        Burst(shows=(Show("good", devices=2, same=True), Show("guests", devices=2)), probe=True),
        Burst(books=(Book("evening", 2, kiosks=2),)),
        Burst(pays=(Pay("evening", kiosks=2),)),
        Burst(links=(LinkTickets("late", "other", kiosks=3),)),
        devices=GATES,
        kiosks=KIOSKS,
        tickets=GROUPS,
        reservations=(Reservation("table", 2), Reservation("other", 2), Reservation("closed", 2)),
        slots=(Slot("evening", 6),),
    )

    assert check(Run(plan).evidence).status is CheckStatus.HOLDS


def test_the_checks_have_names_of_their_own() -> None:
    results = run_checks(Run(plan_of(Burst(shows=(Show("fresh"),)))).evidence)

    assert len({each.name for each in results}) == len(CHECKS)
