"""Working out plans: who does what, with which ticket or slot, after which rest."""

import os
import subprocess
import sys
from collections import Counter
from itertools import pairwise

import msgspec
import pytest
from plans import (
    EVENT,
    OWN,
    all_scans,
    bursts,
    closed_loop,
    file_of,
    own_tickets,
    plan_for,
    plan_of,
    probes,
    race,
    roster,
    scans,
    scenario,
    streams,
    supply_of,
)

from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import BurstKind, DeviceInfo
from gatedrill.fixtures.loader import load_scenario, shipped_scenarios
from gatedrill.fixtures.scenario import (
    Book,
    Burst,
    LinkTickets,
    Pause,
    Pay,
    Phase,
    Reservation,
    Scenario,
    Show,
    Slot,
    Stream,
    TicketGroup,
)
from gatedrill.fixtures.tickets import (
    ListedPass,
    ListedReservation,
    ListedSlot,
    ListedTicket,
    TicketFile,
)
from gatedrill.orchestrator.plan import (
    BurstStep,
    Plan,
    PlannedAttempt,
    PlannedCheckout,
    PlannedLink,
    PlannedWebhook,
)
from gatedrill.orchestrator.planning import make_plans

PLANS_OF_ALL_SHIPPED = """
import sys, msgspec
from gatedrill.fixtures.loader import shipped_scenarios
from gatedrill.orchestrator.planning import make_plans
from plans import roster, supply_of
plans = make_plans(shipped_scenarios() * 2, roster(100, 50), 7, supply_of(7))
sys.stdout.buffer.write(msgspec.json.encode(plans))
"""
TABLE = Reservation("table", guests=8)
EVENING = Slot("evening", capacity=5)


def at_kiosks(kiosks: int, *phases: Phase, slots: tuple[Slot, ...] = (EVENING,)) -> Scenario:
    """A scenario without gates."""
    return Scenario(1, "drill", "A drill", phases, kiosks=kiosks, slots=slots)


def with_passes(
    devices: int, *phases: Phase, count: int, others: tuple[TicketGroup, ...] = ()
) -> Scenario:
    """A scenario with so many passes `guests` of one reservation."""
    guests = TicketGroup("guests", kind="vip_pass", reservation="table", count=count)
    groups = (guests, *others)
    return Scenario(1, "drill", "A drill", phases, devices, tickets=groups, reservations=(TABLE,))


def views(plan: Plan) -> list[dict[str, str]]:
    """For each round, which symbol each device is shown."""
    return [{scan.device: scan.symbol for scan in scans(step)} for step in bursts(plan)]


def of_step(step: BurstStep, kind: type[PlannedAttempt]) -> list[PlannedAttempt]:
    return sorted(
        (each for each in step.attempts if isinstance(each, kind)), key=lambda each: each.device
    )


def webhooks(step: BurstStep) -> list[PlannedWebhook]:
    """Those of a step, by device."""
    return [each for each in of_step(step, PlannedWebhook) if isinstance(each, PlannedWebhook)]


def complaint(drill: Scenario, file: TicketFile) -> str:
    with pytest.raises(UsageError) as raised:
        plan_for(drill, file=file)
    return str(raised.value)


