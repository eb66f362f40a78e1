"""No check accuses a service that does everything right, whatever the history lacks."""

from collections.abc import Sequence

import msgspec
import pytest
from evidence_builder import (
    ADMITTED,
    READMITTED,
    UNKNOWN,
    USED,
    Alone,
    Moment,
    Run,
    apart,
    plan_of,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gatedrill.contract.messages import QueueState
from gatedrill.contract.outcome import Authority, Outcome, OutcomeKind
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
from gatedrill.orchestrator.checks.catalogue import CHECKS, OFFLINE_CHECKS, run_checks
from gatedrill.orchestrator.checks.check import Check, CheckResult, CheckStatus
from gatedrill.orchestrator.plan import Plan, PlannedScan, PlannedWebhook

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


@pytest.mark.parametrize("check", OFFLINE_CHECKS, ids=lambda check: check.__name__)
def test_each_check_of_what_devices_decide_is_judged_on_an_honest_run(check: Check) -> None:
    plan = apart(plan_of(Burst(shows=(Show("fresh"),)), devices=2))
    alone = {"drill-1.1:gate-01": Alone(authority=Authority.VENUE)}

    assert check(Run(plan, alone).evidence).status is CheckStatus.HOLDS


def decided_alone(draw: st.DrawFn, plan: Plan, first: int) -> dict[str, Alone]:
    """Scans from one step on, as each device's own copy of the tickets has it.

    All copies know what the service has admitted before, and each what its own device has.
    """
    tickets = {ticket.id: ticket for ticket in plan.tickets}
    used = {
        (device.name, planned.ticket)
        for step in plan.steps[:first]
        for planned in step.attempts
        for device in plan.devices
        if isinstance(planned, PlannedScan)
    }
    alone: dict[str, Alone] = {}
    for planned in (each for step in plan.steps[first:] for each in step.attempts):
        if isinstance(planned, PlannedScan):
            ticket, here = tickets[planned.ticket], (planned.device, planned.ticket)
            outcome = ADMITTED
            if ticket.refused_as is not None:
                outcome = Outcome(OutcomeKind.REFUSED, ticket.refused_as)
            elif here in used:
                outcome = READMITTED if ticket.reservation else USED
            used.add(here)
            received = ticket.refused_as is None and draw(st.booleans())
            state = draw(st.sampled_from([QueueState.SYNCED, QueueState.PENDING]))
            alone[planned.attempt] = Alone(outcome, Authority.OFFLINE, received, state)
    return alone


@st.composite
def cut_runs(draw: st.DrawFn) -> Run:
    """The answers of the service are lost from one step on, to the end, at all gates."""
    plan = apart(draw(plans()), Authority.OFFLINE)
    first = draw(st.integers(0, len(plan.steps) - 1))
    run = Run(plan, decided_alone(draw, plan, first))
    run.fail("uplink-answers-lost", from_ns=run.fired[plan.steps[first].id] - 1_000_000_000)
    run.drained = []
    return run


@relaxed
@given(run=cut_runs(), hides=st.sampled_from([None, "logs", "after"]), complete=st.booleans())
def test_who_decides_alone_while_nobody_can_be_asked_violates_nothing(
    run: Run, hides: Moment | None, complete: bool
) -> None:
    run.complete_logs = complete
    if hides is not None:
        run.hidden.update((hides, table) for table in ("tickets", "scan_logs", "vip_scan_logs"))

    assert not violated(run_checks(run.evidence))


@relaxed
@given(run=cut_runs(), data=st.data())
def test_the_journals_of_devices_that_died_accuse_nobody(run: Run, data: st.DataObject) -> None:
    for attempt in data.draw(st.lists(st.sampled_from(losable(run.plan)), unique=True)):
        event = run.attempts.get(attempt)
        if event is not None:
            run.fall_silent(event.step, event.record.device)

    assert not violated(run_checks(run.evidence))


def test_the_checks_have_names_of_their_own() -> None:
    results = run_checks(Run(apart(plan_of(Burst(shows=(Show("fresh"),))))).evidence)

    assert len({each.name for each in results}) == len((*CHECKS, *OFFLINE_CHECKS))
