import asyncio
import contextlib
import gc
import os
import threading
from collections.abc import Callable, Iterator

import pytest
from device_fakes import ManualClock

from gatedrill.broker.clock import MonotonicClock
from gatedrill.contract.messages import ReleaseMode
from gatedrill.devices import release as releasing
from gatedrill.devices.release import release_in_turn, release_together

MS = 1_000_000


def nothing() -> None:
    """Let nobody go."""


@pytest.fixture
def ticking() -> ManualClock:
    """A clock that a spin sees advance: 0.1 ms at each look."""
    return ManualClock(tick_ns=MS // 10)


@pytest.fixture(params=[True, False], ids=["collecting", "not collecting"])
def collecting(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Whether the garbage collector was on before."""
    was_enabled = gc.isenabled()
    (gc.enable if request.param else gc.disable)()
    yield request.param
    (gc.enable if was_enabled else gc.disable)()


async def test_all_are_released_in_their_order_and_once(ticking: ManualClock) -> None:
    released: list[int] = []
    names = [3, 1, 2, 1]
    await release_together(5 * MS, ticking, [lambda n=n: released.append(n) for n in names])  # type: ignore[misc]
    assert released == names


async def test_nothing_is_released_before_the_instant(ticking: ManualClock) -> None:
    stamps_ns: list[int] = []
    at_ns = 9 * MS
    await release_together(at_ns, ticking, [lambda: stamps_ns.append(ticking.now_ns())] * 3)
    assert len(stamps_ns) == 3
    assert min(stamps_ns) > at_ns


async def test_on_a_real_clock_nothing_is_released_before_the_instant() -> None:
    clock = MonotonicClock()
    stamps_ns: list[int] = []
    at_ns = clock.now_ns() + 40 * MS
    await release_together(at_ns, clock, [lambda: stamps_ns.append(clock.now_ns())] * 3)
    assert len(stamps_ns) == 3
    assert min(stamps_ns) >= at_ns


@pytest.mark.parametrize("at_ns", [-3_600_000 * MS, 0, 10 * MS])
async def test_an_instant_that_has_passed_releases_at_once(at_ns: int) -> None:
    standing = ManualClock(10 * MS)
    released: list[int] = []
    await release_together(at_ns, standing, [lambda: released.append(1)])
    assert released == [1]


async def test_other_tasks_run_while_the_instant_is_far(
    ticking: ManualClock, leap: Callable[[float], None]
) -> None:
    releasing = asyncio.create_task(release_together(60_000 * MS, ticking, []))
    await asyncio.sleep(0)
    assert not releasing.done()
    leap(60)
    ticking.advance(60)
    await releasing


async def test_a_release_that_is_given_up_releases_nobody(ticking: ManualClock) -> None:
    released: list[int] = []
    releasing = asyncio.create_task(
        release_together(60_000 * MS, ticking, [lambda: released.append(1)])
    )
    await asyncio.sleep(0)
    releasing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await releasing
    assert released == []


async def test_no_garbage_is_collected_between_two_releases(
    ticking: ManualClock, collecting: bool
) -> None:
    seen: list[bool] = []
    await release_together(1 * MS, ticking, [lambda: seen.append(gc.isenabled())] * 2)
    assert seen == [False, False]
    assert gc.isenabled() is collecting


async def test_the_collector_is_as_it_was_after_a_release_that_raises(
    ticking: ManualClock, collecting: bool
) -> None:
    with pytest.raises(ZeroDivisionError):
        await release_together(1 * MS, ticking, [lambda: 1 // 0])  # type: ignore[list-item]
    assert gc.isenabled() is collecting


needs_linux = pytest.mark.skipif(
    not hasattr(os, "sched_setscheduler"), reason="priorities are set on Linux only"
)


@contextlib.contextmanager
def scheduled(policy: int) -> Iterator[None]:
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    os.sched_setscheduler(0, policy, os.sched_param(0))
    try:
        yield
    finally:
        os.sched_setscheduler(0, *before)


@needs_linux
@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("policy", ["SCHED_OTHER", "SCHED_BATCH"])
async def test_the_thread_is_scheduled_afterwards_as_it_was_before(
    ticking: ManualClock, policy: str, fails: bool
) -> None:
    def fail() -> None:
        if fails:
            raise ZeroDivisionError

    with scheduled(getattr(os, policy)):
        with contextlib.suppress(ZeroDivisionError):
            await release_together(1 * MS, ticking, [fail])
        assert os.sched_getscheduler(0) == getattr(os, policy)


@needs_linux
async def test_where_it_is_permitted_the_releases_run_with_real_time_priority(
    ticking: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[int, int, int]] = []

    def setscheduler(pid: int, policy: int, param: os.sched_param) -> None:
        asked.append((pid, policy, param.sched_priority))

    monkeypatch.setattr(os, "sched_setscheduler", setscheduler)
    at_release: list[list[tuple[int, int, int]]] = []
    await release_together(1 * MS, ticking, [lambda: at_release.append(asked.copy())])
    assert at_release == [[(0, os.SCHED_FIFO, 1)]]
    assert len(asked) == 2


@needs_linux
async def test_no_other_thread_is_given_real_time_priority(ticking: ManualClock) -> None:
    end = threading.Event()
    other = threading.Thread(target=end.wait)
    other.start()
    policies: list[int] = []
    before = os.sched_getscheduler(other.native_id or 0)
    await release_together(
        1 * MS, ticking, [lambda: policies.append(os.sched_getscheduler(other.native_id or 0))]
    )
    end.set()
    other.join()
    assert policies == [before]


@needs_linux
@pytest.mark.parametrize("refusal", [PermissionError(1, "not permitted"), OSError(22, "invalid")])
async def test_where_real_time_priority_is_forbidden_all_are_released_without(
    ticking: ManualClock, monkeypatch: pytest.MonkeyPatch, refusal: OSError
) -> None:
    def forbidden(*_arguments: object) -> None:
        raise refusal

    monkeypatch.setattr(os, "sched_setscheduler", forbidden)
    released: list[int] = []
    await release_together(1 * MS, ticking, [lambda: released.append(1)] * 3)
    assert released == [1, 1, 1]


@needs_linux
@pytest.mark.parametrize("permitted", [True, False])
async def test_it_tells_whether_real_time_priority_was_in_effect(
    ticking: ManualClock, monkeypatch: pytest.MonkeyPatch, permitted: bool
) -> None:
    def setscheduler(*_arguments: object) -> None:
        if not permitted:
            raise PermissionError(1, "not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", setscheduler)
    mode = ReleaseMode.REAL_TIME if permitted else ReleaseMode.ORDINARY
    assert await release_together(1 * MS, ticking, []) is mode
    assert await release_in_turn(ticking, [(1 * MS, nothing), (2 * MS, nothing)]) is mode


@needs_linux
async def test_one_release_without_real_time_priority_makes_all_of_them_ordinary(
    ticking: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([None, None, PermissionError(1, "not permitted")])

    def setscheduler(*_arguments: object) -> None:
        if error := next(answers):
            raise error

    monkeypatch.setattr(os, "sched_setscheduler", setscheduler)
    mode = await release_in_turn(ticking, [(1 * MS, nothing), (2 * MS, nothing)])
    assert mode is ReleaseMode.ORDINARY


@pytest.fixture
def quiet(ticking: ManualClock, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the process stood still on purpose; the clock goes on by that."""
    pauses_s: list[float] = []

    def stand_still(seconds: float) -> None:
        pauses_s.append(seconds)
        ticking.advance(seconds)

    monkeypatch.setattr(releasing, "_stand_still", stand_still)
    return pauses_s


async def test_after_the_last_release_the_process_is_quiet_for_as_long_as_it_was_told(
    ticking: ManualClock, quiet: list[float]
) -> None:
    before_quiet: list[int] = []
    await release_together(1 * MS, ticking, [lambda: before_quiet.append(len(quiet))] * 2, 0.003)
    assert before_quiet == [0, 0]
    assert quiet == [0.003]


@needs_linux
async def test_real_time_priority_is_given_back_before_the_quiet(
    ticking: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    at_quiet: list[int] = []
    monkeypatch.setattr(os, "sched_setscheduler", lambda _pid, policy, _param: asked.append(policy))
    monkeypatch.setattr(releasing, "_stand_still", lambda _seconds: at_quiet.append(len(asked)))
    await release_together(1 * MS, ticking, [nothing], 0.003)
    assert at_quiet == [2]


async def test_in_turn_each_is_released_at_its_own_instant_whatever_their_order(
    ticking: ManualClock,
) -> None:
    released: list[tuple[str, int]] = []
    instants_ns = {"late": 9 * MS, "first": 1 * MS, "middle": 4 * MS}
    await release_in_turn(
        ticking,
        [
            (at_ns, lambda name=name: released.append((name, ticking.now_ns())))  # type: ignore[misc]
            for name, at_ns in instants_ns.items()
        ],
    )
    assert [name for name, _ in released] == ["first", "middle", "late"]
    for name, at_ns in released:
        assert instants_ns[name] <= at_ns < instants_ns[name] + MS


async def test_in_turn_those_of_one_instant_keep_their_order(ticking: ManualClock) -> None:
    released: list[int] = []
    await release_in_turn(
        ticking,
        [(1 * MS, lambda n=n: released.append(n)) for n in (3, 1, 2)],  # type: ignore[misc]
    )
    assert released == [3, 1, 2]


async def test_between_two_far_instants_the_event_loop_runs(
    ticking: ManualClock, leap: Callable[[float], None]
) -> None:
    released: list[str] = []
    turns = [
        (1 * MS, lambda: released.append("near")),
        (60_000 * MS, lambda: released.append("far")),
    ]
    in_turn = asyncio.create_task(release_in_turn(ticking, turns))
    await asyncio.sleep(0)
    assert released == ["near"]
    leap(60)
    ticking.advance(60)
    await in_turn
    assert released == ["near", "far"]


async def test_between_two_near_instants_nothing_else_runs(ticking: ManualClock) -> None:
    released: list[int] = []
    turns = [(at * MS, lambda at=at: released.append(at)) for at in (1, 2, 3)]
    in_turn = asyncio.create_task(release_in_turn(ticking, turns))
    await asyncio.sleep(0)
    assert released == [1, 2, 3]
    await in_turn


async def test_given_up_in_between_the_others_stay_where_they_are(ticking: ManualClock) -> None:
    released: list[str] = []
    turns = [
        (1 * MS, lambda: released.append("near")),
        (60_000 * MS, lambda: released.append("far")),
    ]
    in_turn = asyncio.create_task(release_in_turn(ticking, turns))
    await asyncio.sleep(0)
    in_turn.cancel()
    with pytest.raises(asyncio.CancelledError):
        await in_turn
    assert released == ["near"]


async def test_in_turn_no_garbage_is_collected_at_a_release(
    ticking: ManualClock, collecting: bool
) -> None:
    seen: list[bool] = []
    await release_in_turn(
        ticking, [(at * MS, lambda: seen.append(gc.isenabled())) for at in (1, 9)]
    )
    assert seen == [False, False]
    assert gc.isenabled() is collecting
