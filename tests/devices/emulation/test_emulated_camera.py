import asyncio

import pytest

from gatedrill.devices.emulation import camera as module
from gatedrill.devices.emulation.camera import EmulatedCamera

LATE_S = 3600.0


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera whose next frame is always due."""
    monkeypatch.setattr(module, "FRAME_INTERVAL_S", 0.0)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that takes an hour for a second frame of the same ticket."""
    monkeypatch.setattr(module, "FRAME_INTERVAL_S", LATE_S)


async def is_waiting(task: asyncio.Task[bytes]) -> bool:
    for _ in range(10):
        await asyncio.sleep(0)
    return not task.done()


@pytest.mark.usefixtures("at_once")
async def test_the_looks_come_in_order_and_the_last_again_and_again() -> None:
    camera = EmulatedCamera()
    camera.present((b"first", b"steady"))
    assert [await camera.next_frame() for _ in range(4)] == [b"first"] + [b"steady"] * 3


@pytest.mark.usefixtures("at_once")
async def test_without_a_ticket_no_frame_comes() -> None:
    camera = EmulatedCamera()
    waiting = asyncio.create_task(camera.next_frame())
    assert await is_waiting(waiting)
    camera.present((b"A",))
    assert await waiting == b"A"


@pytest.mark.usefixtures("at_once")
async def test_a_withdrawn_ticket_is_seen_no_more() -> None:
    camera = EmulatedCamera()
    camera.present((b"A",))
    await camera.next_frame()
    camera.withdraw()
    waiting = asyncio.create_task(camera.next_frame())
    assert await is_waiting(waiting)
    camera.present((b"B",))
    assert await waiting == b"B"


@pytest.mark.usefixtures("at_once")
async def test_a_ticket_withdrawn_before_it_was_seen_was_never_there() -> None:
    camera = EmulatedCamera()
    waiting = asyncio.create_task(camera.next_frame())
    assert await is_waiting(waiting)
    camera.present((b"A",))
    camera.withdraw()
    assert await is_waiting(waiting)
    camera.present((b"B",))
    assert await waiting == b"B"


@pytest.mark.usefixtures("slow")
async def test_the_next_frame_of_a_ticket_takes_its_time() -> None:
    camera = EmulatedCamera()
    camera.present((b"first", b"steady"))
    assert await camera.next_frame() == b"first"
    waiting = asyncio.create_task(camera.next_frame())
    assert await is_waiting(waiting)
    waiting.cancel()


@pytest.mark.usefixtures("slow")
@pytest.mark.parametrize("withdrawn", [True, False])
async def test_another_ticket_is_seen_at_once(withdrawn: bool) -> None:
    camera = EmulatedCamera()
    camera.present((b"A",))
    await camera.next_frame()
    waiting = asyncio.create_task(camera.next_frame())
    assert await is_waiting(waiting)
    if withdrawn:
        camera.withdraw()
    camera.present((b"B",))
    assert await waiting == b"B"


async def test_withdrawing_nothing_is_harmless() -> None:
    camera = EmulatedCamera()
    camera.withdraw()
    camera.close()
    camera.present((b"A",))
    assert await camera.next_frame() == b"A"
