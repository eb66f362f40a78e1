"""One device's file, and a service that it copies from and uploads to."""

import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from device_fakes import ManualClock
from device_files import NOON_NS, device_file
from offline_service import OfflineService
from scripted_service import ScriptedService, scripted_service

from gatedrill.contract.clock import Clock
from gatedrill.devices.connection import ServiceConnection
from gatedrill.devices.offline.device_file import DeviceFile
from gatedrill.devices.offline.time_of_day import TimeOfDay


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOON_NS)


@pytest.fixture
def time(clock: ManualClock) -> TimeOfDay:
    return TimeOfDay(clock)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "gates" / "gate-01.db"


@pytest.fixture
async def opened(path: Path, time: TimeOfDay) -> AsyncIterator[DeviceFile]:
    async with device_file(path, time=time) as file:
        yield file


@dataclass(frozen=True)
class Served:
    """The service, and the wire to it."""

    service: OfflineService
    wire: ScriptedService

    def connection(self, clock: Clock) -> ServiceConnection:
        """One device's."""
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        return ServiceConnection(self.wire.url, "some-key", clock=clock, tls=tls, timeout_s=30)


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    async with scripted_service() as wire:
        service = OfflineService()
        wire.script = service
        yield Served(service, wire)
