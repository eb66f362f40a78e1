"""What one gate falls back on when the service does not answer: its file, and the venue.

It lives as long as the device does, whether or not a drill is on: what the gate has decided by
itself is uploaded as soon as the service is there, also what an earlier process has left behind.
"""

import asyncio
import logging
import random
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple, Protocol

import msgspec

from gatedrill.contract.attempt import ClaimAsk
from gatedrill.contract.errors import GatedrillError
from gatedrill.contract.messages import (
    Admission,
    DeviceState,
    OfflinePolicy,
    QueueEntry,
    VenueClaim,
    VenueGrant,
)
from gatedrill.contract.outcome import Authority, Outcome, OutcomeKind, Reason
from gatedrill.devices.checkin import Entitlement, Ticket, VipPass
from gatedrill.devices.decide import Decision
from gatedrill.devices.offline.cached_ticket import ManifestRows
from gatedrill.devices.offline.device_file import DeviceFile
from gatedrill.devices.offline.journal import Depth, Journal
from gatedrill.devices.offline.journal_rows import Learnt, NewScan
from gatedrill.devices.offline.manifest import Found
from gatedrill.devices.offline.offline_rule import comes_back, judge
from gatedrill.devices.offline.time_of_day import TimeOfDay
from gatedrill.devices.offline.upload import Upload
from gatedrill.devices.offline.uploader import Uploader
from gatedrill.devices.supabase_checkin import VipArgument
from gatedrill.devices.uplink_health import UplinkHealth, keep_probing

A_WHILE_S = 60.0
"""For so long after the service is back, gates may have more to upload."""
BEGIN_AGAIN_S = 1.0
_NEVER_HELD = Outcome(OutcomeKind.REFUSED, Reason.OFFLINE_UNKNOWN)

logger = logging.getLogger(__name__)


class Venue(Protocol):
    """The venue's registrar, as far as a gate needs it."""

    @property
    def is_here(self) -> bool:
        """Whether there is one to be asked."""
        ...

    async def claim(
        self, claim: VenueClaim, timeout_s: float
    ) -> tuple[VenueGrant | None, ClaimAsk]:
        """May the guest come in? None without an answer in time."""
        ...

    async def tell(self, admission: Admission) -> None:
        """Have it told, some time, of what the service has granted."""
        ...


class StandbyParts(NamedTuple):
    """What a standby is made of: where its file is, whom it asks, and how it uploads.

    `boot` is this start of the device, `probe` tells whether the service answers, `upload` makes
    the way of a journal's scans to the service, `hang_up` closes the connections of both.
    """

    file: Path
    boot: str
    event_id: str
    vip_argument: VipArgument
    time_of_day: TimeOfDay
    probe: Callable[[], Awaitable[bool]]
    upload: Callable[[Journal], Upload]
    venue: Venue
    hang_up: Callable[[], Awaitable[None]]
    file_type: type[DeviceFile] = DeviceFile


class Subject(msgspec.Struct, frozen=True):
    """What a symbol stands for: an entitlement, or the outcome that settles the scan.

    `settled_by` is who has settled it: None as long as somebody else may know more. `found` is what
    the own copy has of it.
    """

    symbol: str
    stands_for: Entitlement | Outcome
    found: Found | None = None
    settled_by: Authority | None = None

    @property
    def id(self) -> str:
        """The ticket's or pass's id as far as it is known, else what was in the code."""
        if self.found is not None:
            return self.found.ticket.id
        match self.stands_for:
            case Ticket(id=ticket):
                return ticket
            case VipPass(asked_for=asked_for):
                return asked_for
            case _:
                return self.symbol

    @property
    def is_pass(self) -> bool:
        """Whether it is a VIP guest's pass."""
        return isinstance(self.stands_for, VipPass)

    @property
    def asked_for(self) -> str | None:
        """What the VIP function is asked with, if it is a pass."""
        return self.stands_for.asked_for if isinstance(self.stands_for, VipPass) else None

    def resolved(self, found: Entitlement | Outcome) -> "Subject":
        """The same symbol, now that the service was asked what it stands for."""
        if isinstance(found, Outcome) and found.kind is OutcomeKind.UNKNOWN:
            return self
        settled_by = Authority.ONLINE if isinstance(found, Outcome) else None
        return msgspec.structs.replace(self, stands_for=found, settled_by=settled_by)