SHIPPED: dict[str, list[tuple[int, int, float]]] = {
    "clock-skew": [(3, 0, 0.3), (1, 0, 0.3), (1, 0, 0.3), (1, 0, 0.3)],
    "crash-full-queue": [(4, 0, 0.3), (320, 0, 0.3), (40, 0, 0.3), (4, 0, 0.3)],
    "drill-duplicate": [(1, 0, 0.3)] * 9,
    "drill-outage": [(1, 0, 0.3)] * 9,
    "drill-vip": [(1, 0, 0.3)] * 7,
    "flapping-uplink": [(600, 0, 0.3)],
    "linked-ticket": [(8, 8, 0.3), (8, 0, 0.3), (8, 0, 0.3)],
    "mixed-rush": [(3, 3, 0.3), (16, 7, 0.3), (16, 7, 0.3), (16, 7, 0.3)],
    "outage-heal": [(282, 0, 0.3), (282, 0, 0.3), (3, 0, 0.3), (3, 0, 1.1)],
    "race": [(10, 10, 0.3), (1, 0, 0.6)] * 3,
    "race-hunt": [(10, 10, 0.3)] * 24,
    "reconnect-storm": [(100, 0, 0.3), (20000, 0, 0.3)],
    "scanner-burst": [(6000, 0, 0.3)],
    "slot-1": [(2, 2, 0.3)],
    "slot-2": [(3, 3, 0.3)],
    "slot-3": [(10, 10, 0.3)],
    "slot-4": [(3, 3, 0.3)],
    "slot-5": [(1, 0, 0.3)],
    "slot-6": [(50, 50, 0.3)],
    "slot-7": [(1, 0, 0.3), (2, 2, 0.3), (2, 2, 0.3)],
    "slot-8": [(2, 2, 0.3), (2, 2, 0.3)],
    "timeout-outcomes": [(6, 0, 0.3), (6, 0, 0.3), (6, 0, 8.0)],
    "two-islands": [(2, 0, 0.3)],
    "uplink-cut": [(10, 0, 0.3), (10, 0, 0.3), (10, 0, 0.3), (1, 0, 0.3), (10, 0, 0.3)],
    "vip-checkin": [(5, 5, 0.3)],
    "vip-reentry": [(5, 5, 0.3), (5, 5, 0.3)],
}
"""Of each step: how many attempts, how many of them contend, and the rest before it."""


