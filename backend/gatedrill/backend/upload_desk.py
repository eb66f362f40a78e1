"""What devices decided by themselves, told later: each upload takes effect once.

An upload is known by its nonce, or else by device and time. It may come any number of times, for
its answer may be lost as often, and is told the same again.
"""

from collections.abc import Callable

import msgspec

from gatedrill.backend.answers import key_of, recall, remember
from gatedrill.backend.claimed_time import ClaimedTime, weigh_time
from gatedrill.backend.settings import settings_in
from gatedrill.backend.store import COUNTED, DuplicateError, Store, Transaction
from gatedrill.backend.sync_rule import SyncRuling, Upload, judge_sync
from gatedrill.backend.values import given
from gatedrill.contract.service import (
    RefusedScanAnswer,
    RefusedScanArguments,
    ScanLogRow,
    ScanResult,
    SyncArguments,
    SyncRow,
    TicketRow,
)

OFFLINE = "offline"
"""The `scan_method` of what was decided without us."""


class UploadDesk:
    """Answers `sync_offline_scan` and `record_refused_scan`.

    `now` tells the time of day as `instants` writes it.
    """

    def __init__(self, store: Store, now: Callable[[], str]) -> None:
        self.store = store
        self.now = now

    async def sync(self, arguments: SyncArguments) -> SyncRow:
        """Take one admission: judge it, change the ticket, log it, all or nothing."""
        received_at = self.now()
        try:
            return await self._sync(arguments, received_at)
        except DuplicateError:  # the same upload was under way, and is there to be found now
            return await self._sync(arguments, received_at)

    async def _sync(self, arguments: SyncArguments, received_at: str) -> SyncRow:
        async with self.store.transaction() as records:
            ticket = await records.find(TicketRow, arguments.p_ticket_id)
            upload = await self._upload(records, arguments, received_at)
            key = self.key(upload)
            known = await recall(records, key, SyncRow)
            if known is not None and (known.success or known.conflict_resolved):
                return known
            ruling = self.judge(ticket, upload)
            if ruling.answer != known:
                await self._record(records, upload, ruling)
                await remember(records, key, ruling.answer, is_new=known is None)
        return ruling.answer

    async def weigh(self, records: Transaction, claimed_at: str, received_at: str) -> ClaimedTime:
        """From when a scan counts."""
        settings = await settings_in(records)
        return weigh_time(claimed_at, received_at, settings.event_starts_at)

    def judge(self, ticket: TicketRow | None, upload: Upload) -> SyncRuling:
        """What the upload leads to."""
        return judge_sync(ticket, upload)

    def key(self, upload: Upload) -> str | None:
        """What an admission is known by when it is uploaded again."""
        return _key("sync", upload)

    async def record_refusal(self, arguments: RefusedScanArguments) -> RefusedScanAnswer:
        """Log a guest whom a device turned away; once, however often it is told."""
        answer = RefusedScanAnswer(recorded=True)
        received_at = self.now()
        try:
            async with self.store.transaction() as records:
                await self._log_refusal(records, arguments, received_at)
        except DuplicateError:
            return answer
        return answer

    async def _upload(
        self,
        records: Transaction,
        arguments: SyncArguments | RefusedScanArguments,
        received_at: str,
    ) -> Upload:
        return Upload(
            arguments.p_ticket_id,
            arguments.p_scanned_by,
            arguments.p_device_id,
            given(arguments.p_nonce),
            await self.weigh(records, arguments.p_scanned_at, received_at),
        )

    async def _record(self, records: Transaction, upload: Upload, ruling: SyncRuling) -> None:
        if ruling.ticket is not None:
            await records.update(ruling.ticket)
        if ruling.result is not None:
            await records.insert(_log_row(upload, ruling.result))

    async def _log_refusal(
        self, records: Transaction, arguments: RefusedScanArguments, received_at: str
    ) -> None:
        refused = await self._upload(records, arguments, received_at)
        await remember(records, _key("refusal", refused), RefusedScanAnswer(recorded=True))
        row = _log_row(refused, "offline_refused")
        await records.insert(msgspec.structs.replace(row, reason=arguments.p_reason))


def _key(kind: str, upload: Upload) -> str | None:
    """What tells this upload from every other; None when nothing does."""
    if upload.nonce is None and upload.device_id is None:
        return None
    which = [upload.nonce] if upload.nonce else [upload.device_id, upload.time.claimed_at]
    return key_of(kind, upload.ticket_id, *which)


def _log_row(upload: Upload, result: ScanResult) -> ScanLogRow:
    return ScanLogRow(
        id=COUNTED,
        ticket_id=upload.ticket_id,
        scanned_by=upload.scanned_by,
        device_id=upload.device_id,
        scan_method=OFFLINE,
        result=result,
        scanned_at=upload.time.claimed_at,
        nonce=upload.nonce,
        flag=upload.time.flag,
    )
