"""Emulated gates: a guest that shows tickets, and the reader that sees them."""

import random
from concurrent.futures import Executor

from gatedrill.contract.clock import Clock
from gatedrill.contract.messages import DeviceInfo
from gatedrill.devices.checkin import CheckIn
from gatedrill.devices.emulation.camera import EmulatedCamera
from gatedrill.devices.emulation.serial_port import EmulatedScanner, ScannerStyle
from gatedrill.devices.fallback_inquiry import FallbackInquiry
from gatedrill.devices.lane import Lane
from gatedrill.devices.readers.camera import CameraReader
from gatedrill.devices.readers.decoders import Decoder
from gatedrill.devices.readers.serial_port import SerialReader
from gatedrill.devices.standby import Standby


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
