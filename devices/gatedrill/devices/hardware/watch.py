"""Hot-plug: what appears and what goes, by looking again and again.

Linux would tell by netlink, Windows by window messages, macOS by a run loop: three mechanisms, of
which two need libraries. Looking through a few folders takes milliseconds, works everywhere, and
nobody plugs in a scanner twice a second.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Literal, TypeAlias

import msgspec

from gatedrill.devices.hardware.catalogue import Catalogue, FindDevices
from gatedrill.devices.hardware.found import FoundDevice, UsbIdentity

Change = Literal["here", "appeared", "gone"]
Tick = Callable[[], Awaitable[object]]

LOOK_EVERY_S = 1.0

_Key: TypeAlias = tuple[type, str, UsbIdentity | None]


class HotPlug(msgspec.Struct, frozen=True):
    """What has become of a device. One that is `here` was so at the first look."""

    change: Change
    device: FoundDevice


async def a_second() -> None:
    """Wait until it is time for the next look."""
    await asyncio.sleep(LOOK_EVERY_S)


async def watch(find: FindDevices, tick: Tick = a_second) -> AsyncGenerator[HotPlug, None]:
    """Tell what is here, then every change, without end; looks again after each `tick`.

    Looking happens in a thread. What is unplugged and plugged in again between two looks has not
    changed. A scanner that is switched to another mode goes as one device and appears as another.
    """
    before = _by_key(await asyncio.to_thread(find))
    for device in before.values():
        yield HotPlug("here", device)
    while True:
        await tick()
        now = _by_key(await asyncio.to_thread(find))
        for key in before.keys() - now.keys():
            yield HotPlug("gone", before[key])
        for key, device in now.items():
            if key not in before:
                yield HotPlug("appeared", device)
        before = now


def _by_key(found: Catalogue) -> dict[_Key, FoundDevice]:
    """Devices by what makes them the same: links to one may be there a moment later than itself."""
    return {(type(device), device.path, device.usb): device for device in found.devices}
