import asyncio
import contextlib
import gc
import os
import threading
from collections.abc import Callable, Iterator

import pytest
from device_fakes import ManualClock

from gatedrill.broker.clock import MonotonicClock
from gatedrill.devices.release import release_together

MS = 1_000_000


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
    assert await release_together(1 * MS, ticking, []) is permitted
