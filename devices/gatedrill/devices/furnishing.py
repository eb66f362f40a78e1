"""Everything that a fleet's devices are made of: connections, adapters, files, emulated hands."""

import logging
import random
import ssl
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import AsyncExitStack
from pathlib import Path

from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import ANSWER_TIMEOUT_S, DeviceInfo
from gatedrill.devices.attended.attachment import Attach
from gatedrill.devices.attended.gate import AttendedGate
from gatedrill.devices.connection import ServiceAnswer, ServiceConnection, nobody
from gatedrill.devices.device import Device
from gatedrill.devices.emulated import make_gate
from gatedrill.devices.fleet_settings import FleetSettings
from gatedrill.devices.kiosk import Kiosk
from gatedrill.devices.offline.cached_ticket import ManifestRows
from gatedrill.devices.offline.journal import Journal
from gatedrill.devices.offline.manifest_download import download
from gatedrill.devices.offline.time_of_day import TimeOfDay
from gatedrill.devices.offline.upload import Upload
from gatedrill.devices.planted_faults import parts_for
from gatedrill.devices.readers.decoders import make_decoder
from gatedrill.devices.readers.lasting import LastingReader
from gatedrill.devices.standby import Standby, StandbyParts, Venue
from gatedrill.devices.standbys import Standbys
from gatedrill.devices.supabase_checkin import SupabaseCheckIn
from gatedrill.devices.supabase_kiosk import SupabaseKiosk
from gatedrill.devices.tunnel import Uplink

logger = logging.getLogger(__name__)


def _tell_progress(rows: int) -> None:
    logger.info("%d rows of the tickets are copied", rows)


class Furnishing:
    """Makes the devices of a fleet, and opens them on a stack that closes them again."""

    def __init__(
        self,
        settings: FleetSettings,
        boot: str,
        clock: Clock,
        workers: Executor,
        venue: Venue,
        attach: Attach | None = None,
    ) -> None:
        """`attach` makes the hardware of the attended devices, where there are any."""
        self._settings = settings
        self._boot = boot
        self._clock = clock
        self._workers = workers
        self._venue = venue
        self._attach = attach
        self._decoder = make_decoder(settings.decoder)
        self._tls = ssl.create_default_context()  # one for all: making it takes tens of ms
        self._gate = parts_for(settings.fault)
        self._standbys: dict[str, Standby] = {}

    async def open(self, stack: AsyncExitStack) -> tuple[list[Device], Standbys | None]:
        """The devices, open, and what their gates fall back on, if anything.

        UsageError or PeerError where one of them cannot be.
        """
        devices = []
        for info in self._settings.devices:
            device = self._make(info)
            stack.push_async_callback(device.close)
            await device.open()
            devices.append(device)
        if not self._standbys:
            return devices, None
        copying = self._connection(self._settings.devices[0].name)
        stack.push_async_callback(copying.close)

        async def copy(since_ns: int | None) -> ManifestRows:
            return await download(
                copying, self._settings.event_id, since_ns=since_ns, progress=_tell_progress
            )

        return devices, Standbys(self._standbys, copy)

    def _make(self, info: DeviceInfo) -> Device:
        if info.is_kiosk:
            return Kiosk(info.name, SupabaseKiosk(self._connection(info.name)), self._clock)
        standby = None if self._settings.data is None else self._standby(info.name)
        if standby is not None:
            self._standbys[info.name] = standby
        if info.attended:
            return self._attended(info, standby)
        return make_gate(
            info,
            decoder=self._decoder,
            checkin=self._checkin(info.name, standby),
            clock=self._clock,
            workers=self._workers,
            standby=standby,
            inquiry=self._gate.inquiry,
        )

    def _attended(self, info: DeviceInfo, standby: Standby | None) -> AttendedGate:
        if self._attach is None:
            raise UsageError(f"{info.name}: nothing is said of its hardware")
        attached = self._attach(self._clock, self._workers)
        gate = AttendedGate(
            info.name,
            attached.reader,
            self._checkin(info.name, standby),
            self._clock,
            attached.feedback,
            boot=self._boot,
            label=info.label,
            zone=attached.zone,
            standby=standby,
            inquiry=self._gate.inquiry,
        )
        if isinstance(attached.reader, LastingReader):
            attached.reader.on_lost, attached.reader.on_back = gate.lose, gate.regain
        return gate

    def _standby(self, device: str) -> Standby:
        settings = self._settings
        time = TimeOfDay(self._clock)
        uploads = self._connection(device, time.service.hear)
        probing = self._checkin(device, None)

        def upload(journal: Journal) -> Upload:
            return self._gate.upload(uploads, journal, scanned_by=settings.scanned_by)

        async def hang_up() -> None:
            await uploads.close()
            await probing.close()

        parts = StandbyParts(
            file=(settings.data or Path()) / f"{device}.sqlite3",
            boot=self._boot,
            event_id=settings.event_id,
            vip_argument=settings.vip_argument,
            time_of_day=time,
            probe=probing.probe,
            upload=upload,
            venue=self._venue,
            hang_up=hang_up,
            file_type=self._gate.file,
        )
        return Standby(device, parts, random.Random(f"{settings.name} {device} {self._boot}"))

    def _checkin(self, device: str, standby: Standby | None) -> SupabaseCheckIn:
        heard = nobody if standby is None else standby.time_of_day.service.hear
        return SupabaseCheckIn(
            self._connection(device, heard),
            device=device,
            scanned_by=self._settings.scanned_by,
            event_id=self._settings.event_id,
            vip_argument=self._settings.vip_argument,
        )

    def _connection(
        self, device: str, heard: Callable[[ServiceAnswer], None] = nobody
    ) -> ServiceConnection:
        uplink = self._settings.uplink
        return ServiceConnection(
            self._settings.target,
            self._settings.key,
            clock=self._clock,
            tls=self._tls,
            timeout_s=ANSWER_TIMEOUT_S,
            uplink=None if uplink is None else Uplink.parse(uplink, device),
            heard=heard,
        )
