"""Where a hunt looks: instants within a window that narrows around the answers."""

from collections.abc import Sequence

import msgspec
import pytest
from evidence_builder import Run, hunt, race
from hypothesis import given
from hypothesis import strategies as st
from plans import plan_for, scenario

from gatedrill.contract.attempt import Ask, AskKind, AttemptRecord, ScanRecord
from gatedrill.contract.messages import Presentation
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.fixtures.scenario import Burst, Show
from gatedrill.orchestrator.plan import BurstStep
from gatedrill.orchestrator.sweep import (
    NARROW_ROUNDS,
    NARROWINGS,
    Sweep,
    Sweeps,
    phase_of,
    round_of,
)

MS = 1_000_000
WINDOW_NS = 40 * MS
NARROWEST_NS = WINDOW_NS >> NARROWINGS
DEVICES = [f"gate-{number:02}" for number in range(1, 11)]


def scan(device: str, *asks: Ask) -> ScanRecord:
    return ScanRecord(
        attempt=f"a:{device}",
        device=device,
        symbol="t",
        intended_ns=0,
        released_ns=0,
        decoded_ns=0,
        decided_ns=1,
        outcome=Outcome(OutcomeKind.ADMITTED),
        asks=asks,
    )


def answered(answer_ns: int, sent_ns: int = 0) -> list[AttemptRecord]:
    """A first request whose answer took so long, and one that came later and was answered later."""
    first = Ask(sent_ns, sent_ns + answer_ns, 200)
    return [scan("b", Ask(sent_ns + 1, sent_ns + 99 * MS, 200)), scan("a", first)]


def sweep(seed: int = 1, phase: str = "hunt-1", window_ns: int = WINDOW_NS) -> Sweep:
    return Sweep(seed, phase, window_ns)


def after(hunting: Sweep, *rounds: Sequence[AttemptRecord]) -> list[int]:
    """The instants of the next round, but for the one at T, once these have ended."""
    for records in rounds:
        hunting.learn(records)
    first, *others = sorted(hunting.shifts_ns(DEVICES).values())
    assert first == 0
    return others


def test_the_first_round_spreads_over_the_whole_window_and_one_device_goes_at_t() -> None:
    spread = after(sweep())

    assert len(set(spread)) == len(DEVICES) - 1
    assert all(0 <= shift_ns <= WINDOW_NS for shift_ns in spread)
    assert max(spread) - min(spread) > WINDOW_NS / 3


def test_who_goes_at_t_is_drawn_anew_for_each_round() -> None:
    hunting = sweep()
    firsts = set()
    for _ in range(20):
        shifts_ns = hunting.shifts_ns(DEVICES)
        firsts.add(min(DEVICES, key=lambda device: shifts_ns[device]))

    assert len(firsts) > 3


