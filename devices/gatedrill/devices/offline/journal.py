"""The journal of a device: every scan from before anybody is asked, until the service has it.

What is written is durable when it returns. Two writes make a scan: that it began, and how it was
decided; each is one statement, and one commit.
"""

from typing import Final, NamedTuple

import msgspec

from gatedrill.contract.messages import QueueEntry, QueueState
from gatedrill.contract.outcome import Authority, Outcome
from gatedrill.devices.offline.database import Database, Row
from gatedrill.devices.offline.errors import NotRecordedError
from gatedrill.devices.offline.journal_rows import (
    JournaledScan,
    Learnt,
    NewScan,
    Settlement,
    corrected,
    entry_of,
)
from gatedrill.devices.offline.service_time import Corrected
from gatedrill.devices.offline.time_of_day import Stamp, TimeOfDay

_COLUMNS: Final = JournaledScan.__struct_fields__
_SELECTED: Final = ", ".join(_COLUMNS)
_NOTHING_LEARNT: Final = Learnt()

_BEGIN: Final = """
    INSERT INTO scans (
        nonce, attempt, edition, run, boot, symbol, ticket, kind, asked_for, began_ns
    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
# A nonce that is used again has a row for each attempt, and the last one is under way.
_DECIDE: Final = """
    UPDATE scans SET
        state = ?, outcome = ?, reason = ?, authority = ?,
        decided_ns = ?, of_day_ns = ?, offset_ns = ?, bound_ns = ?,
        ticket = coalesce(?, ticket), kind = coalesce(?, kind), asked_for = coalesce(?, asked_for)
    WHERE state = 'asked' AND boot = ? AND id = (SELECT max(id) FROM scans WHERE nonce = ?)
    RETURNING id
"""
_UNDECIDED: Final = """
    SELECT nonce FROM scans AS asked
    WHERE state = 'asked' AND edition = ? AND (ticket = ? OR symbol = ?)
        AND NOT EXISTS (SELECT 1 FROM scans WHERE nonce = asked.nonce AND state <> 'asked')
    ORDER BY id LIMIT 1
"""
_TAKE_DUE: Final = f"""
    UPDATE scans SET state = 'syncing', tries = tries + 1
    WHERE id IN (
        SELECT id FROM scans WHERE state = 'pending' AND next_try_ns <= ? ORDER BY id LIMIT ?
    )
    RETURNING {_SELECTED}
"""  # noqa: S608 - our own names
_SETTLE: Final = """
    UPDATE scans SET
        state = ?, error = ?, settled_ns = ?, settled_boot = ?,
        winner_device = ?, winner_time = ?, flag = ?, recognised = ?
    WHERE state = 'syncing' AND id = ?
"""
_PUT_OFF: Final = """
    UPDATE scans SET state = 'pending', error = ?, next_try_ns = ?, refusals = refusals + ?
    WHERE state = 'syncing' AND id = ?
"""


class Depth(NamedTuple):
    """How many scans wait to be uploaded, and the oldest one's time of day by this device."""

    queued: int
    oldest_ns: int | None


