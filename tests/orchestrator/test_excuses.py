"""Whose silence means nothing: for which reasons, and for how long after."""

import pytest
from memory_bus import ManualClock

from gatedrill.broker.bus import LONGEST_PAUSE_S
from gatedrill.broker.claim import STALE_AFTER_S
from gatedrill.orchestrator.excuses import GRACE_S, Excuses


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(1_000)


@pytest.fixture
def excuses(clock: ManualClock) -> Excuses:
    return Excuses(clock.now_ns)


def test_nobody_is_excused_without_a_reason(excuses: Excuses) -> None:
    assert not excuses.cover("east")
    excuses.end("nothing")
    assert not excuses.cover("east"), "nor for the end of none"


def test_one_is_excused_as_long_as_the_reason_lasts_and_a_while_longer(
    excuses: Excuses, clock: ManualClock
) -> None:
    excuses.begin("paused", ["west"])
    clock.advance_s(10 * GRACE_S)
    assert excuses.cover("west")
    assert not excuses.cover("east")

    excuses.end("paused")
    clock.advance_s(GRACE_S - 0.001)
    assert excuses.cover("west")
    assert not excuses.cover("east")
    clock.advance_s(0.002)
    assert not excuses.cover("west")


def test_all_are_excused_while_the_broker_is_down_also_who_comes_meanwhile(
    excuses: Excuses, clock: ManualClock
) -> None:
    excuses.begin("stopped", None)
    assert excuses.cover("whoever")
    excuses.end("stopped")
    clock.advance_s(GRACE_S - 0.001)
    assert excuses.cover("whoever")
    clock.advance_s(0.002)
    assert not excuses.cover("whoever")


def test_the_end_of_one_reason_is_not_that_of_another(excuses: Excuses, clock: ManualClock) -> None:
    excuses.begin("paused", ["west"])
    excuses.begin("stopped", None)
    excuses.end("stopped")
    clock.advance_s(2 * GRACE_S)

    assert excuses.cover("west")
    assert not excuses.cover("east")


def test_all_are_pardoned_after_we_were_cut_off(excuses: Excuses, clock: ManualClock) -> None:
    excuses.pardon()
    assert excuses.cover("east")
    clock.advance_s(GRACE_S)
    assert not excuses.cover("east")


def test_the_grace_is_long_enough_for_a_client_that_has_just_begun_its_longest_pause() -> None:
    assert GRACE_S >= LONGEST_PAUSE_S + STALE_AFTER_S
