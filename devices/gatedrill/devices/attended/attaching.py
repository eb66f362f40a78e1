"""Real hardware as a gate's reader: found at first by what the user calls it, later by what it is.

Everything that can be unplugged comes back by itself; a recording that is over does not.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from functools import partial
from typing import TypeVar

import msgspec

from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import PeerError
from gatedrill.devices.hardware.choosing import choose_hid, choose_serial
from gatedrill.devices.hardware.found import FoundHid, FoundSerialPort
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

Found = TypeVar("Found", FoundSerialPort, FoundHid)

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


def _finder(
    list_here: Callable[[], list[Found]],
    choose: Callable[[list[Found]], Found],
    find_again: Callable[[DeviceIdentity, list[Found]], Found | None],
) -> Callable[[], Awaitable[Found]]:
    """Finds one piece of hardware, wherever it is plugged in at the moment.

    UsageError where nothing is what is wanted, PeerError while it is gone.
    """
    identity: DeviceIdentity | None = None

    def find() -> Found:
        nonlocal identity
        here = list_here()
        if identity is None:
            chosen = choose(here)
            identity = identity_of(chosen, here)
            return chosen
        found = find_again(identity, here)
        if found is None:
            raise PeerError(f"{identity} is not plugged in")
        return found

    return lambda: asyncio.to_thread(find)


def serial_scanner(wanted: str, settings: SerialSettings) -> MakeReader:
    """The serial scanner that `wanted` means (see `choose_serial`)."""

    def make(clock: Clock, _workers: Executor) -> LastingReader:
        find = _finder(list_serial_ports, partial(choose_serial, wanted), find_again)

        async def connect() -> Reader:
            reader = SerialReader((await find()).path, clock, settings)
            await reader.open()
            return reader

        return _lasting(connect, "serial", settings.repeat_window_s, wanted)

    return make


def hid_scanner(wanted: str, settings: HidSettings) -> MakeReader:
    """The scanner that types, or speaks HID-POS, that `wanted` means (see `choose_hid`)."""

    def make(clock: Clock, _workers: Executor) -> LastingReader:
        find = _finder(list_hid_devices, partial(choose_hid, wanted), find_hid_again)

        async def connect() -> Reader:
            reader = _hid_reader(await find(), clock, settings)
            await reader.open()
            return reader

        return _lasting(connect, "hid", settings.repeat_window_s, wanted)

    return make


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