def test_all_shipped_scenarios_are_planned_here() -> None:
    assert [shipped.name for shipped in shipped_scenarios()] == list(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_steps_of_a_shipped_scenario(name: str) -> None:
    plan = plan_for(load_scenario(name))
    steps = [
        (
            len(step.attempts),
            len(step.contending) if isinstance(step, BurstStep) else 0,
            step.rest_s,
        )
        for step in plan.steps
    ]

    assert steps == SHIPPED[name]
    assert [step.expect for step in bursts(plan)] == [
        phase.expect
        for phase in plan.scenario.phases
        if isinstance(phase, Burst)
        for _ in range(phase.rounds)
    ]


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_uses_every_device_once_a_step_and_every_ticket_it_makes(
    name: str,
) -> None:
    plan = plan_for(load_scenario(name))

    for step in bursts(plan):
        assert max(Counter(each.device for each in step.attempts).values()) == 1
    used = {scan.ticket for scan in all_scans(plan)} | {
        each.ticket
        for step in bursts(plan)
        for each in step.attempts
        if isinstance(each, PlannedLink)
    }
    assert {ticket.id for ticket in plan.tickets} == used
    assert {each.device for step in plan.steps for each in step.attempts} == {
        device.name for device in plan.devices
    }


def test_plans_are_the_same_in_other_processes_whatever_their_hashes() -> None:
    def planned(hash_seed: str) -> bytes:
        python_path = os.pathsep.join(sys.path)
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": python_path}
        command = [sys.executable, "-c", PLANS_OF_ALL_SHIPPED]
        return subprocess.run(command, env=environment, check=True, capture_output=True).stdout

    here = msgspec.json.encode(
        make_plans(shipped_scenarios() * 2, roster(100, 50), 7, supply_of(7))
    )
    assert planned("1") == planned("2") == here


def test_another_seed_gives_other_events_tickets_slots_and_reservations() -> None:
    drill = Scenario(
        1,
        "drill",
        "A drill",
        (Burst(pays=(Pay("evening", legacy=True),)),),
        kiosks=2,
        slots=(EVENING,),
        reservations=(TABLE,),
    )
    one, other = plan_for(drill, seed=1), plan_for(drill, seed=2)

    assert one.slots[0].id != other.slots[0].id
    assert one.reservations[0].id != other.reservations[0].id
    events = [{each.event for each in webhooks(bursts(plan)[0])} for plan in (one, other)]
    assert not events[0] & events[1]


def test_a_scenario_that_is_run_again_has_other_steps_tickets_and_hands() -> None:
    drill = scenario(2, race(rounds=2, probe=True), closed_loop(1, 0.5))

    one, two, three = make_plans([drill] * 3, roster(2), 1, supply_of())

    assert [plan.repeat for plan in (one, two, three)] == [1, 2, 3]
    assert [step.id for step in one.steps][:2] == ["drill-1.1", "drill-1.1-probe"]
    assert [step.id for step in two.steps] == [
        "drill~2-1.1",
        "drill~2-1.1-probe",
        "drill~2-1.2",
        "drill~2-1.2-probe",
        "drill~2-2",
    ]
    assert three.steps[0].id == "drill~3-1.1"
    attempts = [
        each.attempt for plan in (one, two, three) for step in plan.steps for each in step.attempts
    ]
    assert len(set(attempts)) == len(attempts)
    tickets = [ticket.id for plan in (one, two, three) for ticket in plan.tickets]
    assert len(set(tickets)) == len(tickets)
    assert [scan.seed for scan in all_scans(one)] != [scan.seed for scan in all_scans(two)]


def test_only_a_scenario_of_the_same_name_counts_as_a_repetition() -> None:
    drills = [scenario(1, own_tickets(), name=name) for name in ("one", "two", "one")]

    plans = make_plans(drills, roster(1), 1, supply_of())

    assert [(plan.steps[0].id, plan.repeat) for plan in plans] == [
        ("one-1.1", 1),
        ("two-1.1", 1),
        ("one~2-1.1", 2),
    ]


def test_shares_are_dealt_in_turn_so_that_every_device_sees_everything() -> None:
    shows = (Show("shared", devices=2, same=True), Show("own", devices=1))
    plan = plan_of(roster(4), Burst(shows=shows, rounds=4))

    kinds = [
        {
            scan.device: "shared" if scan.attempt in step.contending else "own"
            for scan in scans(step)
        }
        for step in bursts(plan)
    ]
    assert kinds == [
        {"gate-01": "shared", "gate-02": "shared", "gate-03": "own"},
        {"gate-02": "shared", "gate-03": "shared", "gate-04": "own"},
        {"gate-03": "shared", "gate-04": "shared", "gate-01": "own"},
        {"gate-04": "shared", "gate-01": "shared", "gate-02": "own"},
    ]


def test_the_turn_goes_on_from_phase_to_phase() -> None:
    shows = (Show("own", devices=1),)
    plan = plan_of(roster(3), Burst(shows=shows, rounds=2), Burst(shows=shows, rounds=2))

    assert [scan.device for scan in all_scans(plan)] == ["gate-01", "gate-02", "gate-03", "gate-01"]


def test_a_counted_group_shows_the_same_tickets_in_every_round_and_phase() -> None:
    drill = with_passes(
        3,
        Burst(shows=(Show("guests"),), rounds=2),
        Burst(shows=(Show("guests", devices=2),)),
        count=3,
    )
    plan = plan_for(drill)

    first, second, third = (set(view.values()) for view in views(plan))
    assert first == second == {f"VIP-TEST-GUEST-{number:02}" for number in (1, 2, 3)}
    assert third == {"VIP-TEST-GUEST-01", "VIP-TEST-GUEST-02"}
    assert [ticket.guest_number for ticket in plan.tickets] == [1, 2, 3]


def test_a_group_without_a_count_shows_no_ticket_in_two_rounds() -> None:
    plan = plan_of(roster(2), own_tickets(rounds=3), race(rounds=3))

    tickets = [{scan.ticket for scan in scans(step)} for step in bursts(plan)]
    assert sum(len(each) for each in tickets) == len(set().union(*tickets)) == 9


def test_a_group_is_shown_by_as_many_devices_as_it_counts_and_the_others_by_the_rest() -> None:
    drill = with_passes(
        5,
        Burst(shows=(Show("guests"), Show("strangers"))),
        count=2,
        others=(TicketGroup("strangers"),),
    )
    plan = plan_for(drill)

    kinds = {ticket.id: ticket.kind for ticket in plan.tickets}
    assert Counter(kinds[scan.ticket] for scan in all_scans(plan)) == {"vip_pass": 2, "ticket": 3}


@pytest.mark.parametrize(
    ("window_s", "burst", "rest_s"),
    [
        (0.5, BurstKind.PRESENT, 0.6),  # the window and a tenth of a second
        (0.5, BurstKind.REQUEST, 1.1),  # read half a second ahead of T
        (1.0, BurstKind.PRESENT, 1.1),
        (1.0, BurstKind.REQUEST, 1.6),
        (0.0, BurstKind.PRESENT, 0.3),  # rounds are never closer together
        (0.1, BurstKind.REQUEST, 0.7),
    ],
)
def test_a_pass_that_comes_back_to_the_same_device_rests_until_its_reader_has_forgotten_it(
    window_s: float, burst: BurstKind, rest_s: float
) -> None:
    drill = with_passes(1, Burst(shows=(Show("guests"),), burst=burst, rounds=3), count=1)
    plan = plan_for(drill, roster(1, repeat_window_s=window_s))

    assert [step.rest_s for step in plan.steps] == [0.3, rest_s, rest_s]


def test_rests_between_do_count_and_only_what_is_lacking_is_waited_for() -> None:
    # Two devices swap two passes: what a device sees in a round it saw two rounds before. Two
    # windows of 1.0 s and a reading half a second ahead make 1.6 s, of which the round between has
    # rested some.
    drill = with_passes(2, Burst(shows=(Show("guests"),), rounds=6), count=2)
    plan = plan_for(drill, roster(2, repeat_window_s=1.0))

    seen = views(plan)
    assert seen[0] == seen[2] == seen[4] != seen[1] == seen[3] == seen[5]
    assert [step.rest_s for step in plan.steps] == [0.3, 0.3, 1.3, 0.3, 1.3, 0.3]


def test_a_probe_rests_until_its_reader_has_forgotten_the_ticket_and_the_next_round_does_not() -> (
    None
):
    plan = plan_of(roster(2), race(rounds=2, probe=True))

    assert [step.rest_s for step in plan.steps] == [0.3, 0.6, 0.3, 0.6]


def test_a_probe_at_a_device_that_has_not_seen_the_ticket_need_not_rest_longer() -> None:
    plan = plan_of(roster(2), own_tickets(rounds=2, probe=True))

    shown = [
        (scans(probe)[0].device, scans(probe)[0].ticket)
        in [(scan.device, scan.ticket) for scan in scans(step)]
        for step, probe in zip(bursts(plan), probes(plan), strict=True)
    ]
    assert [step.rest_s for step in probes(plan)] == [0.6 if seen else 0.3 for seen in shown]
    assert False in shown


def test_a_probe_shows_the_first_ticket_of_the_first_show() -> None:
    shows = (Show("shared", devices=2, same=True), Show("own", devices=2))
    plan = plan_of(roster(4), Burst(shows=shows, rounds=3, probe=True))

    for step, probe in zip(bursts(plan), probes(plan), strict=True):
        [scan] = scans(probe)
        assert scan.ticket in {
            each.ticket for each in scans(step) if each.attempt in step.contending
        }


def test_the_next_scenario_rests_for_what_the_readers_have_seen_in_the_one_before() -> None:
    drill = with_passes(1, Burst(shows=(Show("guests"),)), count=1)

    one, two = make_plans([drill, drill], roster(1), 1, supply_of())

    assert all_scans(one)[0].symbol == all_scans(two)[0].symbol
    assert [plan.steps[0].rest_s for plan in (one, two)] == [0.3, 1.1]


def test_the_step_after_a_pause_rests_as_long_as_that() -> None:
    plan = plan_of(
        roster(1),
        Pause(4),
        own_tickets(rounds=2),
        Pause(2),
        Pause(1.5),
        closed_loop(1, 1),
        Pause(0.1),
        own_tickets(),
    )

    assert [(step.id, step.rest_s) for step in plan.steps] == [
        ("drill-2.1", 4.0),
        ("drill-2.2", 0.3),
        ("drill-5", 3.5),
        ("drill-7.1", 0.3),
    ]


def test_a_stream_without_a_pause_takes_the_usual_one() -> None:
    [stream] = streams(plan_of(roster(2), closed_loop(1)))

    assert (stream.pause_s, len(stream.attempts)) == (0.1, 20)


def arrivals(rate_per_s: float, duration_s: float, devices: int = 3, seed: int = 1) -> Plan:
    phase = Stream("own", duration_s, arrivals_per_s=rate_per_s)
    return plan_of(roster(devices), phase, seed=seed)


@pytest.mark.parametrize("seed", range(5))
def test_guests_arrive_in_order_within_the_duration_one_device_after_the_other(seed: int) -> None:
    [stream] = streams(arrivals(rate_per_s=20, duration_s=5, seed=seed))
    due_s = [scan.due_s for scan in stream.attempts if scan.due_s is not None]

    assert len(due_s) == len(stream.attempts)
    assert all(before < after for before, after in pairwise(due_s))
    assert due_s[0] >= 0
    assert due_s[-1] < 5
    assert [scan.device for scan in stream.attempts] == [
        f"gate-{index % 3 + 1:02}" for index in range(len(due_s))
    ]
    assert (stream.pause_s, stream.duration_s) == (0, 5)
    assert len({scan.ticket for scan in stream.attempts}) == len(due_s)


def test_guests_arrive_at_the_rate_that_is_asked_for_and_as_a_poisson_process_does() -> None:
    [stream] = streams(arrivals(rate_per_s=50, duration_s=100))
    due_s = [scan.due_s or 0.0 for scan in stream.attempts]
    gaps_s = [after - before for before, after in pairwise(due_s)]

    # 5000 arrivals, give or take four standard deviations.
    assert len(due_s) == pytest.approx(5000, abs=4 * 5000**0.5)
    # Of exponential gaps, this many are longer than the mean.
    assert sum(gap > 1 / 50 for gap in gaps_s) / len(gaps_s) == pytest.approx(0.368, abs=0.03)


def test_arrivals_are_those_of_their_seed() -> None:
    def instants(seed: int) -> list[float | None]:
        return [scan.due_s for scan in all_scans(arrivals(5, 5, seed=seed))]

    assert instants(1) == instants(1) != instants(2)


def test_somebody_arrives_however_rarely_guests_do() -> None:
    [stream] = streams(arrivals(rate_per_s=0.001, duration_s=0.001))

    assert [scan.due_s for scan in stream.attempts] == [0.0]


def test_fewer_tickets_than_arrivals_let_the_first_guests_in_evenly() -> None:
    phase = Stream("own", 100, arrivals_per_s=10)
    plan = plan_of(roster(3), phase, file=file_of(8))
    [stream] = streams(plan)

    assert Counter(scan.device for scan in stream.attempts) == {
        "gate-01": 2,
        "gate-02": 2,
        "gate-03": 2,
    }
    assert stream.attempts[-1].due_s is not None


def contending(drill: Scenario) -> list[str]:
    """The devices whose attempts compete in the first round."""
    return sorted(name.rpartition(":")[2] for name in bursts(plan_for(drill))[0].contending)


GATES = [f"gate-{number:02}" for number in range(1, 9)]
KIOSKS = [f"kiosk-{number:02}" for number in range(1, 9)]


@pytest.mark.parametrize(
    ("drill", "names"),
    [
        pytest.param(scenario(3, race()), GATES[:3], id="one ticket"),
        pytest.param(scenario(1, race()), [], id="one ticket at one device"),
        pytest.param(scenario(3, own_tickets()), [], id="own tickets"),
        pytest.param(
            scenario(4, Burst(shows=(Show("shared", devices=1, same=True), OWN))),
            [],
            id="alone in a share",
        ),
        pytest.param(
            scenario(5, Burst(shows=(Show("shared", devices=2, same=True), OWN))),
            GATES[:2],
            id="two of five",
        ),
        pytest.param(
            with_passes(3, Burst(shows=(Show("guests"),)), count=3),
            GATES[:3],
            id="one reservation's passes",
        ),
        pytest.param(
            with_passes(1, Burst(shows=(Show("guests"),)), count=1), [], id="one pass alone"
        ),
        pytest.param(
            with_passes(
                3,
                Burst(shows=(Show("guests"), Show("revoked"))),
                count=2,
                others=(
                    TicketGroup(
                        "revoked",
                        kind="vip_pass",
                        reservation="table",
                        status="cancelled",
                        count=1,
                    ),
                ),
            ),
            GATES[:2],
            id="a cancelled pass competes for nothing",
        ),
        pytest.param(
            scenario(3, race(), tickets=(TicketGroup("shared", code="forged"),)),
            [],
            id="a forged ticket at all gates is not competed for",
        ),
        pytest.param(
            scenario(3, race(), tickets=(TicketGroup("shared", status="cancelled"),)),
            [],
            id="nor is a cancelled one",
        ),
        pytest.param(
            at_kiosks(4, Burst(books=(Book("evening"),))), KIOSKS[:4], id="one slot's places"
        ),
        pytest.param(
            at_kiosks(
                3,
                Burst(books=(Book("evening", kiosks=2), Book("late", kiosks=1))),
                slots=(EVENING, Slot("late", 5)),
            ),
            KIOSKS[:2],
            id="another slot's places",
        ),
        pytest.param(
            at_kiosks(3, Burst(pays=(Pay("evening", legacy=True, same=True),))),
            KIOSKS[:3],
            id="one event",
        ),
        pytest.param(
            at_kiosks(3, Burst(pays=(Pay("evening", legacy=True),))),
            KIOSKS[:3],
            id="payments that take places of one slot",
        ),
        pytest.param(
            at_kiosks(
                3,
                Burst(pays=(Pay("evening", legacy=True, kiosks=1),), books=(Book("evening"),)),
            ),
            KIOSKS[:3],
            id="a payment that takes places and bookings",
        ),
        pytest.param(
            Scenario(
                1,
                "drill",
                "A drill",
                (Burst(links=(LinkTickets("own", "table"),), shows=(OWN,)),),
                devices=2,
                kiosks=3,
                tickets=(TicketGroup("own"),),
                reservations=(TABLE,),
            ),
            KIOSKS[:3],
            id="links to one reservation beside gates",
        ),
    ],
)
def test_who_competes_for_the_same_thing(drill: Scenario, names: list[str]) -> None:
    assert contending(drill) == names


def test_payments_for_different_reserved_places_do_not_compete() -> None:
    drill = at_kiosks(3, Burst(books=(Book("evening"),)), Burst(pays=(Pay("evening"),)))

    booking, paying = bursts(plan_for(drill))
    assert (len(booking.contending), paying.contending) == (3, ())


def test_each_payment_is_for_another_checkout_and_told_again_in_each_round() -> None:
    drill = at_kiosks(
        3,
        Burst(books=(Book("evening", guests=2, kiosks=2),)),
        Burst(pays=(Pay("evening", kiosks=2),), rounds=2),
    )
    plan = plan_for(drill)
    booking, first, again = bursts(plan)

    checkouts = of_step(booking, PlannedCheckout)
    assert checkouts == [
        PlannedCheckout(f"drill-1.1:{name}", name, plan.slots[0].id, 2)
        for name in ("kiosk-01", "kiosk-02")
    ]
    assert [(each.pays, each.guests, each.slot) for each in webhooks(first)] == [
        (checkout.attempt, 2, plan.slots[0].id) for checkout in checkouts
    ]
    assert len({each.event for each in webhooks(first)}) == 2
    assert [each.event for each in webhooks(again)] == [each.event for each in webhooks(first)]


def test_all_pay_for_the_same_checkout_by_one_event() -> None:
    drill = at_kiosks(3, Burst(books=(Book("evening"),)), Burst(pays=(Pay("evening", same=True),)))
    booking, paying = bursts(plan_for(drill))

    first = of_step(booking, PlannedCheckout)[0].attempt
    assert [each.pays for each in webhooks(paying)] == [first] * 3
    assert len({each.event for each in webhooks(paying)}) == 1


def test_payments_are_for_the_last_round_of_the_latest_phase_that_booked_the_slot() -> None:
    drill = at_kiosks(
        2,
        Burst(books=(Book("evening"),)),
        Burst(books=(Book("evening", guests=3, kiosks=1),), rounds=2),
        Burst(books=(Book("late"),)),
        Burst(pays=(Pay("evening", kiosks=1),)),
        slots=(EVENING, Slot("late", 5)),
    )
    [webhook] = webhooks(bursts(plan_for(drill))[-1])

    assert (webhook.pays, webhook.guests) == ("drill-2.2:kiosk-01", 3)


def test_a_phase_that_books_while_it_pays_pays_for_what_was_booked_before_it() -> None:
    drill = at_kiosks(
        3,
        Burst(books=(Book("evening", kiosks=2),)),
        Burst(books=(Book("evening", kiosks=1),), pays=(Pay("evening", kiosks=2),), rounds=2),
    )
    _, first, again = bursts(plan_for(drill))

    paid = ["drill-1.1:kiosk-01", "drill-1.1:kiosk-02"]
    assert [each.pays for each in webhooks(first)] == paid
    assert [(each.event, each.pays) for each in webhooks(again)] == [
        (each.event, each.pays) for each in webhooks(first)
    ]


def test_payments_of_two_kinds_in_one_burst_are_different_events() -> None:
    drill = at_kiosks(
        4,
        Burst(books=(Book("evening", kiosks=1), Book("late", kiosks=1))),
        Burst(
            pays=(
                Pay("evening", kiosks=1),
                Pay("late", kiosks=1),
                Pay("evening", kiosks=1, legacy=True),
            )
        ),
        slots=(EVENING, Slot("late", 5)),
    )
    _, paying = bursts(plan_for(drill))

    assert len({each.event for each in webhooks(paying)}) == 3


def test_a_session_of_old_names_its_guests_and_pays_for_no_checkout() -> None:
    drill = at_kiosks(2, Burst(pays=(Pay("evening", legacy=True, guests=4),)))
    plan = plan_for(drill)

    assert [(each.slot, each.guests, each.pays) for each in webhooks(bursts(plan)[0])] == [
        (plan.slots[0].id, 4, None)
    ] * 2
    assert len({each.event for each in webhooks(bursts(plan)[0])}) == 2


def test_links_name_tickets_and_reservation_by_their_ids() -> None:
    plan = plan_for(load_scenario("linked-ticket"))
    links = [each for each in bursts(plan)[0].attempts if isinstance(each, PlannedLink)]

    by_id = {ticket.id: ticket for ticket in plan.tickets}
    assert {each.reservation for each in links} == {plan.reservations[1].id}
    assert len({each.ticket for each in links}) == 8
    assert all(by_id[each.ticket].reservation is None for each in links)


def test_a_roster_of_names_chooses_the_devices_and_kiosks() -> None:
    drill = msgspec.structs.replace(
        scenario(2, Burst(shows=(OWN,), books=(Book("evening"),)), kiosks=1),
        slots=(EVENING,),
        roster=("gate-04", "kiosk-02", "gate-02"),
    )
    plan = plan_for(drill, roster(5, 3))

    assert [device.name for device in plan.devices] == ["gate-02", "gate-04", "kiosk-02"]
    assert {each.device for each in bursts(plan)[0].attempts} == {"gate-02", "gate-04", "kiosk-02"}


@pytest.mark.parametrize(
    ("names", "here", "message"),
    [
        ((), roster(2, 1), "scenario drill needs 2 kiosks, the roster has 1"),
        ((), roster(0, 9), "scenario drill needs 1 devices, the roster has 0"),
        (
            ("gate-01", "gate-02", "kiosk-01"),
            roster(9, 9),
            "scenario drill needs 2 kiosks, the roster has 1",
        ),
    ],
    ids=["kiosks", "gates", "of the named"],
)
def test_a_roster_that_does_not_suffice_is_refused_with_both_figures(
    names: tuple[str, ...], here: list[DeviceInfo], message: str
) -> None:
    drill = msgspec.structs.replace(
        scenario(1, Burst(shows=(OWN,), books=(Book("evening"),)), kiosks=2),
        slots=(EVENING,),
        roster=names,
    )

    with pytest.raises(UsageError) as raised:
        plan_for(drill, here)

    assert str(raised.value) == message


def test_a_device_that_stands_by_takes_no_part_in_any_step() -> None:
    plan = plan_for(scenario(3, Burst(shows=(Show("own", devices=2),))))

    assert len(plan.devices) == 3
    assert len(bursts(plan)[0].attempts) == 2


ONE_TICKET = (ListedTicket("t1", EVENT),)


@pytest.mark.parametrize(
    ("group", "wanted"),
    [
        (TicketGroup("own"), "valid"),
        (TicketGroup("own", status="cancelled"), "cancelled"),
        (TicketGroup("own", code="signed"), "valid, listed with the text of their code (qr)"),
        (
            TicketGroup("own", code="token", event="other"),
            "valid, of another event, listed with the text of their code (qr)",
        ),
    ],
)
def test_tickets_that_a_file_lacks_are_told_in_words(group: TicketGroup, wanted: str) -> None:
    drill = scenario(2, own_tickets(), tickets=(group,))

    assert complaint(drill, TicketFile(ONE_TICKET)) == (
        f"the ticket file holds 1 tickets, of which too few for group own are {wanted}: "
        "each round of a race and each scan of a stream needs one of its own"
    )


def test_a_reservation_that_a_file_lacks_is_told_in_words() -> None:
    drill = with_passes(1, Burst(shows=(Show("guests"),)), count=1)

    assert complaint(drill, TicketFile(ONE_TICKET)) == (
        "the ticket file names no vipReservation: each reservation of a scenario needs one of its "
        "own, none of whose guests has entered"
    )


def test_passes_that_a_file_lacks_are_told_in_words() -> None:
    drill = with_passes(2, Burst(shows=(Show("guests"),)), count=2)
    listed = ListedReservation("r1", (ListedPass("p1", "token-1"),))

    assert complaint(drill, TicketFile((), vip_reservation=listed)) == (
        "the ticket file's vipReservation has too few valid passes for group guests, which wants 2"
    )


def test_slots_that_a_file_lacks_are_told_in_words() -> None:
    drill = at_kiosks(2, Burst(books=(Book("evening"),)))
    file = TicketFile((), slots=(ListedSlot("s1", 5, available=4), ListedSlot("s2", 6)))

    assert complaint(drill, file) == (
        "the ticket file names no further slot with 5 of 5 places free, which slot evening needs"
    )


def test_a_file_gives_what_it_lists_and_what_is_unknown_is_made_up() -> None:
    drill = Scenario(
        1,
        "drill",
        "A drill",
        (
            Burst(
                shows=(Show("guests"), Show("good", devices=1), Show("unknown", devices=1)),
                books=(Book("evening"),),
            ),
        ),
        devices=3,
        kiosks=1,
        tickets=(
            TicketGroup("guests", kind="vip_pass", reservation="table", count=1),
            TicketGroup("good", code="signed"),
            TicketGroup("unknown", status="unknown"),
        ),
        reservations=(TABLE,),
        slots=(EVENING,),
    )
    code = '{"token":"T-2","signature":"s"}'
    file = TicketFile(
        (*ONE_TICKET, ListedTicket("t2", EVENT, qr=code)),
        vip_reservation=ListedReservation("r1", (ListedPass("p1", "token-1"),)),
        slots=(ListedSlot("s1", 5),),
    )
    plan = plan_for(drill, file=file)

    symbols = {scan.symbol for scan in all_scans(plan)}
    assert {"token-1", code} < symbols
    [unknown] = [ticket for ticket in plan.tickets if ticket.status == "unknown"]
    assert unknown.id not in {"t1", "t2"}
    assert ([row.id for row in plan.reservations], [row.id for row in plan.slots]) == (
        ["r1"],
        ["s1"],
    )


def test_the_tickets_of_a_race_are_shared_and_those_beside_it_are_not() -> None:
    plan = plan_of(roster(4), Burst(shows=(Show("shared", devices=2, same=True), OWN)))
    [step] = bursts(plan)

    used = Counter(scan.ticket for scan in scans(step))
    assert sorted(used.values()) == [1, 1, 2]
    assert {scan.ticket for scan in scans(step) if scan.attempt in step.contending} == {
        ticket for ticket, number in used.items() if number == 2
    }
