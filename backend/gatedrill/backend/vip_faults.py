"""Faults of the desk for VIP guests."""

import asyncio

import msgspec

from gatedrill.backend.store import Transaction
from gatedrill.backend.ticket_faults import REST_S
from gatedrill.backend.vip_desk import VipDesk, log_row
from gatedrill.backend.vip_rule import VipRuling, refuse
from gatedrill.contract.service import (
    LinkAnswer,
    LinkArguments,
    VipAnswer,
    VipPassRow,
    VipRefusal,
    VipReservationRow,
    VipScanArguments,
    VipScanLogRow,
)


def _counting(ruling: VipRuling, reservation: VipReservationRow, guests: int) -> VipRuling:
    """The ruling with a counter that says so many guests."""
    return msgspec.structs.replace(
        ruling,
        answer=msgspec.structs.replace(ruling.answer, checked_in_guests=guests),
        reservation=msgspec.structs.replace(
            ruling.reservation or reservation, checked_in_guests=guests
        ),
    )


class UncappedCounterDesk(VipDesk):
    """Counts a first entry by itself and again by a trigger, with no cap."""

    def judge(
        self,
        vip_pass: VipPassRow | None,
        reservation: VipReservationRow | None,
        scanned_at: str,
    ) -> VipRuling:
        """What the scan leads to."""
        ruling = super().judge(vip_pass, reservation, scanned_at)
        if reservation is None or ruling.entry_type != "first_entry":
            return ruling
        return _counting(ruling, reservation, reservation.checked_in_guests + 2)


class ReentryCountsDesk(VipDesk):
    """Counts a guest who comes back as one more."""

    def judge(
        self,
        vip_pass: VipPassRow | None,
        reservation: VipReservationRow | None,
        scanned_at: str,
    ) -> VipRuling:
        """What the scan leads to."""
        ruling = super().judge(vip_pass, reservation, scanned_at)
        if reservation is None or ruling.entry_type != "reentry":
            return ruling
        return _counting(ruling, reservation, reservation.checked_in_guests + 1)


class ReentryRefusedDesk(VipDesk):
    """Lets nobody back in."""

    def judge(
        self,
        vip_pass: VipPassRow | None,
        reservation: VipReservationRow | None,
        scanned_at: str,
    ) -> VipRuling:
        """What the scan leads to."""
        if vip_pass is not None and vip_pass.status == "checked_in":
            return refuse(VipRefusal.INVALID_STATUS)
        return super().judge(vip_pass, reservation, scanned_at)


class LostUpdateDesk(VipDesk):
    """Reads the counter in one transaction and writes it in another."""

    async def scan(self, arguments: VipScanArguments) -> VipAnswer:
        """Do one scan, wrongly."""
        scanned_at = self.now()
        async with self.store.transaction() as records:
            vip_pass, reservation = await self.find(records, arguments)
        ruling = self.judge(vip_pass, reservation, scanned_at)
        await asyncio.sleep(REST_S)
        async with self.store.transaction() as records:
            await self.record(records, ruling)
            await self.log(records, log_row(arguments, vip_pass, ruling, scanned_at))
        return ruling.answer


class RefusalUnloggedDesk(VipDesk):
    """Logs only who came in."""

    async def log(self, records: Transaction, row: VipScanLogRow) -> None:
        """Write the scan's log row, or do not."""
        if row.entry_type != "refused":
            await super().log(records, row)


class LinkedOverCapacityDesk(VipDesk):
    """Counts a reservation's tickets in one transaction and links one more in another."""

    async def link(self, arguments: LinkArguments) -> LinkAnswer:
        """Link a ticket, wrongly."""
        async with self.store.transaction() as records:
            ruling = await self.judge_link(records, arguments)
        await asyncio.sleep(REST_S)
        if ruling.ticket is not None:
            async with self.store.transaction() as records:
                await records.update(ruling.ticket)
        return ruling.answer
