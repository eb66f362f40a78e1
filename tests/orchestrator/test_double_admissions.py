"""Two admissions of one ticket, of which devices decided some by themselves."""

import msgspec
import pytest
from evidence_builder import (
    BUDGET_NS,
    REGISTRAR,
    Alone,
    Run,
    apart,
    plan_of,
    race,
    vip_table,
)

from gatedrill.contract.attempt import Ask, ClaimAsk
from gatedrill.contract.outcome import Authority, Reason
from gatedrill.devices import uplink_health
from gatedrill.fixtures.scenario import Burst, FaultName, Show, TicketGroup
from gatedrill.orchestrator.checks.admission import admitted_once, used_ticket_refused
from gatedrill.orchestrator.checks.check import CheckStatus
from gatedrill.orchestrator.coming_back import (
    BROKER_RETURN_S,
    PROBE_PAUSE_S,
    REGISTRAR_RETURN_S,
    SECOND_PROBE_S,
    SERVICE_RETURN_S,
)
from gatedrill.orchestrator.history import ClockRead
from gatedrill.orchestrator.offline_facts import expected_doubles
from gatedrill.orchestrator.plan import BeginAct, PlannedFault

ALONE = Alone()
ONE, TWO = "drill-1.1:gate-01", "drill-1.1:gate-02"
T_NS = 10_000_000_000
DECIDED_NS = T_NS + BUDGET_NS
SECOND_NS = 1_000_000_000
BOUND_NS = 10_000_000
"""More than the clocks may be wrong by."""
RETURN_NS = round(SERVICE_RETURN_S * SECOND_NS)


