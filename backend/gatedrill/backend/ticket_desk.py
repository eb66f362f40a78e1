"""General tickets at the gate: each scan is one transaction."""

from collections.abc import Callable

from gatedrill.backend.scan_rule import HELD, LOST, Ruling, judge_scan
from gatedrill.backend.store import COUNTED, DuplicateError, Lock, RowBusyError, Store, Transaction
from gatedrill.backend.values import given
from gatedrill.contract.service import ScanArguments, ScanLogRow, ScanRow, TicketRow


class TicketDesk:
    """Answers `scan_ticket_atomic`. `now` tells the time of day, ISO 8601 in UTC."""

    def __init__(self, store: Store, now: Callable[[], str]) -> None:
        self.store = store
        self.now = now

    async def scan(self, arguments: ScanArguments) -> ScanRow:
        """Do one scan: judge it, change the ticket, log it, all or nothing.

        A scan that meets another one at the ticket's row is logged too, on its own.
        """
        scanned_at = self.now()
        try:
            async with self.store.transaction() as records:
                ticket = await records.find(TicketRow, arguments.p_ticket_id, lock=Lock.NO_WAIT)
                ruling = self.judge(ticket, arguments, scanned_at)
                await self.record(records, ruling, arguments, scanned_at)
        except RowBusyError:
            return await self.log_alone(HELD, arguments, scanned_at)
        except DuplicateError:
            return await self.log_alone(LOST, arguments, scanned_at)
        return ruling.answer

    def judge(self, ticket: TicketRow | None, arguments: ScanArguments, scanned_at: str) -> Ruling:
        """What the scan leads to."""
        return judge_scan(ticket, arguments, scanned_at)

    async def record(
        self, records: Transaction, ruling: Ruling, arguments: ScanArguments, scanned_at: str
    ) -> None:
        """Write down what the scan led to, unless that was done before."""
        if ruling.is_repetition:
            return
        if ruling.ticket is not None:
            await records.update(ruling.ticket)
        await self.log(records, ruling, arguments, scanned_at)

    async def log(
        self, records: Transaction, ruling: Ruling, arguments: ScanArguments, scanned_at: str
    ) -> None:
        """Write the scan's log row."""
        row = ScanLogRow(
            id=COUNTED,
            ticket_id=arguments.p_ticket_id,
            scanned_by=arguments.p_scanned_by,
            device_id=arguments.p_device_id,
            scan_method=arguments.p_scan_method,
            result=ruling.result,
            scanned_at=scanned_at,
            nonce=given(arguments.p_nonce),
        )
        await records.insert(row)

    async def log_alone(self, ruling: Ruling, arguments: ScanArguments, scanned_at: str) -> ScanRow:
        """Log a scan that has no transaction of its own any more; its answer."""
        async with self.store.transaction() as records:
            await self.log(records, ruling, arguments, scanned_at)
        return ruling.answer