@pytest.mark.parametrize("rounds", range(1, NARROWINGS + 1))
def test_each_round_halves_the_window_around_the_answers(rounds: int) -> None:
    answer_ns = 15 * MS
    width_ns = WINDOW_NS >> rounds
    begin_ns = max(0, answer_ns - width_ns // 2)

    shifts_ns = after(sweep(), *[answered(answer_ns)] * rounds)

    assert all(begin_ns <= each <= begin_ns + width_ns for each in shifts_ns)


def test_once_it_is_narrow_it_stays_so_for_some_rounds_and_then_begins_anew() -> None:
    hunting = sweep()
    widths_ns = []
    for _ in range(NARROWINGS + NARROW_ROUNDS + 1):
        widths_ns.append(max(many := after(hunting)) - min(many))
        hunting.learn(answered(20 * MS))

    assert all(width_ns <= NARROWEST_NS for width_ns in widths_ns[NARROWINGS:-1])
    assert len(widths_ns[NARROWINGS:-1]) == NARROW_ROUNDS
    assert widths_ns[0] > NARROWEST_NS < widths_ns[-1]


def test_the_window_stands_around_the_median_of_the_latest_answers() -> None:
    answers = [35, 35, 35, 10, 10, 12, 30, 11]  # of which the first three are forgotten

    shifts_ns = after(sweep(), *(answered(each * MS) for each in answers))

    assert all(abs(each - 11 * MS) <= NARROWEST_NS // 2 for each in shifts_ns)


@pytest.mark.parametrize(
    ("answer_ns", "begin_ns"),
    [(0, 0), (NARROWEST_NS // 4, 0), (500 * MS, WINDOW_NS - NARROWEST_NS)],
)
def test_a_window_at_the_edge_is_as_wide_as_any(answer_ns: int, begin_ns: int) -> None:
    shifts_ns = after(sweep(), *[answered(answer_ns)] * NARROWINGS)

    assert all(begin_ns <= each <= begin_ns + NARROWEST_NS for each in shifts_ns)


def test_the_services_own_stamps_come_before_the_devices_clock() -> None:
    stamped = Ask(0, 30 * MS, 200, arrived_ns=1_000 * MS, departed_ns=1_008 * MS)

    shifts_ns = after(sweep(), *[[scan("a", stamped)]] * NARROWINGS)

    assert all(abs(each - 8 * MS) <= NARROWEST_NS // 2 for each in shifts_ns)


@pytest.mark.parametrize("half", [{"arrived_ns": 5 * MS}, {"departed_ns": 5 * MS}])
def test_one_stamp_alone_tells_nothing(half: dict[str, int]) -> None:
    stamped = msgspec.structs.replace(Ask(2 * MS, 32 * MS, 200), **half)

    shifts_ns = after(sweep(), *[[scan("a", stamped)]] * NARROWINGS)

    assert all(abs(each - 30 * MS) <= NARROWEST_NS // 2 for each in shifts_ns)


@pytest.mark.parametrize(
    "records",
    [
        pytest.param([], id="nobody was heard"),
        pytest.param([scan("a")], id="nobody asked"),
        pytest.param([scan("a", Ask(0, 5, 200, kind=AskKind.LOOKUP))], id="nobody asked to act"),
        pytest.param(
            [scan("a", Ask(0, 10_000 * MS, reason=Reason.TIMEOUT)), scan("b", Ask(1, 9, 200))],
            id="the first was never answered",
        ),
    ],
)
def test_without_an_answer_to_the_first_request_the_whole_window_is_searched(
    records: list[AttemptRecord],
) -> None:
    shifts_ns = after(sweep(), *[records] * NARROWINGS)

    assert max(shifts_ns) - min(shifts_ns) > NARROWEST_NS


ANSWERS = st.lists(st.integers(0, 100 * MS), max_size=30)


@given(seed=st.integers(0, 2**63), answers_ns=ANSWERS, window_ns=st.integers(1, 1000 * MS))
def test_whatever_the_answers_all_instants_lie_within_the_window_and_come_again(
    seed: int, answers_ns: list[int], window_ns: int
) -> None:
    one, again = (Sweep(seed, "hunt-1", window_ns) for _ in range(2))
    for answer_ns in [*answers_ns, 0]:
        shifts_ns = one.shifts_ns(DEVICES)
        assert shifts_ns == again.shifts_ns(DEVICES)
        assert list(shifts_ns) == DEVICES
        assert 0 in shifts_ns.values()
        assert all(0 <= each <= window_ns for each in shifts_ns.values())
        one.learn(answered(answer_ns))
        again.learn(answered(answer_ns))


@pytest.mark.parametrize("other", [sweep(seed=2), sweep(phase="hunt-2")])
def test_another_seed_or_phase_hunts_elsewhere(other: Sweep) -> None:
    assert after(sweep()) != after(other)


def orders(step: BurstStep) -> dict[str, Presentation]:
    return {each.attempt: Presentation(each.attempt, each.device, "t", 1) for each in step.attempts}


def swept_steps(rounds: int = 2, phases: int = 1) -> list[BurstStep]:
    phase = Burst(shows=(Show("shared", same=True),), rounds=rounds, sweep_ms=40)
    steps = plan_for(scenario(4, *[phase] * phases)).steps
    return [step for step in steps if isinstance(step, BurstStep)]


def test_orders_of_a_swept_step_are_shifted_and_are_otherwise_what_they_were() -> None:
    [step] = swept_steps(rounds=1)
    before = orders(step)

    shifted = Sweeps(1).shifted(step, before)

    assert len({order.shift_ns for order in shifted.values()}) == 4
    assert {
        attempt: msgspec.structs.replace(order, shift_ns=0) for attempt, order in shifted.items()
    } == before


def test_steps_that_are_not_swept_stay_as_they_are() -> None:
    sweeps = Sweeps(1)
    [step, *_] = race(rounds=1).steps
    assert isinstance(step, BurstStep)

    assert sweeps.shifted(step, orders(step)) == orders(step)
    sweeps.learn(step, answered(5))
    assert sweeps.shifted(swept_steps()[0], {}) == {}


def test_each_phase_learns_from_its_own_rounds() -> None:
    sweeps = Sweeps(1)
    first, *_, other = swept_steps(rounds=1, phases=2)
    for _ in range(NARROWINGS):
        sweeps.learn(first, answered(20 * MS))

    def spread_ns(step: BurstStep) -> int:
        shifts_ns = sorted(each.shift_ns for each in sweeps.shifted(step, orders(step)).values())
        return shifts_ns[-1] - shifts_ns[1]

    assert spread_ns(first) <= NARROWEST_NS < spread_ns(other)


def test_a_step_tells_its_phase_and_its_round() -> None:
    steps = swept_steps(rounds=12, phases=2)

    assert (phase_of(steps[11]), round_of(steps[11])) == ("drill-1", 12)
    assert (phase_of(steps[12]), round_of(steps[12])) == ("drill-2", 1)
    assert len(Run(hunt()).plan.steps) == 3
