"""A real gate: it decides on whatever is presented, whether or not a drill is on.

In a drill it knows which tickets are to come. A reading of one of them is that order's attempt; any
other is a walk-in: decided like every scan, and told of when the conductor asks, as the service has
it on record and the verdict must know of it.
"""

import asyncio
import logging
import random
from collections import deque
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

import msgspec

from gatedrill.contract.attempt import ScanRecord
from gatedrill.contract.clock import Clock
from gatedrill.contract.errors import GatedrillError, PeerError, UsageError
from gatedrill.contract.messages import DeviceInfo, Order, Presentation
from gatedrill.devices.attended.frame_watch import FrameWatch
from gatedrill.devices.attended.presenting import Presenting
from gatedrill.devices.attended.screen import GateScreen
from gatedrill.devices.attended.turns import Turn, Turns
from gatedrill.devices.checkin import CheckIn
from gatedrill.devices.decide import Decision
from gatedrill.devices.fallback_inquiry import FallbackInquiry
from gatedrill.devices.feedback.cue import Cue, Feedback, Shown
from gatedrill.devices.feedback.wording import shown_for
from gatedrill.devices.gate import Gate
from gatedrill.devices.readers.reader import Reader
from gatedrill.devices.readers.symbol import Symbol
from gatedrill.devices.standby import Standby

if TYPE_CHECKING:
    from collections.abc import Callable

WALK_IN = "walk-in"
MOST_WALK_INS = 2000
"""So many are kept to be told of: nobody may ask for them all evening."""

logger = logging.getLogger(__name__)


