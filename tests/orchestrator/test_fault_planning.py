"""Working out what happens to the venue: faults, their ends, pauses, queues and sales in a plan."""

from collections.abc import Sequence

import msgspec
import pytest
from plans import EVENT, closed_loop, own_tickets, plan_for, race, roster, scenario, streams

from gatedrill.contract.outcome import Authority
from gatedrill.fixtures.contradictions import contradictions
from gatedrill.fixtures.scenario import (
    BeginFaults,
    Burst,
    Drain,
    Fault,
    Heal,
    Pause,
    Phase,
    Scenario,
    Sell,
    Show,
    Stream,
    TicketGroup,
)
from gatedrill.orchestrator.fault_planning import solo_devices
from gatedrill.orchestrator.plan import (
    BeginAct,
    DrainAct,
    EndAct,
    PauseAct,
    Plan,
    PlannedFault,
    SellAct,
    VenueAct,
)
from gatedrill.orchestrator.population import late_tickets, population

OFFLINE = (Authority.ONLINE, Authority.VENUE, Authority.OFFLINE)
DOWN = Fault("uplink-down")
GONE = Fault("registrar-stopped")
EVERYBODY = ("gate-01", "gate-02", "gate-03")


def drill(*phases: Phase, kiosks: int = 0) -> Scenario:
    made = scenario(3, *phases, kiosks=kiosks)
    made = msgspec.structs.replace(
        made, authorities=OFFLINE, tickets=(*made.tickets, TicketGroup("late", code="signed"))
    )
    assert contradictions(made) == []
    return made


def plan(*phases: Phase, kiosks: int = 0) -> Plan:
    return plan_for(drill(*phases, kiosks=kiosks))


def failing(*faults: Fault, rounds: int = 1) -> Burst:
    return msgspec.structs.replace(own_tickets(rounds=rounds), faults=faults)


def acts(made: Plan) -> list[Sequence[VenueAct]]:
    """What is done to the venue before each step, and after the last."""
    return [*(step.before for step in made.steps), made.after]


def test_the_faults_of_a_burst_are_in_each_of_its_rounds_and_in_no_probe() -> None:
    slow = Fault("uplink-slow", gates=(3, 1), at_s=-0.2, for_s=2, delay_ms=500)
    burst = msgspec.structs.replace(race(rounds=2, probe=True), faults=(slow,))
    made = plan(burst)

    assert {step.id: step.faults for step in made.steps} == {
        f"drill-1.{number}{probe}": ()
        if probe
        else (
            PlannedFault(
                f"drill-1.{number}-f1",
                "uplink-slow",
                ("gate-01", "gate-03"),
                at_s=-0.2,
                for_s=2,
                delay_ms=500,
            ),
        )
        for number in (1, 2)
        for probe in ("", "-probe")
    }


def test_the_faults_of_a_stream_are_in_its_step_with_all_that_they_say() -> None:
    faults = (
        Fault("uplink-lossy", share=0.3, at_s=1),
        Fault("clock-skewed", gates=(2,), skew_s=-600),
    )
    [stream] = streams(plan(Stream("own", 3, faults=faults)))

    assert stream.faults == (
        PlannedFault("drill-1-f1", "uplink-lossy", EVERYBODY, at_s=1, share=0.3, seed=1),
        PlannedFault("drill-1-f2", "clock-skewed", ("gate-02",), skew_s=-600),
    )


@pytest.mark.parametrize(
    ("fault", "struck"),
    [
        ("uplink-down", EVERYBODY),
        ("registrar-stopped", (*EVERYBODY, "kiosk-01")),
        ("broker-frozen", (*EVERYBODY, "kiosk-01")),
    ],
)
def test_what_all_share_strikes_all_and_the_uplink_of_the_gates_no_kiosk(
    fault: str, struck: tuple[str, ...]
) -> None:
    named = msgspec.convert({"fault": fault, "for_s": 1}, Fault)
    [step] = plan(failing(named), kiosks=1).steps

    assert step.faults[0].devices == struck


def test_gates_are_counted_among_those_that_take_part() -> None:
    named = msgspec.structs.replace(drill(failing(Fault("device-killed", (2,)))), roster=("b", "d"))
    here = [
        msgspec.structs.replace(each, name=name)
        for each, name in zip(roster(4), "abcd", strict=True)
    ]
    made = plan_for(msgspec.structs.replace(named, devices=2), here)

    assert made.steps[0].faults[0].devices == ("d",)
    assert solo_devices(made.scenario, ["d", "c", "b", "a"]) == {"d"}


def test_acts_stand_before_the_step_that_follows_and_the_last_ones_after_all() -> None:
    made = plan(
        BeginFaults((GONE, Fault("broker-stopped", for_s=1))),
        Heal(("broker-stopped",)),
        own_tickets(),
        own_tickets(),
        Heal(),
        Drain(30),
    )

    assert acts(made) == [
        (
            BeginAct(
                (
                    PlannedFault("drill-1-f1", "registrar-stopped", EVERYBODY),
                    PlannedFault("drill-1-f2", "broker-stopped", EVERYBODY, for_s=1),
                )
            ),
            EndAct(("drill-1-f2",)),
        ),
        (),
        (EndAct(("drill-1-f1",)), DrainAct("drill-6", 30)),
    ]