class Standby:
    """One gate's, between `open` and `close`. Instants are on the clock of `time_of_day`."""

    def __init__(self, device: str, parts: StandbyParts, rng: random.Random) -> None:
        self.device = device
        self.edition = ""
        self.uplink = UplinkHealth()
        self.time_of_day = parts.time_of_day
        self._parts = parts
        self._rng = rng
        self._file: DeviceFile | None = None
        self._uploader: Uploader | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._depth = Depth(0, None)
        self._policy: OfflinePolicy | None = None
        self._is_full = False
        self._returned_ns: int | None = None

    async def open(self) -> None:
        """Open the file, and upload what stands in it; UsageError where it cannot be used."""
        parts = self._parts
        self._file = await parts.file_type.open(
            parts.file, self.device, parts.boot, self.time_of_day
        )
        journal = self._file.journal
        copy = await self._file.manifest.info()
        self.edition = copy.edition if copy else ""
        self._depth = await journal.depth()
        self._uploader = Uploader(
            journal,
            parts.upload(journal),
            uplink=self.uplink.up,
            lost=self.uplink.failed,
            rng=self._rng,
        )
        await self._tell_of_earlier_admissions()
        self._tasks = [
            asyncio.create_task(self._go_on(self._uploader.run)),
            asyncio.create_task(self._go_on(self._probe)),
        ]

    async def _probe(self) -> None:
        await keep_probing(self.uplink, self._parts.probe, self._returned, self._rng)

    async def _go_on(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do it for ever: a gate whose uploads have ended must not look like one that is done."""
        while True:
            try:
                await work()
            except Exception:
                logger.exception("begins again what failed", extra={"device": self.device})
            await asyncio.sleep(BEGIN_AGAIN_S)

    async def _tell_of_earlier_admissions(self) -> None:
        """Of whom an earlier boot had let in without the registrar, perhaps untold as it died."""
        for entry in await self.entries(self.edition):
            if entry.outcome and entry.outcome.admits and entry.authority is not Authority.VENUE:
                admission = Admission(self.edition, entry.ticket, self.device, entry.nonce)
                await self._parts.venue.tell(admission)

    async def close(self) -> None:
        """Let go of the file; what waits in it waits for the next start."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._file is not None:
            await self._file.close()
        await self._parts.hang_up()

    @property
    def was_cut_off_lately(self) -> bool:
        """Whether the service was out of reach for this gate not long ago."""
        horizon_ns = self.time_of_day.clock.now_ns() - round(A_WHILE_S * 1e9)
        return self._returned_ns is not None and self._returned_ns > horizon_ns

    def _returned(self) -> None:
        self._returned_ns = self.time_of_day.clock.now_ns()
        if self._uploader is not None:
            self._uploader.hurry()

    @property
    def file(self) -> DeviceFile:
        """The open file."""
        if self._file is None:
            raise RuntimeError(f"the file of {self.device} is not open")
        return self._file

    def complain(self, error: GatedrillError) -> None:
        """Tell that the file takes nothing, once until it does again."""
        if not self._is_full:
            logger.warning("%s", error, extra={"device": self.device})
        self._is_full = True

    async def take_copy(self, edition: str, rows: ManifestRows) -> None:
        """From now on hold these tickets; NotRecordedError where they do not fit on the disk."""
        await self.file.manifest.replace(edition, rows)
        self.edition = edition

    async def copied_until_ns(self) -> int | None:
        """Up to when the copy is complete, in the service's time of day; None if unknown."""
        copy = await self.file.manifest.info()
        return copy.as_of_ns if copy else None

    async def freshen(self, changes: ManifestRows) -> None:
        """Take what has changed into the copy, which stays of its edition."""
        if changes.is_whole:
            await self.file.manifest.replace(self.edition, changes)
        else:
            await self.file.manifest.apply(changes)

    def govern(self, policy: OfflinePolicy | None) -> None:
        """From now on this policy is in force."""
        self._policy = policy

    async def look(self) -> None:
        """Count what waits in the queue."""
        self._depth = await self.file.journal.depth()

    @property
    def state(self) -> DeviceState:
        """How it stood when it last looked."""
        oldest_ns = self._depth.oldest_ns
        oldest_s = None if oldest_ns is None else (self.time_of_day.now_ns() - oldest_ns) / 1e9
        return DeviceState(self._authority(), self._depth.queued, oldest_s)

    async def entries(self, edition: str) -> list[QueueEntry]:
        """What the journal holds of this edition."""
        return await self.file.journal.entries(edition)

    async def find(self, symbol: str) -> Subject:
        """What the own copy makes of a symbol."""
        parts = self._parts
        found = await self.file.manifest.find(symbol, parts.event_id, parts.vip_argument)
        if isinstance(found, Found):
            return Subject(symbol, found.entitlement, found)
        # What is not in the copy may be at the service; what is forged is forged everywhere.
        is_settled = found.reason is not Reason.OFFLINE_UNKNOWN
        return Subject(symbol, found, settled_by=Authority.OFFLINE if is_settled else None)

    async def begin(self, attempt: str, subject: Subject) -> str:
        """Write down that a scan begins; returns its nonce, perhaps that of an open one.

        Raises NotRecordedError where it cannot be written.
        """
        edition = self.edition
        journal = self.file.journal
        nonce = await journal.undecided(edition, subject.id, subject.symbol) or str(uuid.uuid4())
        await journal.begin(
            NewScan(
                nonce=nonce,
                edition=edition,
                symbol=subject.symbol,
                ticket=subject.id,
                kind="vip_pass" if subject.is_pass else "ticket",
                asked_for=subject.asked_for,
                attempt=attempt,
            )
        )
        self._is_full = False
        return nonce

    def own_word(self, subject: Subject) -> Outcome:
        """What the own copy says of a ticket, without anybody else."""
        if subject.found is None:
            return _NEVER_HELD
        return judge(subject.found.ticket, used_here=subject.found.used_here)

    async def claim(
        self, nonce: str, subject: Subject, timeout_s: float
    ) -> tuple[VenueGrant | None, ClaimAsk | None]:
        """Ask the venue's registrar about a ticket of the own copy; nothing where there is none."""
        if subject.found is None or not self._parts.venue.is_here:
            return None, None
        may_again = comes_back(subject.found.ticket)
        claim = VenueClaim(nonce, self.device, self.edition, subject.id, may_again)
        return await self._parts.venue.claim(claim, timeout_s)

    async def decide(self, nonce: str, subject: Subject, decision: Decision) -> None:
        """Write down how a scan ended, then have others told; NotRecordedError if it cannot be."""
        learnt = Learnt(
            ticket=subject.id,
            kind="vip_pass" if subject.is_pass else "ticket",
            asked_for=subject.asked_for,
        )
        stamp = self.time_of_day.stamp()
        await self.file.journal.decide(nonce, decision.outcome, decision.authority, stamp, learnt)
        if decision.authority is not Authority.ONLINE:
            self._depth = self._depth._replace(queued=self._depth.queued + 1)
            if self._uploader is not None:
                self._uploader.wake()
        if decision.outcome.admits and decision.authority is not Authority.VENUE:
            admission = Admission(self.edition, subject.id, self.device, nonce)
            await self._parts.venue.tell(admission)

    def _authority(self) -> Authority:
        """Whom it would ask first."""
        allowed = (Authority.ONLINE,) if self._policy is None else self._policy.authorities
        if self.uplink.is_up:
            return Authority.ONLINE
        if Authority.VENUE in allowed and self._parts.venue.is_here:
            return Authority.VENUE
        return Authority.OFFLINE if Authority.OFFLINE in allowed else Authority.ONLINE