class AttendedGate(Gate):
    """A gate with a person in front of it. Implements `Device`.

    `label` is what people call it, `boot` tells this start of it from others, and `zone` is that of
    the times of day that it shows. Its reader finds lost hardware again by itself; `lost` says why
    it is without, None while it has it.
    """

    def __init__(
        self,
        name: str,
        reader: Reader,
        checkin: CheckIn,
        clock: Clock,
        feedback: Feedback,
        *,
        boot: str,
        label: str = "",
        zone: tzinfo = UTC,
        standby: Standby | None = None,
        inquiry: type[FallbackInquiry] = FallbackInquiry,
    ) -> None:
        super().__init__(name, reader, checkin, clock, standby, inquiry)
        self.label = label or name
        self.turns = Turns()
        self.lost: str | None = None
        self.on_change: Callable[[], None] = lambda: None
        self._screen = GateScreen(feedback, self.turns)
        self._boot = boot
        self._zone = zone
        self._walk_ins: deque[ScanRecord] = deque(maxlen=MOST_WALK_INS)
        self._walk_in_count = 0
        self._since_ns = 0
        self._scans: set[asyncio.Task[None]] = set()
        self._watch = FrameWatch()
        self._attending: asyncio.Task[None] | None = None

    @property
    def info(self) -> DeviceInfo:
        """What the roster says of this device."""
        kind, window_s = self.reader.kind, self.reader.repeat_window_s
        label = "" if self.label == self.name else self.label
        return DeviceInfo(self.name, kind, window_s, attended=True, label=label)

    def begin(self, order: Order) -> Presenting:
        """A turn for a ticket.

        UsageError for what only a kiosk can do, PeerError while the hardware is gone.
        """
        if not isinstance(order, Presentation):
            raise UsageError(f"{self.name} is a gate and only reads tickets: order this at a kiosk")
        if self.lost is not None:
            raise PeerError(f"its reader has gone: {self.lost}")
        return Presenting(self, order)

    async def walk_ins(self) -> list[ScanRecord]:
        """The scans that nobody had ordered, those under way included: they are waited for."""
        while self._scans:
            await asyncio.wait(self._scans)
        return list(self._walk_ins)

    def attend(self) -> None:
        """From now on decide on what is read; what was read before is of no concern any more."""
        self._since_ns = self.clock.now_ns()
        self._attending = asyncio.create_task(self._attend())
        self.refresh()

    async def close(self) -> None:
        """Attend no more; release reader, file, connection and feedback."""
        attending, self._attending = self._attending, None
        if attending is not None:
            attending.cancel()
            await asyncio.wait([attending])
        try:
            await super().close()
        finally:
            self._screen.close()

    def lose(self, why: str) -> None:
        """The hardware has gone: tell everybody, and wait for it."""
        logger.warning("%s", why, extra={"device": self.name})
        self.lost = why
        self._screen.set_reader(is_here=False)
        self.on_change()

    def regain(self) -> None:
        """The hardware is back."""
        logger.info("the reader is back", extra={"device": self.name})
        self.lost = None
        self._screen.set_reader(is_here=True)
        self.on_change()

    def refresh(self) -> None:
        """What is waited for has changed."""
        self._screen.refresh()

    def call(self) -> None:
        """A ticket is wanted now."""
        self._screen.call()

    async def _attend(self) -> None:
        async with asyncio.TaskGroup() as scans:
            while (symbol := await self._read()) is not None:
                symbol = self._watch.see(symbol)
                if symbol.decoded_ns < self._since_ns:
                    continue
                if self.scanner.see(symbol.text, symbol.decoded_ns):
                    self._watch.begin_anew()
                    scan = scans.create_task(self._scan(symbol))
                    self._scans.add(scan)
                    scan.add_done_callback(self._scans.discard)

    async def _read(self) -> Symbol | None:
        """The next symbol; None when no more will come, which everybody is told of."""
        try:
            return await self.reader.read()
        except GatedrillError as error:
            self.lose(str(error))
        except Exception as error:  # a gate that reads nothing any more must not look ready
            logger.exception("the reader failed", extra={"device": self.name})
            self.lose(f"the reader failed ({error})")
        return None

    async def _scan(self, symbol: Symbol) -> None:
        turn = self.turns.take(symbol.text)
        attempt = self._name_walk_in() if turn is None else turn.presentation.attempt
        inquiry = self.inquire(attempt, symbol.text, random.Random(attempt))
        try:
            decision = await inquiry.decide()
            record = self._record(attempt, symbol, decision)
        except Exception as error:
            logger.exception("a scan failed", extra={"device": self.name})
            self._screen.show_verdict(Shown(Cue.UNSURE, "ASK", "this gate had an error of its own"))
            if turn is not None and not turn.decided.done():
                turn.decided.set_exception(error)
            return
        finally:
            await inquiry.give_up()
            self.scanner.settle(symbol.text)
        self._show(record)
        self._hand_over(turn, record)

    def _hand_over(self, turn: Turn | None, record: ScanRecord) -> None:
        if turn is not None and not turn.is_given_up:
            turn.decided.set_result(record)
            return
        if turn is not None:  # whoever had ordered it waits for it no longer
            record = msgspec.structs.replace(record, attempt=self._name_walk_in())
        if len(self._walk_ins) == MOST_WALK_INS:
            logger.warning(
                "more than %d scans that nobody had ordered: the oldest is forgotten",
                MOST_WALK_INS,
                extra={"device": self.name},
            )
        self._walk_ins.append(record)

    def _name_walk_in(self) -> str:
        self._walk_in_count += 1
        return f"{WALK_IN}:{self.name}:{self._boot}:{self._walk_in_count}"

    def _record(self, attempt: str, symbol: Symbol, decision: Decision) -> ScanRecord:
        return ScanRecord(
            attempt=attempt,
            device=self.name,
            symbol=symbol.text,
            intended_ns=symbol.decoded_ns,
            released_ns=symbol.decoded_ns,
            decoded_ns=symbol.decoded_ns,
            decided_ns=self.clock.now_ns(),
            frames=symbol.frames,
            **decision._asdict(),
        )

    def _show(self, record: ScanRecord) -> None:
        self._screen.show_verdict(
            shown_for(
                record.outcome,
                authority=record.authority,
                last_entry_at=record.last_entry_at,
                checked_in_guests=record.checked_in_guests,
                zone=self._zone,
            )
        )
