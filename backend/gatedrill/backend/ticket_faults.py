"""Faults of the desk for general tickets, and of the one that verifies their codes."""

import asyncio
import time
from collections.abc import Callable
from typing import ClassVar, Final

import msgspec

from gatedrill.backend.scan_rule import Ruling, judge_scan
from gatedrill.backend.signature_desk import SignatureDesk
from gatedrill.backend.store import Lock, Store, Transaction
from gatedrill.backend.ticket_desk import TicketDesk
from gatedrill.contract.service import (
    ALREADY_SCANNED,
    ScanArguments,
    ScanRow,
    TicketRow,
    VerifyAnswer,
    VerifyRequest,
)

REST_S: Final = 0.02
"""Between reading and writing, so that requests need not come within microseconds to meet."""

_HELD_S: Final = 0.2
_UNTOUCHED_S: Final = 1.0


class ReadThenUpdateDesk(TicketDesk):
    """Reads the ticket in one transaction and writes it in another."""

    async def scan(self, arguments: ScanArguments) -> ScanRow:
        """Do one scan, wrongly."""
        scanned_at = self.now()
        async with self.store.transaction() as records:
            ticket = await records.find(TicketRow, arguments.p_ticket_id, lock=Lock.NONE)
        ruling = self.judge(ticket, arguments, scanned_at)
        await asyncio.sleep(REST_S)
        async with self.store.transaction() as records:
            await self.record(records, ruling, arguments, scanned_at)
        return ruling.answer


class BusyIsFinalDesk(TicketDesk):
    """Takes a row that is held by somebody else for one that was scanned.

    Who holds it is a clean-up job, for a while from the first scan on after a second of rest: so
    that those who come within that time all meet it, whatever the store.
    """

    def __init__(self, store: Store, now: Callable[[], str]) -> None:
        super().__init__(store, now)
        self._held_since_s: dict[str, float] = {}

    def judge(self, ticket: TicketRow | None, arguments: ScanArguments, scanned_at: str) -> Ruling:
        """What the scan leads to."""
        if ticket is not None and ticket.status == "valid" and self._is_held(ticket.id):
            answer = ScanRow(success=False, already_scanned=True, error_message=ALREADY_SCANNED)
            return Ruling(answer, "already_scanned")
        return super().judge(ticket, arguments, scanned_at)

    def _is_held(self, ticket_id: str) -> bool:
        now_s = time.monotonic()
        since_s = self._held_since_s.get(ticket_id)
        if since_s is None or now_s - since_s > _UNTOUCHED_S:
            since_s = self._held_since_s[ticket_id] = now_s
        return now_s - since_s < _HELD_S


class SecondSuccessDesk(TicketDesk):
    """Logs the second scan of a ticket as a success, though it admits nobody."""

    def judge(self, ticket: TicketRow | None, arguments: ScanArguments, scanned_at: str) -> Ruling:
        """What the scan leads to."""
        ruling = super().judge(ticket, arguments, scanned_at)
        if ruling.result == "already_scanned":
            return msgspec.structs.replace(ruling, result="success")
        return ruling


class DoubleLogDesk(TicketDesk):
    """Logs every scan twice."""

    async def log(
        self, records: Transaction, ruling: Ruling, arguments: ScanArguments, scanned_at: str
    ) -> None:
        """Write the scan's log row, and again."""
        for _ in range(2):
            await super().log(records, ruling, arguments, scanned_at)


class MissingLogDesk(TicketDesk):
    """Logs two scans of three."""

    def __init__(self, store: Store, now: Callable[[], str]) -> None:
        super().__init__(store, now)
        self._scans = 0

    async def log(
        self, records: Transaction, ruling: Ruling, arguments: ScanArguments, scanned_at: str
    ) -> None:
        """Write the scan's log row, or do not."""
        self._scans += 1
        if self._scans % 3:
            await super().log(records, ruling, arguments, scanned_at)


class CancelledAdmittedDesk(TicketDesk):
    """Does not look whether a ticket was cancelled."""

    def judge(self, ticket: TicketRow | None, arguments: ScanArguments, scanned_at: str) -> Ruling:
        """What the scan leads to."""
        if ticket is not None and ticket.status == "cancelled":
            ticket = msgspec.structs.replace(ticket, status="valid")
        return super().judge(ticket, arguments, scanned_at)


class RefusesValidDesk(TicketDesk):
    """Does not find every third ticket that it should admit."""

    def __init__(self, store: Store, now: Callable[[], str]) -> None:
        super().__init__(store, now)
        self._admissions = 0

    def judge(self, ticket: TicketRow | None, arguments: ScanArguments, scanned_at: str) -> Ruling:
        """What the scan leads to."""
        ruling = super().judge(ticket, arguments, scanned_at)
        self._admissions += ruling.ticket is not None
        if ruling.ticket is not None and self._admissions % 3 == 0:
            return judge_scan(None, arguments, scanned_at)
        return ruling


class AnswersBeforeCommitDesk(TicketDesk):
    """Answers before it has written anything, and then fails to, every other time."""

    def __init__(self, store: Store, now: Callable[[], str]) -> None:
        super().__init__(store, now)
        self._admissions = 0

    async def record(
        self, records: Transaction, ruling: Ruling, arguments: ScanArguments, scanned_at: str
    ) -> None:
        """Write down what the scan led to, or lose it."""
        self._admissions += ruling.ticket is not None
        if ruling.ticket is not None and self._admissions % 2:
            return
        await super().record(records, ruling, arguments, scanned_at)


class ReopensDesk(TicketDesk):
    """Takes a ticket for valid again that comes just after its admission was answered.

    As behind a cache that is filled once more with the row of before. Who comes at the same instant
    as the first one is refused, and so is who comes later than `window_s` after it was admitted.
    Who was told that another scan holds the row, and asks again, has come later.
    """

    window_s: ClassVar[float]

    def __init__(self, store: Store, now: Callable[[], str]) -> None:
        super().__init__(store, now)
        self._admitted_s: dict[str, float] = {}

    async def scan(self, arguments: ScanArguments) -> ScanRow:
        """Do one scan."""
        came_s = time.monotonic()
        admitted_s = self._admitted_s.get(arguments.p_ticket_id)
        if admitted_s is not None and came_s - admitted_s < self.window_s:
            return await self._admit_again(arguments)
        answer = await super().scan(arguments)
        if answer.success:
            self._admitted_s[arguments.p_ticket_id] = time.monotonic()
        return answer

    async def _admit_again(self, arguments: ScanArguments) -> ScanRow:
        scanned_at = self.now()
        async with self.store.transaction() as records:
            ticket = await records.find(TicketRow, arguments.p_ticket_id)
            stale = ticket and msgspec.structs.replace(ticket, status="valid")
            ruling = self.judge(stale, arguments, scanned_at)
            await self.record(records, ruling, arguments, scanned_at)
        return ruling.answer


class ReopensFor20MsDesk(ReopensDesk):
    """For 20 ms."""

    window_s = 0.02


class ReopensFor2MsDesk(ReopensDesk):
    """For 2 ms."""

    window_s = 0.002


class ReopensFor200UsDesk(ReopensDesk):
    """For 200 µs."""

    window_s = 0.0002


class CredulousDesk(SignatureDesk):
    """Takes every signature for the venue's own."""

    async def verify(self, request: VerifyRequest) -> VerifyAnswer:  # noqa: ARG002
        """Do not verify."""
        return VerifyAnswer(valid=True)