def test_healing_names_what_was_left_in_the_order_of_the_phase() -> None:
    made = plan(
        failing(DOWN, Fault("device-paused", (1,)), Fault("uplink-slow", for_s=1, delay_ms=1)),
        Heal(("device-paused", "uplink-down")),
    )

    assert made.after == (EndAct(("drill-1.1-f2", "drill-1.1-f1")),)


def test_healing_by_name_ends_all_of_that_name_and_leaves_the_others_to_the_next() -> None:
    made = plan(
        failing(Fault("uplink-down", (1,))),
        failing(Fault("uplink-down", (2,)), Fault("disk-full", (3,))),
        Heal(("uplink-down",)),
        own_tickets(),
        Heal(),
    )

    assert acts(made)[2:] == [
        (EndAct(("drill-1.1-f1", "drill-2.1-f1")),),
        (EndAct(("drill-2.1-f2",)),),
    ]


def test_healing_everything_begins_with_the_broker() -> None:
    made = plan(own_tickets(), BeginFaults((DOWN, Fault("broker-frozen"))), Heal())

    assert made.after[1] == EndAct(("drill-2-f2", "drill-2-f1"))


def test_what_has_ended_with_its_step_is_not_ended_again() -> None:
    made = plan(failing(Fault("uplink-slow", for_s=1, delay_ms=1), DOWN), Heal())

    assert made.after == (EndAct(("drill-1.1-f2",)),)


def test_a_pause_beside_an_act_is_one_and_all_others_are_rests() -> None:
    made = plan(
        Pause(2),
        own_tickets(),
        Pause(3),
        BeginFaults((DOWN,)),
        own_tickets(),
        Heal(),
        Pause(4),
        own_tickets(),
        Pause(5),
        own_tickets(),
        Pause(6),
        Drain(7),
    )

    assert [
        [act.duration_s for act in each if isinstance(act, PauseAct)] for each in acts(made)
    ] == [[], [3], [4], [], [6]]
    assert [step.rest_s for step in made.steps] == [2, 0.3, 0.3, 5]
    assert isinstance(made.steps[1].before[1], BeginAct), "after the pause"
    assert isinstance(made.steps[2].before[0], EndAct), "before it"


def test_tickets_that_are_sold_are_late_all_of_them() -> None:
    late = Burst(shows=(Show("late"),), rounds=2)
    made = plan(own_tickets(), Sell("late"), late, closed_loop(1, 1))
    shown = {scan.ticket for step in made.steps[1:3] for scan in step.attempts}  # type: ignore[union-attr]

    [sale] = made.steps[1].before
    assert isinstance(sale, SellAct)
    assert set(sale.tickets) == set(made.late) == shown
    assert len(made.late) == 6


def test_the_service_gets_late_tickets_only_when_they_are_sold() -> None:
    made = plan(own_tickets(), Sell("late"), Burst(shows=(Show("late"),)))
    before = {row.id: row for row in population(made).tickets}
    sold = {row.id: row for row in late_tickets(made, made.late).tickets}

    assert set(sold) == set(made.late)
    assert set(before) == {ticket.id for ticket in made.tickets} - set(sold)
    [signed, *_] = sold.values()
    assert (signed.event_id, signed.status) == (EVENT, "valid")
    assert signed.qr_token is not None


def test_the_gates_open_when_the_service_is_told_that_they_do() -> None:
    made = plan(own_tickets())

    assert population(made).event_starts_at is None
    assert population(made, "2026-11-27T20:00:00+00:00").event_starts_at == (
        "2026-11-27T20:00:00+00:00"
    )


def test_a_burst_competes_for_nothing_where_others_may_decide() -> None:
    alone = plan_for(scenario(3, race()))

    assert len(alone.steps[0].contending) == 3  # type: ignore[union-attr]
    assert plan(race()).steps[0].contending == ()  # type: ignore[union-attr]


def test_what_happens_to_the_venue_changes_nothing_about_who_shows_what() -> None:
    faulty = plan(BeginFaults((GONE,)), failing(Fault("disk-full", (1,))), Heal(), race())
    plain = plan(Pause(1), own_tickets(), Pause(1), race())

    assert [step.attempts for step in faulty.steps] == [step.attempts for step in plain.steps]


def test_the_plan_survives_its_file() -> None:
    made = plan(BeginFaults((GONE,)), failing(Fault("disk-full", (1,))), Heal(), Pause(1), Drain(5))

    assert msgspec.json.decode(msgspec.json.encode(made), type=Plan) == made


def test_only_devices_with_a_fault_of_their_own_need_a_process_of_their_own() -> None:
    made = drill(
        failing(Fault("device-killed", (1,)), Fault("uplink-down", (2,))),
        BeginFaults((Fault("disk-full", (3,)), Fault("registrar-stopped"))),
        Heal(),
    )

    assert solo_devices(made, ["g4", "g3", "g2", "g1"]) == {"g1", "g3"}
    assert solo_devices(scenario(3, race()), ["g1", "g2", "g3"]) == set()


@pytest.mark.parametrize("fault", ["device-killed", "device-paused", "clock-skewed", "disk-full"])
def test_each_fault_of_a_device_wants_it_alone(fault: str) -> None:
    skew = {"skew_s": 60} if fault == "clock-skewed" else {}
    named = msgspec.convert({"fault": fault, "gates": [2]} | skew, Fault)

    assert solo_devices(drill(closed_loop(1), failing(named)), EVERYBODY) == {"gate-02"}
