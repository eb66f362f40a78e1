"""Emulated gates: every other one a camera, the rest serial scanners."""

import random
from collections.abc import Callable
from concurrent.futures import Executor

from gatedrill.contract.clock import Clock
from gatedrill.contract.messages import DeviceInfo
from gatedrill.contract.topics import check_name
from gatedrill.devices.checkin import CheckIn
from gatedrill.devices.emulation.camera import EmulatedCamera
from gatedrill.devices.emulation.serial_port import EmulatedScanner, ScannerStyle
from gatedrill.devices.lane import Lane
from gatedrill.devices.readers.camera import CameraReader
from gatedrill.devices.readers.decoders import Decoder
from gatedrill.devices.readers.serial_port import SerialReader


def emulated_devices(prefix: str, count: int) -> tuple[DeviceInfo, ...]:
    """The devices that a fleet of `count` hosts: `gate-01` a camera, `gate-02` serial, and so on.

    Raises UsageError when the prefix may not stand in a name.
    """
    check_name(prefix, "name prefix")
    width = max(2, len(str(count)))
    return tuple(
        DeviceInfo(f"{prefix}-{number:0{width}}", reader.kind, reader.repeat_window_s)
        for number in range(1, count + 1)
        for reader in ((CameraReader if number % 2 else SerialReader),)
    )


def make_lane(
    device: DeviceInfo,
    *,
    decoder: Decoder,
    checkin: Callable[[str], CheckIn],
    clock: Clock,
    workers: Executor,
) -> Lane:
    """One emulated gate, not yet open; `checkin` makes its connection to the service."""
    if device.reader == CameraReader.kind:
        camera = EmulatedCamera()
        reader = CameraReader(camera, decoder, clock, workers)
        return Lane(device.name, reader, camera, checkin(device.name), clock)
    # Seeded by name: a device is the same device in every drill.
    seed = random.Random(f"style {device.name}").getrandbits(32)
    scanner = EmulatedScanner(ScannerStyle.seeded(seed))
    port = SerialReader(scanner.port, clock)
    return Lane(device.name, port, scanner, checkin(device.name), clock)
