"""Hot-plug, with looks that happen when the test says so."""

from contextlib import aclosing

from fake_machine import FakeMachine

from gatedrill.devices.hardware.catalogue import Catalogue, find_devices
from gatedrill.devices.hardware.watch import HotPlug, Tick, watch


async def test_what_is_here_is_told_first_then_what_comes_and_goes(fake: FakeMachine) -> None:
    fake.serial("ttyACM0", "1-2", "05e0:1701", serial="S123")
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 1:
            fake.camera("video0", "Webcam", fake.usb("1-4", "046d:0825"))
        if ticks == 3:
            fake.ports.clear()

    def find() -> Catalogue:
        return find_devices(fake.machine, fake.comports)

    async with aclosing(watch(find, tick)) as events:
        told = [await anext(events) for _ in range(3)]

    assert [(event.change, event.device.path) for event in told] == [
        ("here", "/dev/ttyACM0"),
        ("appeared", "/dev/video0"),
        ("gone", "/dev/ttyACM0"),
    ]
    assert ticks == 3


async def test_another_device_at_the_same_path_is_a_change(fake: FakeMachine) -> None:
    fake.serial("ttyACM0", "1-2", "05e0:1701", serial="S123")

    async def swap() -> None:
        fake.ports.clear()
        fake.serial("ttyACM0", "1-2", "05e0:1701", serial="S999")

    events = await _take(fake, swap, 3)

    assert [event.change for event in events] == ["here", "gone", "appeared"]


async def test_a_link_that_udev_makes_later_is_none(fake: FakeMachine) -> None:
    fake.serial("ttyACM0", "1-2", "05e0:1701", serial="S123")

    async def settle() -> None:
        fake.link("/dev/serial/by-id/usb-Symbol_S123", "../../ttyACM0")
        fake.keyboard("event3", "Zebra", "1-6", "05e0:1200")

    events = await _take(fake, settle, 2)

    assert [(event.change, event.device.path) for event in events] == [
        ("here", "/dev/ttyACM0"),
        ("appeared", "/dev/input/event3"),
    ]


async def _take(fake: FakeMachine, tick: Tick, count: int) -> list[HotPlug]:
    def find() -> Catalogue:
        return find_devices(fake.machine, fake.comports)

    async with aclosing(watch(find, tick)) as events:
        return [await anext(events) for _ in range(count)]
