"""A service out of reach is given up at once, and trusted again only at its second word."""

import asyncio
import random
from collections import deque

import pytest

from gatedrill.devices.uplink_health import FIRST_PAUSE_S, UplinkHealth, keep_probing


def test_one_failure_is_enough_and_one_good_probe_is_not() -> None:
    health = UplinkHealth()
    assert health.is_up

    health.failed()
    assert not health.is_up

    health.probed(answered=True)
    assert not health.is_up

    health.probed(answered=True)
    assert health.is_up


@pytest.mark.parametrize("between", ["probe", "question"])
def test_good_probes_count_only_in_a_row(between: str) -> None:
    health = UplinkHealth()
    health.failed()
    health.probed(answered=True)
    if between == "probe":
        health.probed(answered=False)
    else:
        health.failed()
    health.probed(answered=True)
    assert not health.is_up


class Service:
    """Answers probes as it is told, and says when all was asked."""

    def __init__(self, answers: list[bool]) -> None:
        self.asked = asyncio.Event()
        self._answers = deque(answers)

    async def probe(self) -> bool:
        answer = self._answers.popleft()
        if not self._answers:
            self.asked.set()
        return answer


async def test_it_is_probed_only_while_it_is_down_and_ever_more_rarely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    slept: list[float] = []
    really_sleep = asyncio.sleep

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await really_sleep(0)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    health, service, returns = UplinkHealth(), Service([False, False, False, True, True]), []
    returned = lambda: returns.append(health.is_up)  # noqa: E731
    probing = asyncio.create_task(keep_probing(health, service.probe, returned, random.Random(1)))
    await really_sleep(0)
    assert slept == [], "nobody asks a service that is there"

    health.failed()
    async with asyncio.timeout(10):
        await service.asked.wait()
        await health.up.wait()
        await really_sleep(0)
    probing.cancel()
    assert returns == [True]

    longest = [FIRST_PAUSE_S, 2 * FIRST_PAUSE_S, 4 * FIRST_PAUSE_S, 8 * FIRST_PAUSE_S]
    assert len(slept) == 5
    for pause, most in zip(slept, [*longest, FIRST_PAUSE_S], strict=True):
        assert most / 2 <= pause <= most
