"""Faults of a gate that can be planted on purpose, to see whether a rehearsal finds them."""

from dataclasses import dataclass
from typing import Final, NamedTuple

from gatedrill.contract import service
from gatedrill.contract.attempt import AskKind, ClaimAsk
from gatedrill.contract.errors import UsageError
from gatedrill.contract.outcome import Outcome
from gatedrill.devices.fallback_inquiry import FallbackInquiry
from gatedrill.devices.offline.device_file import DeviceFile
from gatedrill.devices.offline.journal import Journal
from gatedrill.devices.offline.journal_rows import JournaledScan
from gatedrill.devices.offline.service_time import Corrected
from gatedrill.devices.offline.upload import SupabaseUpload
from gatedrill.devices.offline.upload_answers import Verdict, read_sync
from gatedrill.devices.standby import Subject


class GateParts(NamedTuple):
    """What a gate that may decide by itself is made of; without a fault, of honest parts."""

    file: type[DeviceFile] = DeviceFile
    upload: type[SupabaseUpload] = SupabaseUpload
    inquiry: type[FallbackInquiry] = FallbackInquiry


@dataclass(frozen=True)
class GateFault:
    """A planted fault: what it does, and what gates are made of that have it."""

    name: str
    meaning: str
    parts: GateParts
    breaks_safety: bool = True


class _LostJournal(Journal):
    """Keeps its queue in memory, as it were: what waits at a start is gone."""

    async def take_up(self) -> None:
        """Forget it."""
        await self._database.write("DELETE FROM scans WHERE state IN ('pending', 'syncing')")


class _StuckJournal(Journal):
    """Takes a scan that was being sent when the device died for sent."""

    async def take_up(self) -> None:
        """Leave it as it is."""
        await self._database.write("UPDATE scans SET next_try_ns = 0 WHERE state = 'pending'")


class _TrustingJournal(Journal):
    """Takes the device's own time of day for the right one."""

    def corrected(self, scan: JournaledScan) -> Corrected | None:
        """What the device took for the time of day."""
        return None if scan.of_day_ns is None else Corrected(scan.of_day_ns, 0.0)


class _LostFile(DeviceFile):
    journal_type = _LostJournal


class _StuckFile(DeviceFile):
    journal_type = _StuckJournal


class _TrustingFile(DeviceFile):
    journal_type = _TrustingJournal


class _NoncelessUpload(SupabaseUpload):
    """Uploads without the nonce, and takes its own earlier scan for another one's."""

    async def _send_ticket(self, scan: JournaledScan, at: Corrected) -> Verdict:
        arguments = service.SyncArguments(scan.ticket, self._scanned_by, at.text, self._device)
        answer = await self._call(AskKind.SCAN, service.SYNC_FUNCTION, arguments)
        return read_sync(answer, scan)


class _HastyInquiry(FallbackInquiry):
    """Lets the guest in as soon as the claim is on its way."""

    async def claim(
        self, _nonce: str, _subject: Subject, own_word: Outcome
    ) -> tuple[Outcome | None, ClaimAsk | None]:
        """Wait for no grant."""
        now_ns = self._clock.now_ns()
        return own_word, ClaimAsk(now_ns, now_ns)


GATE_FAULTS: Final = (
    GateFault(
        "queue-lost-in-crash",
        "scans that wait to be uploaded are gone when the gate starts again",
        GateParts(file=_LostFile),
    ),
    GateFault(
        "queue-stuck-syncing",
        "a scan that is being uploaded when the gate dies is never uploaded again",
        GateParts(file=_StuckFile),
    ),
    GateFault(
        "upload-without-nonce",
        "scans are uploaded without the nonce of their online attempt: where the service had that, "
        "the upload is told that it lost against itself",
        GateParts(upload=_NoncelessUpload),
    ),
    GateFault(
        "trusts-own-clock",
        "scans are uploaded with the gate's own time of day, however wrong that is",
        GateParts(file=_TrustingFile),
    ),
    GateFault(
        "admits-before-grant",
        "a gate that claims a ticket lets the guest in without waiting for the registrar's grant",
        GateParts(inquiry=_HastyInquiry),
    ),
)
"""Every fault of a gate there is."""


def parts_for(fault: str | None) -> GateParts:
    """What gates with this fault are made of, or honest ones; UsageError if there is none such."""
    if fault is None:
        return GateParts()
    for each in GATE_FAULTS:
        if each.name == fault:
            return each.parts
    raise UsageError(
        f"there is no fault {fault!r} of a gate: choose from "
        f"{', '.join(each.name for each in GATE_FAULTS)}"
    )