def two_alone(one: Alone | None = ALONE, two: Alone = ALONE, *authorities: Authority) -> Run:
    """Two gates let one guest in by themselves, the second one half a second later."""
    alone = {name: each for name, each in ((ONE, one), (TWO, two)) if each is not None}
    run = Run(apart(race(devices=2, probe=False), *(authorities or (Authority.OFFLINE,))), alone)
    record = run.attempts[TWO].record
    run.change(TWO, decided_ns=record.decided_ns + SECOND_NS // 2)
    return run


def wrong(run: Run) -> str | None:
    """What is wrong with the only ticket; None if nothing is."""
    result = admitted_once(run.evidence)
    assert result.examined == 1
    return result.shown[0].what if result.violations else None


def test_who_was_out_of_reach_all_the_time_is_expected_to_admit_twice() -> None:
    run = two_alone()
    fault = run.fail("uplink-down", from_ns=T_NS, to_ns=DECIDED_NS + SECOND_NS)

    assert wrong(run) is None
    [told] = expected_doubles(run.evidence)
    assert (told.ticket, told.admissions, told.because) == ("t1", 2, (fault,))
    assert [line.partition(":")[0] for line in told.witness] == ["gate-01", "gate-02"]
    assert "decided by itself at 11.500000 s" in told.witness[0]


def test_without_any_fault_a_double_by_itself_is_a_violation() -> None:
    run = two_alone()

    assert wrong(run) == "admitted 2 times, though gate-01 could reach the service in between"
    assert expected_doubles(run.evidence) == ()


@pytest.mark.parametrize("kind", ["uplink-down", "uplink-answers-lost"])
@pytest.mark.parametrize(("gap_ns", "is_wrong"), [(RETURN_NS, False), (RETURN_NS + 1, True)])
def test_one_gap_in_which_the_service_could_be_reached_makes_it_a_violation(
    kind: FaultName, gap_ns: int, is_wrong: bool
) -> None:
    run = two_alone()
    run.change(TWO, decided_ns=DECIDED_NS + 2 * RETURN_NS)
    run.fail(kind, from_ns=T_NS, to_ns=DECIDED_NS + 100)
    run.fail(kind, from_ns=DECIDED_NS + 100 + gap_ns)

    in_between = "admitted 2 times, though gate-01 could reach the service in between"
    assert wrong(run) == (in_between if is_wrong else None)


@pytest.mark.parametrize(
    ("after_ns", "is_wrong"), [(RETURN_NS - BOUND_NS, False), (RETURN_NS, True)]
)
@pytest.mark.parametrize("kind", ["uplink-down", "device-paused"])
def test_a_gate_that_is_still_coming_back_cannot_know(
    kind: FaultName, after_ns: int, is_wrong: bool
) -> None:
    run = two_alone()
    ended_ns = DECIDED_NS + SECOND_NS
    run.change(TWO, decided_ns=ended_ns + after_ns)
    fault = run.fail(kind, from_ns=T_NS, to_ns=ended_ns)

    assert (wrong(run) is not None) == is_wrong
    assert [each.because for each in expected_doubles(run.evidence)] == [(fault,)][is_wrong:]


def test_an_answer_proves_that_a_gate_was_back_earlier() -> None:
    run = two_alone()
    ended_ns, asked_ns = DECIDED_NS + SECOND_NS, DECIDED_NS + 2 * SECOND_NS
    run.fail("uplink-down", from_ns=T_NS, to_ns=ended_ns)
    run.change(TWO, decided_ns=DECIDED_NS + 3 * SECOND_NS)
    assert wrong(run) is None

    run.change(TWO, asks=(Ask(asked_ns, asked_ns, reason=Reason.TIMEOUT),))
    assert wrong(run) is None, "no answer proves nothing"
    run.change(TWO, asks=(Ask(asked_ns, asked_ns, 200),))
    assert wrong(run) == "admitted 2 times, though gate-02 could reach the service in between"


def test_who_was_seen_to_be_back_is_not_excused_by_the_fault_before() -> None:
    run = two_alone()
    ended_ns, asked_ns = T_NS - 4 * SECOND_NS, T_NS - 3 * SECOND_NS
    run.fail("uplink-down", from_ns=0, to_ns=ended_ns)
    assert wrong(run) is None

    [early, *_] = run.attempts[ONE].record.asks
    run.change(ONE, asks=(Ask(asked_ns, asked_ns, 200), early))
    assert wrong(run) == "admitted 2 times, though gate-01 could reach the service in between"


@pytest.mark.parametrize(
    ("kind", "return_s"),
    [
        ("broker-stopped", BROKER_RETURN_S),
        ("broker-frozen", BROKER_RETURN_S),
        ("registrar-stopped", REGISTRAR_RETURN_S),
    ],
)
@pytest.mark.parametrize("after_ns", [-BOUND_NS, 0])
def test_a_gate_may_need_a_while_to_find_the_registrar_again(
    kind: FaultName, return_s: float, after_ns: int
) -> None:
    run = two_alone(Alone(), Alone(), Authority.VENUE, Authority.OFFLINE)
    run.fail("uplink-down")
    one_ns = run.attempts[ONE].record.decided_ns
    run.fail(kind, from_ns=T_NS, to_ns=one_ns + 1)
    run.change(TWO, decided_ns=one_ns + 1 + round(return_s * SECOND_NS) + after_ns)

    both = "admitted 2 times, though both could reach the registrar in between"
    assert wrong(run) == (None if after_ns else both)


def test_who_was_started_again_begins_by_asking() -> None:
    run = two_alone()
    run.fail("uplink-down", "gate-02")
    run.fail("device-killed", "gate-01", from_ns=T_NS, to_ns=DECIDED_NS + 100)

    assert wrong(run) == "admitted 2 times, though gate-01 could reach the service in between"


def test_a_probe_pauses_no_longer_than_is_allowed_for() -> None:
    pauses_s, answers_s = uplink_health.LONGEST_PAUSE_S, 2 * 0.75

    assert pauses_s == PROBE_PAUSE_S
    assert uplink_health.GOOD_PROBES == 2
    assert uplink_health.FIRST_PAUSE_S + answers_s <= SECOND_PROBE_S


def test_two_faults_without_a_gap_are_as_good_as_one() -> None:
    run = two_alone()
    run.fail("uplink-down", from_ns=T_NS, to_ns=DECIDED_NS + 100)
    run.fail("uplink-answers-lost", from_ns=DECIDED_NS + 100)

    assert wrong(run) is None


def test_the_clock_bounds_belong_to_the_time_in_between() -> None:
    run = two_alone()
    run.change(TWO, decided_ns=DECIDED_NS + RETURN_NS + SECOND_NS)
    run.fail("uplink-down", from_ns=T_NS, to_ns=DECIDED_NS + SECOND_NS + 1_000_000)
    assert wrong(run) is None

    run.clocks = [ClockRead("east", 0, 2_000_000)]
    assert wrong(run) is not None


def test_a_fault_of_one_gate_excuses_no_other() -> None:
    run = two_alone()
    run.fail("uplink-down", "gate-01")

    assert wrong(run) == "admitted 2 times, though gate-02 could reach the service in between"


@pytest.mark.parametrize("kind", ["device-killed", "device-paused"])
def test_a_device_that_was_gone_reached_nobody(kind: FaultName) -> None:
    run = two_alone()
    run.fail("uplink-down", "gate-02")
    run.fail("uplink-down", "gate-01", from_ns=T_NS, to_ns=DECIDED_NS + 1_000)
    run.fail(kind, "gate-01", from_ns=DECIDED_NS)

    assert wrong(run) is None


def test_an_answer_in_between_proves_that_the_service_was_in_reach() -> None:
    run = two_alone()
    run.fail("uplink-down")
    assert wrong(run) is None
    asks = run.attempts[ONE].record.asks
    at_ns = DECIDED_NS + SECOND_NS // 4
    run.change(ONE, asks=(*asks, Ask(at_ns, at_ns + 1_000, 200)))

    assert wrong(run) == "admitted 2 times, though gate-01 could reach the service in between"


def test_what_the_service_admitted_it_need_not_be_told_and_who_asked_in_vain_did_try() -> None:
    run = two_alone(one=None)
    run.fail("uplink-down", from_ns=T_NS + 50_000_000)

    assert wrong(run) is None


def test_who_asked_in_vain_though_nothing_failed_is_not_excused() -> None:
    assert wrong(two_alone(one=None)) is not None


@pytest.mark.parametrize(
    ("fault", "is_expected"),
    [
        (PlannedFault("slow", "uplink-slow", ("gate-01", "gate-02"), delay_ms=1500), True),
        (PlannedFault("slow", "uplink-slow", ("gate-01", "gate-02"), delay_ms=1400), False),
        (PlannedFault("lossy", "uplink-lossy", ("gate-01", "gate-02"), share=1.0), True),
        (PlannedFault("lossy", "uplink-lossy", ("gate-01", "gate-02"), share=0.9), False),
        (PlannedFault("garbage", "uplink-garbage", ("gate-01", "gate-02"), share=1.0), True),
    ],
)
def test_an_uplink_through_which_no_answer_comes_in_time_is_down(
    fault: PlannedFault, is_expected: bool
) -> None:
    run = two_alone()
    run.fail(fault.fault)
    name = run.faults[0].fault
    [step] = run.plan.steps
    begin = BeginAct((msgspec.structs.replace(fault, id=name),))
    begun = msgspec.structs.replace(step, before=(begin,))
    run.plan = msgspec.structs.replace(run.plan, steps=(begun,))

    assert (wrong(run) is None) == is_expected


def test_both_who_could_reach_the_registrar_had_one_in_common() -> None:
    run = two_alone(Alone(), Alone(), Authority.VENUE, Authority.OFFLINE)
    run.fail("uplink-down")
    assert wrong(run) == "admitted 2 times, though both could reach the registrar in between"

    run.fail("broker-frozen", "gate-02")
    assert wrong(run) is None


@pytest.mark.parametrize("kind", ["broker-stopped", "broker-frozen", "registrar-stopped"])
def test_a_registrar_out_of_reach_for_all_excuses(kind: FaultName) -> None:
    run = two_alone(Alone(), Alone(), Authority.VENUE, Authority.OFFLINE)
    run.fail("uplink-down")
    run.fail(kind)

    assert wrong(run) is None


def test_a_registrar_that_granted_twice_has_no_excuse() -> None:
    venue = Alone(authority=Authority.VENUE)
    run = two_alone(venue, venue, Authority.VENUE)
    run.fail("uplink-down")
    run.fail("broker-stopped")

    assert wrong(run) == "admitted 2 times, by one registrar, which granted it twice"


def test_two_registrar_files_are_named() -> None:
    venue = Alone(authority=Authority.VENUE)
    run = two_alone(venue, venue, Authority.VENUE)
    run.change(TWO, claim=ClaimAsk(DECIDED_NS, DECIDED_NS + 1_000, "another", granted=True))

    assert wrong(run) == (
        f"admitted 2 times, by grants of two registrar files, {REGISTRAR} and another"
    )


@pytest.mark.parametrize("gates", [("gate-02",), ()])
@pytest.mark.parametrize("to_ns", [None, DECIDED_NS + SECOND_NS // 4])
def test_the_service_and_the_registrar_together_are_told_as_not_promised_until_all_is_uploaded(
    gates: tuple[str, ...], to_ns: int | None
) -> None:
    run = two_alone(None, Alone(authority=Authority.VENUE), Authority.VENUE)
    run.fail("uplink-down", *gates, to_ns=to_ns)

    assert wrong(run) == (
        "admitted 2 times, once by the service and once by the registrar, which is not promised "
        "while a gate is cut off from the service or has scans to upload"
    )


def test_a_grant_and_a_device_out_of_reach_are_expected() -> None:
    run = two_alone(Alone(authority=Authority.VENUE), Alone(), Authority.VENUE, Authority.OFFLINE)
    run.fail("uplink-down")
    run.fail("broker-stopped", "gate-02", from_ns=T_NS)

    assert wrong(run) is None


def test_a_gate_knows_what_it_did_itself() -> None:
    plan = plan_of(
        *[Burst(shows=(Show("one", same=True),))] * 2,
        devices=1,
        tickets=(TicketGroup("one", count=1),),
    )
    run = Run(apart(plan), {ONE: Alone(), "drill-2.1:gate-01": Alone()})
    run.fail("uplink-down")
    run.fail("broker-stopped")

    assert wrong(run) == "admitted 2 times, both by the same gate, which knew"


def test_first_entries_with_a_pass_are_judged_alike() -> None:
    plan = plan_of(
        Burst(shows=(Show("guests", same=True, devices=2),)),
        devices=2,
        tickets=vip_table(1).scenario.tickets,
        reservations=vip_table(1).scenario.reservations,
    )
    run = Run(apart(plan, Authority.OFFLINE), {ONE: Alone(), TWO: Alone()})
    assert wrong(run) is not None

    run.fail("uplink-down")
    assert wrong(run) is None
    assert [each.ticket for each in expected_doubles(run.evidence)] == ["p1"]


def test_a_probe_that_nobody_could_refuse_is_not_wrong() -> None:
    plan = apart(race(devices=2), Authority.OFFLINE)
    probe = plan.steps[1].attempts[0].attempt
    run = Run(plan, {ONE: Alone(), TWO: Alone(), probe: Alone()})
    run.fail("uplink-down")
    assert used_ticket_refused(run.evidence).status is CheckStatus.HOLDS

    run.faults.clear()
    assert used_ticket_refused(run.evidence).status is CheckStatus.VIOLATED


def test_every_two_of_three_have_to_be_expected() -> None:
    plan = apart(race(devices=3, probe=False), Authority.OFFLINE)
    attempts = [f"drill-1.1:gate-{number:02}" for number in (1, 2, 3)]
    run = Run(plan, dict.fromkeys(attempts, Alone()))
    run.fail("uplink-down", "gate-01", "gate-02")
    run.fail("uplink-down", "gate-03", from_ns=DECIDED_NS + 2_000_000_000)

    assert wrong(run) == "admitted 3 times, though gate-03 could reach the service in between"
