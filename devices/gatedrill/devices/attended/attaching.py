"""Real hardware as a gate's reader: found at first by what the user calls it, later by what it is.

Everything that can be unplugged comes back by itself; a recording that is over does not.
"""

import asyncio
import zlib
from collections.abc import Callable
from concurrent.futures import Executor

import msgspec

from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import PeerError
from gatedrill.devices.hardware.choosing import choose_hid, choose_serial
from gatedrill.devices.hardware.found import FoundHid
from gatedrill.devices.hardware.hid_devices import list_hid_devices
from gatedrill.devices.hardware.identity import (
    DeviceIdentity,
    find_again,
    find_hid_again,
    identity_of,
)
from gatedrill.devices.hardware.serial_ports import list_serial_ports
from gatedrill.devices.readers.camera import CameraReader
from gatedrill.devices.readers.decoders import Decoder
from gatedrill.devices.readers.hid.pos import PosReader
from gatedrill.devices.readers.hid.wedge import WedgeReader
from gatedrill.devices.readers.lasting import Connect, LastingReader
from gatedrill.devices.readers.reader import Reader, ReaderKind
from gatedrill.devices.readers.serial_port import SerialReader
from gatedrill.devices.readers.serial_settings import SerialSettings
from gatedrill.devices.readers.sources.choose import open_source
from gatedrill.devices.readers.sources.recorded import RecordedSource

MakeReader = Callable[[Clock, Executor], Reader]
"""Makes a reader, not yet open."""


class HidSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a scanner that types is read; one that speaks HID-POS needs no setting but the last."""

    layout: str = "us"
    idle_flush_s: float = 0.08
    repeat_window_s: float = WedgeReader.repeat_window_s


def _lasting(connect: Connect, kind: ReaderKind, window_s: float, wanted: str) -> LastingReader:
    # Gates on one hub shall not all look for their hardware in the same moment.
    seed = zlib.crc32(wanted.encode())
    return LastingReader(connect, kind=kind, repeat_window_s=window_s, seed=seed)


def serial_scanner(wanted: str, settings: SerialSettings) -> MakeReader:
    """The serial scanner that `wanted` means (see `choose_serial`)."""

    def make(clock: Clock, _workers: Executor) -> LastingReader:
        port = _SerialPort(wanted)

        async def connect() -> Reader:
            path = await asyncio.to_thread(port.find)
            reader = SerialReader(path, clock, settings)
            await reader.open()
            return reader

        return _lasting(connect, "serial", settings.repeat_window_s, wanted)

    return make


class _SerialPort:
    """One serial port, wherever it is at the moment."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self._identity: DeviceIdentity | None = None

    def find(self) -> str:
        """Its path; UsageError where nothing is what is wanted, PeerError while it is gone."""
        ports = list_serial_ports()
        if self._identity is None:
            port = choose_serial(self._wanted, ports)
            self._identity = identity_of(port, ports)
            return port.path
        found = find_again(self._identity, ports)
        if found is None:
            raise PeerError(f"{self._identity} is not plugged in")
        return found.path


def hid_scanner(wanted: str, settings: HidSettings) -> MakeReader:
    """The scanner that types, or speaks HID-POS, that `wanted` means (see `choose_hid`)."""

    def make(clock: Clock, _workers: Executor) -> LastingReader:
        device = _HidDevice(wanted)

        async def connect() -> Reader:
            found = await asyncio.to_thread(device.find)
            reader = _hid_reader(found, clock, settings)
            await reader.open()
            return reader

        return _lasting(connect, "hid", settings.repeat_window_s, wanted)

    return make


class _HidDevice:
    """One scanner that types or speaks HID-POS, wherever it is at the moment."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self._identity: DeviceIdentity | None = None

    def find(self) -> FoundHid:
        """It; UsageError where nothing is what is wanted, PeerError while it is gone."""
        here = list_hid_devices()
        if self._identity is None:
            chosen = choose_hid(self._wanted, here)
            self._identity = identity_of(chosen, here)
            return chosen
        found = find_hid_again(self._identity, here)
        if found is None:
            raise PeerError(f"{self._identity} is not plugged in")
        return found


def _hid_reader(found: FoundHid, clock: Clock, settings: HidSettings) -> Reader:
    if found.protocol == "pos":
        return PosReader(found.path, clock)
    return WedgeReader(
        found.path, clock, layout=settings.layout, idle_flush_s=settings.idle_flush_s
    )


def camera(wanted: str, decoder: Decoder, repeat_window_s: float) -> MakeReader:
    """The camera, network stream, video or folder of pictures that `wanted` names.

    What is recorded is played once. Raises UsageError for what can be none of them.
    """
    is_recorded = isinstance(open_source(wanted), RecordedSource)

    def make(clock: Clock, workers: Executor) -> Reader:
        def reader() -> CameraReader:
            return CameraReader(open_source(wanted), decoder, clock, workers)

        if is_recorded:
            return reader()

        async def connect() -> Reader:
            opened = reader()
            await opened.open()
            return opened

        return _lasting(connect, "camera", repeat_window_s, wanted)

    return make
