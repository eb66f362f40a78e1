"""VIP guests at the gate: their passes, and the general tickets that belong to their tables."""

from collections.abc import Callable

from gatedrill.backend.answers import key_of, recall, remember
from gatedrill.backend.claimed_time import weigh_time
from gatedrill.backend.linked_ticket_rule import LinkRuling, judge_link, tell_link
from gatedrill.backend.settings import settings_in
from gatedrill.backend.store import COUNTED, Lock, Store, Transaction
from gatedrill.backend.values import given
from gatedrill.backend.vip_rule import VipRuling, judge_vip_scan
from gatedrill.contract.service import (
    LinkAnswer,
    LinkArguments,
    LinkedTicketAnswer,
    LinkedTicketArguments,
    TicketRow,
    VipAnswer,
    VipPassArguments,
    VipPassRow,
    VipReservationRow,
    VipScanArguments,
    VipScanLogRow,
)

PassAndReservation = tuple[VipPassRow | None, VipReservationRow | None]


class VipDesk:
    """Answers what is asked about VIP guests. `now` tells the time of day, ISO 8601 in UTC."""

    def __init__(self, store: Store, now: Callable[[], str]) -> None:
        self.store = store
        self.now = now

    async def scan(self, arguments: VipScanArguments) -> VipAnswer:
        """Do one scan of a pass: judge it, count the guest, log it, all or nothing.

        Guests of one reservation wait for each other. An entry that is told again, known by its
        nonce, changes nothing and is answered as it was; a refused scan is judged anew.
        """
        received_at = self.now()
        async with self.store.transaction() as records:
            vip_pass, reservation = await self.find(records, arguments)
            key = _key(vip_pass, arguments)
            if (known := await recall(records, key, VipAnswer)) is not None:
                return known
            scanned_at = await _entry_time(records, arguments, received_at)
            ruling = self.judge(vip_pass, reservation, scanned_at)
            await self.record(records, ruling)
            await self.log(records, log_row(arguments, vip_pass, ruling, scanned_at))
            if ruling.answer.success:
                await remember(records, key, ruling.answer)
        return ruling.answer

    async def find(self, records: Transaction, arguments: VipScanArguments) -> PassAndReservation:
        """The pass that is scanned and its reservation, both held."""
        asked_for, column = _asked_for(arguments)
        vip_pass = await records.find(VipPassRow, asked_for, by=column)
        if vip_pass is None:
            return None, None
        return vip_pass, await records.find(VipReservationRow, vip_pass.reservation_id)

    def judge(
        self,
        vip_pass: VipPassRow | None,
        reservation: VipReservationRow | None,
        scanned_at: str,
    ) -> VipRuling:
        """What the scan leads to."""
        return judge_vip_scan(vip_pass, reservation, scanned_at)

    async def record(self, records: Transaction, ruling: VipRuling) -> None:
        """Write down what the scan led to, but for the log."""
        if ruling.vip_pass is not None:
            await records.update(ruling.vip_pass)
        if ruling.reservation is not None:
            await records.update(ruling.reservation)

    async def log(self, records: Transaction, row: VipScanLogRow) -> None:
        """Write the scan's log row."""
        await records.insert(row)

    async def tell_link(self, arguments: LinkedTicketArguments) -> LinkedTicketAnswer:
        """Tell whether a ticket belongs to a reservation; nothing is changed."""
        async with self.store.transaction() as records:
            ticket = await records.find(TicketRow, arguments.p_ticket_id, lock=Lock.NONE)
            reservation = None
            if ticket is not None and ticket.vip_reservation_id is not None:
                reservation = await records.find(
                    VipReservationRow, ticket.vip_reservation_id, lock=Lock.NONE
                )
        return tell_link(reservation)

    async def link(self, arguments: LinkArguments) -> LinkAnswer:
        """Make a ticket belong to a reservation, which has room for one a guest."""
        async with self.store.transaction() as records:
            ruling = await self.judge_link(records, arguments)
            if ruling.ticket is not None:
                await records.update(ruling.ticket)
        return ruling.answer

    async def judge_link(self, records: Transaction, arguments: LinkArguments) -> LinkRuling:
        """What linking leads to; the reservation stays held, so that tickets come one by one."""
        reservation = await records.find(VipReservationRow, arguments.p_reservation_id)
        ticket = await records.find(TicketRow, arguments.p_ticket_id)
        linked = await records.count(
            TicketRow, column="vip_reservation_id", value=arguments.p_reservation_id
        )
        return judge_link(ticket, reservation, linked)


def log_row(
    arguments: VipScanArguments, vip_pass: VipPassRow | None, ruling: VipRuling, scanned_at: str
) -> VipScanLogRow:
    """The log row of one scan."""
    return VipScanLogRow(
        id=COUNTED,
        asked_for=_asked_for(arguments)[0],
        pass_id=None if vip_pass is None else vip_pass.id,
        reservation_id=None if vip_pass is None else vip_pass.reservation_id,
        scanned_by=arguments.p_scanned_by,
        entry_type=ruling.entry_type,
        error=ruling.error,
        scanned_at=scanned_at,
        nonce=given(arguments.p_nonce),
    )


async def _entry_time(records: Transaction, arguments: VipScanArguments, received_at: str) -> str:
    """When the guest came in: as the device says, if it can be, else when we heard of it."""
    claimed_at = given(arguments.p_scanned_at)
    if claimed_at is None:
        return received_at
    settings = await settings_in(records)
    return weigh_time(claimed_at, received_at, settings.event_starts_at).counts_from


def _key(vip_pass: VipPassRow | None, arguments: VipScanArguments) -> str | None:
    """What tells an entry from others, None when nothing does."""
    nonce = given(arguments.p_nonce)
    return None if vip_pass is None or nonce is None else key_of("vip", vip_pass.id, nonce)


def _asked_for(arguments: VipScanArguments) -> tuple[str, str]:
    """What is asked for, and the column that holds it."""
    if isinstance(arguments, VipPassArguments):
        return arguments.p_pass_id, "id"
    return arguments.p_qr_token, "qr_token"