class Journal:
    """The scans in a device's file; `boot` is this start of the device."""

    def __init__(self, database: Database, device: str, boot: str, time: TimeOfDay) -> None:
        self.device = device
        self.time = time
        self._boot = boot
        self._database = database

    async def begin(self, scan: NewScan) -> None:
        """Write down that somebody is going to be asked; NotRecordedError if that cannot be."""
        values = (
            scan.nonce,
            scan.attempt,
            scan.edition,
            scan.run,
            self._boot,
            scan.symbol,
            scan.ticket,
            scan.kind,
            scan.asked_for,
            self.time.clock.now_ns(),
        )
        await self._database.write(_BEGIN, values)

    async def decide(
        self,
        nonce: str,
        outcome: Outcome,
        authority: Authority,
        at: Stamp,
        learnt: Learnt = _NOTHING_LEARNT,
    ) -> None:
        """Write down how the scan ended, before anybody is told; with it the ticket is used.

        What the service decided needs no upload. NotRecordedError if it cannot be written, or if no
        such scan is under way in this boot: then nobody may be let in.
        """
        is_online = authority is Authority.ONLINE
        state = QueueState.ONLINE if is_online else QueueState.PENDING
        ruling = (state, outcome.kind, outcome.reason, authority)
        learnt_values = (learnt.ticket, learnt.kind, learnt.asked_for)
        values = (*ruling, *at, *learnt_values, self._boot, nonce)
        if not await self._database.write(_DECIDE, values):
            raise NotRecordedError(f"no scan {nonce} is under way: it was decided, or never began")

    async def undecided(self, edition: str, ticket: str, symbol: str) -> str | None:
        """The nonce of an earlier scan of this ticket or symbol that was never decided, if any.

        Its guest was shown no verdict, but the service may have let him in: asked with that nonce
        again, it says so, once.
        """
        rows = await self._database.read(_UNDECIDED, (edition, ticket, symbol))
        return str(rows[0][0]) if rows else None

    async def admitted_here(self, edition: str, ticket: str) -> bool:
        """Whether this device has let somebody in with this ticket."""
        rows = await self._database.read(
            "SELECT 1 FROM scans WHERE edition = ? AND ticket = ? "
            "AND outcome IN ('admitted', 'readmitted') LIMIT 1",
            (edition, ticket),
        )
        return bool(rows)

    async def depth(self) -> Depth:
        """How long the queue is."""
        [[queued, oldest_ns]] = await self._database.read(
            "SELECT count(*), min(of_day_ns) FROM scans WHERE state IN ('pending', 'syncing')"
        )
        return Depth(int(queued or 0), None if oldest_ns is None else int(oldest_ns))

    async def entries(self, edition: str | None = None) -> list[QueueEntry]:
        """All scans of an edition, or all there are, in the order in which they began."""
        rows = await self._database.read(
            f"SELECT {_SELECTED} FROM scans WHERE edition = ifnull(?, edition) ORDER BY id",  # noqa: S608
            (edition,),
        )
        scans = (_scan(row) for row in rows)
        return [entry_of(each, self.device, self._boot, self.corrected(each)) for each in scans]

    def corrected(self, scan: JournaledScan) -> Corrected | None:
        """When it was decided, in the service's time of day, as far as is known by now."""
        return corrected(scan, self._boot, self.time.service)

    async def take_up(self) -> None:
        """After a start: what was under way or put off in another boot is due."""
        await self._database.write(
            "UPDATE scans SET state = 'pending', next_try_ns = 0 "
            "WHERE state IN ('pending', 'syncing')"
        )

    async def take_due(self, now_ns: int, limit: int) -> list[JournaledScan]:
        """Take so many scans that are due, the oldest first: they count as sent from now on."""
        rows = await self._database.write(_TAKE_DUE, (now_ns, limit))
        return sorted((_scan(row) for row in rows), key=lambda scan: scan.id)

    async def next_due_ns(self) -> int | None:
        """When the next scan is due, on this boot's clock; None if none waits."""
        [[due_ns]] = await self._database.read(
            "SELECT min(next_try_ns) FROM scans WHERE state = 'pending'"
        )
        return None if due_ns is None else int(due_ns)

    async def hurry(self) -> None:
        """What was put off is due now, unless the service itself refused it."""
        await self._database.write(
            "UPDATE scans SET next_try_ns = 0 WHERE state = 'pending' AND refusals = 0"
        )

    async def settle(self, scan: JournaledScan, settlement: Settlement) -> None:
        """Write down what has become of a scan that was taken."""
        is_taken = settlement.state is not QueueState.FAILED
        values = (
            settlement.state,
            settlement.error,
            self.time.clock.now_ns() if is_taken else None,
            self._boot if is_taken else None,
            settlement.winner_device,
            settlement.winner_time,
            settlement.flag,
            int(settlement.recognised),
            scan.id,
        )
        await self._database.write(_SETTLE, values)

    async def put_off(
        self, scan: JournaledScan, error: str, next_try_ns: int, *, refused: bool = False
    ) -> None:
        """A scan that was taken waits again, at least until then; `refused` by the service."""
        await self._database.write(_PUT_OFF, (error, next_try_ns, int(refused), scan.id))

    async def release(self) -> None:
        """All that was taken waits again."""
        await self._database.write("UPDATE scans SET state = 'pending' WHERE state = 'syncing'")


def _scan(row: Row) -> JournaledScan:
    named: dict[str, object] = dict(zip(_COLUMNS, row, strict=True))
    named["recognised"] = bool(named["recognised"])
    return msgspec.convert(named, JournaledScan)
