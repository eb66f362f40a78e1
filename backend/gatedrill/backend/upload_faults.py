"""Faults of what takes decisions that devices made by themselves, and knows scans again."""

import msgspec

from gatedrill.backend.claimed_time import ClaimedTime
from gatedrill.backend.store import Transaction
from gatedrill.backend.sync_rule import SyncRuling, Upload, judge_new_sync
from gatedrill.backend.ticket_desk import TicketDesk
from gatedrill.backend.upload_desk import UploadDesk
from gatedrill.contract.service import ScanArguments, ScanRow, SyncArguments, SyncRow, TicketRow

_NEVER = "9999-12-31T23:59:59.999999+00:00"


class ClockTrustingDesk(UploadDesk):
    """Believes every device's clock."""

    async def weigh(
        self,
        records: Transaction,  # noqa: ARG002
        claimed_at: str,
        received_at: str,  # noqa: ARG002
    ) -> ClaimedTime:
        """Do not."""
        return ClaimedTime(claimed_at, claimed_at)


class LastWinsDesk(UploadDesk):
    """Lets the last upload win, whenever its scan was."""

    def judge(self, ticket: TicketRow | None, upload: Upload) -> SyncRuling:
        """What an upload leads to: whatever stands is taken for later."""
        if ticket is not None and ticket.status == "scanned":
            ticket = msgspec.structs.replace(ticket, scanned_at=_NEVER, nonce=None, device_id=None)
        return super().judge(ticket, upload)


class ForgetfulTicketDesk(TicketDesk):
    """Does not know a scan again that is asked for twice."""

    async def scan(self, arguments: ScanArguments) -> ScanRow:
        """Do one scan, whichever it is."""
        return await super().scan(msgspec.structs.replace(arguments, p_nonce=None))


class ForgetfulUploadDesk(UploadDesk):
    """Does not know an upload again, not even by device and time."""

    async def sync(self, arguments: SyncArguments) -> SyncRow:
        """Take one admission, whichever it is."""
        return await super().sync(msgspec.structs.replace(arguments, p_nonce=None))

    def key(self, upload: Upload) -> str | None:  # noqa: ARG002
        """Nothing tells it from others."""
        return None

    def judge(self, ticket: TicketRow | None, upload: Upload) -> SyncRuling:
        """What an upload leads to that is new."""
        return judge_new_sync(ticket, upload)
