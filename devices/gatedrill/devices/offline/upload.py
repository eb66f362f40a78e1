"""Uploads to a Supabase-style service: what a device decided by itself goes on its record.

Admissions with tickets go to `sync_offline_scan`, where the first scan wins; entries with passes to
the VIP function itself. With the scan's nonce each takes effect once, however often it is sent, and
so does the online attempt before it. A service that takes no nonces shows that by not knowing the
function with these arguments, and is asked without from then on: `recognise` tells how a device
does not mistake its own scan for another's.

Refusals go to `record_refused_scan`. Where the service has no such function they are `failed`, with
the reason: the service will not take them, they stay in the file, and nothing pretends otherwise.
"""

from typing import Protocol

import msgspec

from gatedrill.contract import service
from gatedrill.contract.attempt import AskKind
from gatedrill.contract.messages import QueueState
from gatedrill.contract.outcome import Reason
from gatedrill.devices.answers import lacks_function
from gatedrill.devices.connection import ServiceAnswer, ServiceConnection, ServiceRequest
from gatedrill.devices.offline.journal import Journal
from gatedrill.devices.offline.journal_rows import JournaledScan, PutOff, Settlement
from gatedrill.devices.offline.recognise import is_own_win
from gatedrill.devices.offline.service_time import Corrected
from gatedrill.devices.offline.upload_answers import (
    NO_REFUSALS,
    Verdict,
    failure_of,
    read_entry,
    read_refusal,
    read_sync,
)

_ANY_TICKET = service.TABLE_PATH.format(table=service.TICKETS_TABLE)


class Upload(Protocol):
    """The way of one device's scans to the service."""

    async def send(self, scan: JournaledScan) -> Verdict:
        """Send one scan once; what the service does is never raised."""
        ...


class SupabaseUpload:
    """Implements `Upload`. `scanned_by` is who scans, by the service's records."""

    def __init__(self, connection: ServiceConnection, journal: Journal, *, scanned_by: str) -> None:
        self._connection = connection
        self._journal = journal
        self._device = journal.device
        self._scanned_by = scanned_by
        self._nonces_for_tickets = True
        self._nonces_for_passes = True
        self._keeps_refusals = True
        self._has_asked_the_time = False

    async def send(self, scan: JournaledScan) -> Verdict:
        """Send it, and hear the service's time before, if nobody has yet."""
        failure = await self._hear_the_time()
        if failure is not None:
            return failure
        at = self._journal.corrected(scan)
        if at is None:
            raise ValueError(f"scan {scan.nonce} is not decided")
        if not scan.admits:
            return await self._send_refusal(scan, at)
        if scan.kind == "ticket":
            return await self._send_ticket(scan, at)
        return await self._send_pass(scan, at)

    async def _send_ticket(self, scan: JournaledScan, at: Corrected) -> Verdict:
        arguments = service.SyncArguments(
            scan.ticket, self._scanned_by, at.text, self._device, scan.nonce
        )
        if self._nonces_for_tickets:
            answer = await self._call(AskKind.SCAN, service.SYNC_FUNCTION, arguments)
            if not lacks_function(answer):
                return read_sync(answer, scan)
            self._nonces_for_tickets = False
        arguments = msgspec.structs.replace(arguments, p_nonce=msgspec.UNSET)
        answer = await self._call(AskKind.SCAN, service.SYNC_FUNCTION, arguments)
        return read_sync(answer, scan, lambda row: is_own_win(row, scan, at, self._device))

    async def _send_pass(self, scan: JournaledScan, at: Corrected) -> Verdict:
        arguments = self._vip_arguments(scan)
        if self._nonces_for_passes:
            told = msgspec.structs.replace(arguments, p_nonce=scan.nonce, p_scanned_at=at.text)
            answer = await self._call(AskKind.VIP_SCAN, service.VIP_SCAN_FUNCTION, told)
            if not lacks_function(answer):
                return read_entry(answer)
            self._nonces_for_passes = False
        return read_entry(await self._call(AskKind.VIP_SCAN, service.VIP_SCAN_FUNCTION, arguments))

    def _vip_arguments(self, scan: JournaledScan) -> service.VipScanArguments:
        if scan.asked_for is None or scan.asked_for == scan.ticket:
            return service.VipPassArguments(scan.ticket, self._scanned_by)
        return service.VipTokenArguments(scan.asked_for, self._scanned_by)

    async def _send_refusal(self, scan: JournaledScan, at: Corrected) -> Verdict:
        if self._keeps_refusals:
            arguments = service.RefusedScanArguments(
                p_ticket_id=scan.ticket,
                p_scanned_by=self._scanned_by,
                p_scanned_at=at.text,
                p_reason=scan.reason or Reason.REFUSED_OTHERWISE,
                p_device_id=self._device,
                p_nonce=scan.nonce,
            )
            answer = await self._call(AskKind.SCAN, service.REFUSAL_FUNCTION, arguments)
            if not lacks_function(answer):
                return read_refusal(answer)
            self._keeps_refusals = False
        return Settlement(QueueState.FAILED, error=NO_REFUSALS)

    async def _call(self, kind: AskKind, function: str, arguments: msgspec.Struct) -> ServiceAnswer:
        path = service.RPC_PATH.format(function=function)
        request = ServiceRequest(kind, path, msgspec.json.encode(arguments))
        return await self._connection.send(request, self._heard)

    async def _hear_the_time(self) -> PutOff | None:
        time = self._journal.time
        if self._has_asked_the_time or time.service.at(time.clock.now_ns()) is not None:
            return None
        query = {"select": "id", "limit": "1"}
        request = ServiceRequest(AskKind.LOOKUP, _ANY_TICKET, query=query)
        failure = failure_of(await self._connection.send(request, self._heard))
        if failure is not None and failure.out_of_reach:
            return failure
        self._has_asked_the_time = True  # and if it did not tell, it never will
        return None

    def _heard(self, answer: ServiceAnswer) -> ServiceAnswer:
        self._journal.time.service.hear(answer)
        return answer
