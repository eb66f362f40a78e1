"""The plan: a pure function of scenario, roster, seed and tickets."""

import math
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plans import (
    ONE,
    OWN,
    all_scans,
    bursts,
    closed_loop,
    file_of,
    own_tickets,
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
from gatedrill.fixtures.scenario import Burst, Phase, Stream
from gatedrill.orchestrator.plan import (
    MIN_REST_S,
    PLAN_VERSION,
    BurstStep,
    Plan,
    StreamStep,
)
from gatedrill.orchestrator.planning import make_plans

BURSTS: st.SearchStrategy[Phase] = st.builds(
    Burst,
    shows=st.sampled_from(((ONE,), (OWN,))),
    burst=st.sampled_from(BurstKind),
    rounds=st.integers(1, 4),
    probe=st.booleans(),
)
STREAMS: st.SearchStrategy[Phase] = st.builds(
    Stream, tickets=st.just("own"), duration_s=st.floats(0.1, 3), pause_s=st.floats(0.2, 1)
)
PHASES = st.lists(BURSTS | STREAMS, min_size=1, max_size=4).map(tuple)
DEVICES = st.lists(st.sampled_from((0.5, 1.0)), min_size=1, max_size=8).map(
    lambda windows: [
        DeviceInfo(f"gate-{number:02}", "camera", window)
        for number, window in enumerate(windows, 1)
    ]
)
SEEDS = st.integers(0, 2**32 - 1)


def is_shared(step: BurstStep) -> bool:
    """Whether several devices show one ticket."""
    return len(scans(step)) > len({scan.ticket for scan in scans(step)})


def tickets_in_order(plan: Plan) -> list[str]:
    """The tickets that the steps use, each as often as a step or a scan is given one."""
    drawn: list[str] = []
    for step in plan.steps:
        tickets = [scan.ticket for scan in scans(step)]
        if isinstance(step, StreamStep) or not (is_shared(step) or step.probes):
            drawn += tickets
        elif is_shared(step):
            drawn += set(tickets)
    return drawn


@given(PHASES, DEVICES, SEEDS)
def test_the_same_seed_gives_the_same_plan_byte_for_byte(
    phases: tuple[Phase, ...], devices: list[DeviceInfo], seed: int
) -> None:
    one, other = (msgspec.json.encode(plan_of(devices, *phases, seed=seed)) for _ in range(2))

    assert one == other


@given(PHASES, DEVICES, SEEDS)
def test_another_seed_gives_other_tickets_and_other_hands(
    phases: tuple[Phase, ...], devices: list[DeviceInfo], seed: int
) -> None:
    one, other = plan_of(devices, *phases, seed=seed), plan_of(devices, *phases, seed=seed + 1)

    assert not set(tickets_in_order(one)) & set(tickets_in_order(other))
    assert [scan.seed for scan in all_scans(one)] != [scan.seed for scan in all_scans(other)]


@given(PHASES, DEVICES, SEEDS)
def test_every_attempt_has_a_name_of_its_own_and_every_step_too(
    phases: tuple[Phase, ...], devices: list[DeviceInfo], seed: int
) -> None:
    plan = plan_of(devices, *phases, seed=seed)
    attempts = [each.attempt for step in plan.steps for each in step.attempts]

    assert len(set(attempts)) == len(attempts)
    assert len({step.id for step in plan.steps}) == len(plan.steps)


@given(PHASES, DEVICES, SEEDS)
def test_no_ticket_serves_two_rounds_or_two_scans_of_a_stream(
    phases: tuple[Phase, ...], devices: list[DeviceInfo], seed: int
) -> None:
    plan = plan_of(devices, *phases, seed=seed)
    used = Counter(tickets_in_order(plan))

    assert max(used.values()) == 1
    assert {ticket.id for ticket in plan.tickets} == set(used)


@given(PHASES, DEVICES, st.integers(1, 30), st.sampled_from((None, "t1", "t3", "extra")))
def test_no_ticket_of_a_file_serves_twice_either_or_the_plan_is_refused(
    phases: tuple[Phase, ...], devices: list[DeviceInfo], count: int, race: str | None
) -> None:
    try:
        plan = plan_of(devices, *phases, file=file_of(count, race))
    except UsageError:
        return

    assert max(Counter(tickets_in_order(plan)).values()) == 1
    assert len({ticket.id for ticket in plan.tickets}) == len(plan.tickets)


@given(st.lists(BURSTS, min_size=1, max_size=3).map(tuple), DEVICES, SEEDS)
def test_every_device_scans_once_a_burst_and_only_a_race_shares_its_ticket(
    phases: tuple[Phase, ...], devices: list[DeviceInfo], seed: int
) -> None:
    names = sorted(device.name for device in devices)
    plan = plan_of(devices, *phases, seed=seed)
    wanted = [phase for phase in phases if isinstance(phase, Burst) for _ in range(phase.rounds)]

    assert len(bursts(plan)) == len(wanted)
    for step, phase in zip(bursts(plan), wanted, strict=True):
        assert sorted(scan.device for scan in scans(step)) == names
        assert is_shared(step) == (phase.shows == (ONE,) and len(devices) > 1)
        tickets = {scan.ticket for scan in scans(step)}
        assert len(tickets) == (1 if phase.shows == (ONE,) else len(devices))
        racing = {scan.attempt for scan in scans(step)} if is_shared(step) else set()
        assert set(step.contending) == racing
        assert step.burst is phase.burst
        assert step.rest_s == MIN_REST_S


@given(st.lists(BURSTS, min_size=1, max_size=3).map(tuple), DEVICES, SEEDS)
def test_a_probe_shows_the_rounds_ticket_at_a_quick_reader_once_that_reader_has_forgotten_it(
    phases: tuple[Phase, ...], devices: list[DeviceInfo], seed: int
) -> None:
    windows_s = {device.name: device.repeat_window_s for device in devices}
    plan = plan_of(devices, *phases, seed=seed)
    wanted = sum(phase.rounds for phase in phases if isinstance(phase, Burst) and phase.probe)

    assert len(probes(plan)) == wanted
    for before, step in zip(plan.steps, plan.steps[1:], strict=False):
        if not isinstance(step, BurstStep) or step.probes is None:
            continue
        [scan] = scans(step)
        assert step.probes == before.id
        assert scan.ticket in {shown.ticket for shown in scans(before)}
        assert step.burst is BurstKind.PRESENT
        assert windows_s[scan.device] == min(windows_s.values())
        seen_s = windows_s[scan.device] + 0.1
        has_seen_it = (scan.device, scan.ticket) in [
            (shown.device, shown.ticket) for shown in scans(before)
        ]
        assert step.rest_s == pytest.approx(seen_s if has_seen_it else MIN_REST_S)
        assert step.contending == ()


def test_the_probes_of_many_rounds_take_turns_among_the_quick_readers() -> None:
    devices = [*roster(2), DeviceInfo("gate-03", "camera", 1.0)]
    plan = plan_of(devices, race(rounds=4, probe=True))

    assert {scans(step)[0].device for step in probes(plan)} == {"gate-01", "gate-02"}


def test_a_device_with_a_short_memory_is_still_probed_no_sooner_than_300_ms_later() -> None:
    plan = plan_of(roster(2, repeat_window_s=0.0), race(probe=True))

    assert [step.rest_s for step in probes(plan)] == [0.3]


def test_the_order_of_release_is_drawn_anew_for_each_round() -> None:
    plan = plan_of(roster(10), race(rounds=5))
    orders = {tuple(scan.device for scan in scans(step)) for step in bursts(plan)}

    assert len(orders) == 5


@given(st.lists(STREAMS, min_size=1, max_size=3).map(tuple), DEVICES, SEEDS)
def test_every_device_of_a_stream_has_tickets_for_its_whole_length(
    phases: tuple[Phase, ...], devices: list[DeviceInfo], seed: int
) -> None:
    plan = plan_of(devices, *phases, seed=seed)

    for step, phase in zip(streams(plan), phases, strict=True):
        assert isinstance(phase, Stream)
        assert (step.pause_s, step.duration_s) == (phase.pause_s, phase.duration_s)
        assert phase.pause_s is not None
        each = math.ceil(phase.duration_s / phase.pause_s)
        assert Counter(scan.device for scan in scans(step)) == {
            device.name: each for device in devices
        }


def test_the_steps_stand_in_the_order_of_the_phases() -> None:
    plan = plan_of(
        roster(1),
        closed_loop(1, 1),
        race(rounds=2, probe=True),
        closed_loop(1, 1),
        own_tickets(),
    )

    assert [step.id for step in plan.steps] == [
        "drill-1",
        "drill-2.1",
        "drill-2.1-probe",
        "drill-2.2",
        "drill-2.2-probe",
        "drill-3",
        "drill-4.1",
    ]


def test_an_attempt_is_named_by_step_and_device_and_by_its_number_in_a_stream() -> None:
    plan = plan_of(roster(2), own_tickets(probe=True), closed_loop(2, 1), seed=3)
    burst, probe, stream = plan.steps

    assert sorted(scan.attempt for scan in burst.attempts) == [
        "drill-1.1:gate-01",
        "drill-1.1:gate-02",
    ]
    assert [scan.attempt for scan in probe.attempts] == [
        f"drill-1.1-probe:{probe.attempts[0].device}"
    ]
    assert [scan.attempt for scan in stream.attempts] == [
        "drill-2:gate-01:1",
        "drill-2:gate-02:1",
        "drill-2:gate-01:2",
        "drill-2:gate-02:2",
    ]


def test_a_plan_takes_the_first_devices_of_a_larger_roster_and_says_what_it_is_made_of() -> None:
    drill = scenario(2, race())
    [plan] = make_plans([drill], roster(5), 7, supply_of(7))

    assert plan.devices == tuple(roster(2))
    assert (plan.version, plan.scenario, plan.seed) == (PLAN_VERSION, drill, 7)


def test_too_small_a_roster_is_refused_with_both_figures() -> None:
    drill = scenario(3, race())

    with pytest.raises(UsageError, match=r"^scenario drill needs 3 devices, the roster has 2$"):
        make_plans([drill], roster(2), 1, supply_of())


@pytest.mark.parametrize(
    ("phase", "tickets"),
    [
        (race(rounds=3), 2),
        (own_tickets(), 3),
        (closed_loop(1, 1), 3),
    ],
    ids=["rounds", "own tickets", "stream"],
)
def test_too_few_tickets_are_refused(phase: Phase, tickets: int) -> None:
    with pytest.raises(
        UsageError, match=f"^the ticket file holds {tickets} tickets, of which too "
    ):
        plan_of(roster(4), phase, file=file_of(tickets))


def test_bursts_are_served_first_in_all_scenarios_and_streams_share_the_rest() -> None:
    stream = closed_loop(60, 0.1)
    scenarios = [
        scenario(2, stream, name="one"),
        scenario(2, stream, race(rounds=2), name="two"),
    ]
    supply = supply_of(1, file_of(10, race="t4"))

    one, two = make_plans(scenarios, roster(2), 1, supply)

    assert [scans(step)[0].ticket for step in bursts(two)] == ["t4", "t1"]
    assert tickets_in_order(one) == ["t2", "t3", "t5", "t6"]
    assert [scan.ticket for scan in streams(two)[0].attempts] == ["t7", "t8", "t9", "t10"]


def test_a_stream_gives_no_device_more_tickets_than_another() -> None:
    plan = plan_of(roster(3), closed_loop(60, 0.1), file=file_of(8))

    assert Counter(scan.device for scan in plan.steps[0].attempts) == {
        "gate-01": 2,
        "gate-02": 2,
        "gate-03": 2,
    }


def test_a_stream_takes_no_more_of_a_large_file_than_it_has_time_for() -> None:
    plan = plan_of(roster(2), closed_loop(1, 0.5), file=file_of(100))

    assert len(plan.steps[0].attempts) == 4
