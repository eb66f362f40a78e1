"""Emulated venues: gates, every other one a camera and the rest serial scanners, and kiosks."""

import random
from concurrent.futures import Executor

from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import DeviceInfo
from gatedrill.contract.numbering import numbered
from gatedrill.contract.topics import check_name
from gatedrill.devices.checkin import CheckIn
from gatedrill.devices.emulation.camera import EmulatedCamera
from gatedrill.devices.emulation.serial_port import EmulatedScanner, ScannerStyle
from gatedrill.devices.fallback_inquiry import FallbackInquiry
from gatedrill.devices.kiosk import kiosk_info
from gatedrill.devices.lane import Lane
from gatedrill.devices.readers.camera import CameraReader
from gatedrill.devices.readers.decoders import Decoder
from gatedrill.devices.readers.serial_port import SerialReader
from gatedrill.devices.standby import Standby


def emulated_devices(prefix: str, count: int, kiosks: int = 0) -> tuple[DeviceInfo, ...]:
    """The devices that a fleet of `count` gates and so many kiosks hosts.

    `gate-01` is a camera, `gate-02` serial, and so on, then come `gate-kiosk-01` and its like.
    Raises UsageError when the prefix may not stand in a name, or when there is no device at all.
    """
    check_name(prefix, "name prefix")
    if not count and not kiosks:
        raise UsageError("a fleet needs at least one device: a gate or a kiosk")
    gates = (
        DeviceInfo(name, reader.kind, reader.repeat_window_s)
        for number, name in enumerate(numbered(prefix, count))
        for reader in ((SerialReader if number % 2 else CameraReader),)
    )
    return (*gates, *map(kiosk_info, numbered(f"{prefix}-kiosk", kiosks)))


def make_gate(
    device: DeviceInfo,
    *,
    decoder: Decoder,
    checkin: CheckIn,
    clock: Clock,
    workers: Executor,
    standby: Standby | None = None,
    inquiry: type[FallbackInquiry] = FallbackInquiry,
) -> Lane:
    """One emulated gate, not yet open: what it asks, and what it falls back on, if anything.

    `inquiry` is how it does that.
    """
    if device.reader == CameraReader.kind:
        camera = EmulatedCamera()
        reader = CameraReader(camera, decoder, clock, workers)
        return Lane(device.name, reader, camera, checkin, clock, standby, inquiry)
    # Seeded by name: a device is the same device in every drill.
    seed = random.Random(f"style {device.name}").getrandbits(32)
    scanner = EmulatedScanner(ScannerStyle.seeded(seed))
    port = SerialReader(scanner.port, clock)
    return Lane(device.name, port, scanner, checkin, clock, standby, inquiry)
