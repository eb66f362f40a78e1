"""What a lane is made of, without hardware, wire or wait."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final

from gatedrill.contract.attempt import Ask, AskKind, ScanRecord
from gatedrill.contract.errors import GatedrillError, UsageError
from gatedrill.contract.messages import (
    ANSWER_TIMEOUT_S,
    CheckoutOrder,
    LinkOrder,
    Presentation,
    WebhookOrder,
)
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.contract.service import (
    COMPLETED_EVENT,
    PaymentEvent,
    PaymentEventData,
    PaymentSession,
    SessionMetadata,
)
from gatedrill.devices.checkin import Entitlement, LinkReply, Reply, Resolution, Ticket
from gatedrill.devices.emulation.presenter import Material
from gatedrill.devices.feedback.cue import Cue, Shown
from gatedrill.devices.kiosk import KioskOrder, KioskReply
from gatedrill.devices.lane import Lane, Showing
from gatedrill.devices.readers.symbol import Symbol

ADMITTED = Outcome(OutcomeKind.ADMITTED)
READMITTED = Outcome(OutcomeKind.READMITTED)
BUSY = Outcome(OutcomeKind.REFUSED, Reason.BUSY)
ALREADY_USED = Outcome(OutcomeKind.REFUSED, Reason.ALREADY_USED)
TIMEOUT = Outcome(OutcomeKind.UNKNOWN, Reason.TIMEOUT)


class ManualClock:
    """Stands still but for `tick_ns` at each reading, and for what the test adds."""

    def __init__(self, now_ns: int = 0, *, tick_ns: int = 0) -> None:
        self._now_ns = now_ns
        self._tick_ns = tick_ns

    def now_ns(self) -> int:
        self._now_ns += self._tick_ns
        return self._now_ns

    def advance(self, seconds: float) -> None:
        self._now_ns += round(seconds * 1e9)


class FakeReader:
    """Reads what the test lets it see."""

    kind: Final = "serial"
    repeat_window_s: Final = 0.5

    def __init__(self, clock: ManualClock) -> None:
        self.is_open = False
        self._clock = clock
        self._arrived: asyncio.Queue[Symbol | GatedrillError] = asyncio.Queue()

    def see(self, text: str, at_ns: int | None = None) -> None:
        """A code was decoded, now unless told when."""
        decoded_ns = self._clock.now_ns() if at_ns is None else at_ns
        self._arrived.put_nowait(Symbol(text, "", decoded_ns))

    def put(self, symbol: Symbol) -> None:
        """This was decoded."""
        self._arrived.put_nowait(symbol)

    def break_down(self, error: GatedrillError) -> None:
        self._arrived.put_nowait(error)

    async def open(self) -> None:
        self.is_open = True

    async def close(self) -> None:
        self.is_open = False

    async def read(self) -> Symbol:
        arrived = await self._arrived.get()
        if isinstance(arrived, GatedrillError):
            raise arrived
        return arrived


class FakePresenter:
    """Shows tickets to a `FakeReader`, which reads them at once unless it is `blind`."""

    def __init__(self, reader: FakeReader, *, blind: bool = False) -> None:
        self.shown: list[str] = []
        self.in_view = ""
        self.is_closed = False
        self.blind = blind
        self.prepared: list[str] = []
        self.cannot_prepare: set[str] = set()
        self.cannot_present: GatedrillError | None = None
        self._reader = reader

    def prepare(self, text: str, seed: int) -> Material:
        if text in self.cannot_prepare:
            raise UsageError(f"the text {text} makes no QR code")
        self.prepared.append(text)
        return (text.encode(),)

    def present(self, material: Material) -> None:
        if self.cannot_present is not None:
            raise self.cannot_present
        self.in_view = material[0].decode()
        self.shown.append(self.in_view)
        if not self.blind:
            self._reader.see(self.in_view)

    def withdraw(self) -> None:
        self.in_view = ""

    def close(self) -> None:
        self.is_closed = True


class FakeQuestion:
    """A held question that parks at once, or says why not, or waits for ever."""

    def __init__(self, checkin: "FakeCheckIn", symbol: str) -> None:
        self._checkin = checkin
        self._symbol = symbol
        self._resumed = asyncio.Event()

    async def until_parked(self) -> Reason | None:
        if not self._checkin.parks:
            await asyncio.Event().wait()
        return self._checkin.unparked

    def release(self) -> None:
        self._checkin.say(f"release {self._symbol}")

    def resume(self) -> None:
        self._checkin.say(f"resume {self._symbol}")
        self._resumed.set()

    async def reply(self) -> Reply:
        await self._resumed.wait()
        return self._checkin.reply()

    async def withdraw(self) -> None:
        self._checkin.say(f"withdraw {self._symbol}")
        self._checkin.clock.advance(1)


class FakeFeedback:
    """Keeps what it was told to show."""

    def __init__(self) -> None:
        self.shown: list[Shown] = []
        self.is_closed = False
        self._told = asyncio.Event()

    def show(self, shown: Shown) -> None:
        self.shown.append(shown)
        self._told.set()

    def close(self) -> None:
        self.is_closed = True

    @property
    def headlines(self) -> list[str]:
        return [shown.headline for shown in self.shown]

    @property
    def verdicts(self) -> list[Shown]:
        """What was shown of scans."""
        return [shown for shown in self.shown if shown.cue is not Cue.WAIT]

    async def until_next_verdict(self) -> None:
        """Wait until one more is shown than now."""
        known = len(self.verdicts)
        while len(self.verdicts) == known:
            self._told.clear()
            await self._told.wait()

    async def until(self, headline: str, times: int = 1) -> None:
        """Wait until this was shown so often."""
        while self.headlines.count(headline) < times:
            self._told.clear()
            await self._told.wait()


class FakeCheckIn:
    """Gives the outcomes it was handed, the last one again and again; each takes `latency_s`.

    `said` is all that was asked of it, in order, but for what only reads: `resolved` are the
    symbols, `asked_for_links` the tickets. A symbol is its ticket's id unless `resolutions` has it;
    `link` is what is told of every ticket. With a `gate`, answers wait until it is set.
    """

    def __init__(
        self, clock: ManualClock, outcomes: Iterable[Outcome] = (ADMITTED,), latency_s: float = 0.0
    ) -> None:
        self.clock = clock
        self.said: list[str] = []
        self.nonces: list[str | None] = []
        self.patience_s = ANSWER_TIMEOUT_S
        self.is_there = True
        self.unparked: Reason | None = None
        self.parks = True
        self.resolved: list[str] = []
        self.resolutions: dict[str, Resolution] = {}
        self.link: LinkReply | None = None
        self.asked_for_links: list[str] = []
        self.last_entry_at: str | None = None
        self.checked_in_guests: int | None = None
        self.gate: asyncio.Event | None = None
        self._told = asyncio.Event()
        self._outcomes = deque(outcomes)
        self._latency_s = latency_s

    def answer_with(self, outcomes: Iterable[Outcome]) -> None:
        self._outcomes = deque(outcomes)

    def say(self, word: str) -> None:
        self.said.append(word)
        self._told.set()

    async def until(self, word: str) -> None:
        """Wait until this was said."""
        while word not in self.said:
            self._told.clear()
            await self._told.wait()

    async def warm(self) -> None:
        self.say("warm")

    async def resolve(self, symbol: str) -> Resolution:
        self.resolved.append(symbol)
        return self.resolutions.get(symbol, Resolution(Ticket(symbol)))

    def be_patient(self, timeout_s: float) -> None:
        self.patience_s = timeout_s

    async def probe(self) -> bool:
        self.say("probe")
        return self.is_there

    async def ask(self, entitlement: Entitlement, nonce: str | None = None) -> Reply:
        self.say(f"ask {_key(entitlement)}")
        self.nonces.append(nonce)
        if self.gate is not None:
            await self.gate.wait()
        return self.reply()

    def hold(self, entitlement: Entitlement, nonce: str | None = None) -> FakeQuestion:
        self.say(f"hold {_key(entitlement)}")
        self.nonces.append(nonce)
        return FakeQuestion(self, _key(entitlement))

    async def ask_for_link(self, ticket: Ticket) -> LinkReply | None:
        self.asked_for_links.append(ticket.id)
        return self.link

    async def close(self) -> None:
        self.say("close")

    def reply(self) -> Reply:
        sent_ns = self.clock.now_ns()
        self.clock.advance(self._latency_s)
        outcome = self._outcomes.popleft() if len(self._outcomes) > 1 else self._outcomes[0]
        ask = Ask(sent_ns=sent_ns, answered_ns=self.clock.now_ns(), reason=outcome.reason)
        return Reply(outcome, ask, self.last_entry_at, self.checked_in_guests)


def _key(entitlement: Entitlement) -> str:
    return entitlement.id if isinstance(entitlement, Ticket) else entitlement.asked_for


def link_reply(*, allows_reentry: bool, reason: Reason | None = None) -> LinkReply:
    """What a service says of a ticket's link."""
    return LinkReply(allows_reentry, Ask(1, 2, reason=reason, kind=AskKind.LINKED_TICKET))


def checkout(device: str = "kiosk-01", guests: int = 1) -> CheckoutOrder:
    """The order to book places."""
    return CheckoutOrder(f"{device}/checkout", device, "21h", guests)


def webhook(device: str = "kiosk-01", event: str = "evt_1") -> WebhookOrder:
    """The order to tell of a payment for an old session, which has taken no places."""
    session = PaymentSession("cs_1", SessionMetadata("21h", "1"))
    told = PaymentEvent(event, COMPLETED_EVENT, PaymentEventData(session))
    return WebhookOrder(f"{device}/{event}", device, told)


def link(device: str = "kiosk-01") -> LinkOrder:
    """The order to link a ticket."""
    return LinkOrder(f"{device}/link", device, "T", "R")


class FakeHeldOrder:
    """A held order that parks at once, or says why not."""

    def __init__(self, service: "FakeKioskService", order: KioskOrder) -> None:
        self._service = service
        self._order = order

    async def until_parked(self) -> Reason | None:
        return self._service.unparked

    def release(self) -> None:
        self._service.said.append(f"release {self._order.attempt}")

    def resume(self) -> None:
        self._service.said.append(f"resume {self._order.attempt}")

    async def reply(self) -> KioskReply:
        return self._service.reply()

    async def withdraw(self) -> None:
        self._service.said.append(f"withdraw {self._order.attempt}")


class FakeKioskService:
    """Gives the outcomes it was handed, the last one again and again."""

    def __init__(self, clock: ManualClock, outcomes: Iterable[Outcome]) -> None:
        self.said: list[str] = []
        self.unparked: Reason | None = None
        self._clock = clock
        self._outcomes = deque(outcomes)

    async def warm(self) -> None:
        self.said.append("warm")

    async def ask(self, order: KioskOrder) -> KioskReply:
        self.said.append(f"ask {order.attempt}")
        return self.reply()

    def hold(self, order: KioskOrder) -> FakeHeldOrder:
        self.said.append(f"hold {order.attempt}")
        return FakeHeldOrder(self, order)

    async def close(self) -> None:
        self.said.append("close")

    def reply(self) -> KioskReply:
        sent_ns = self._clock.now_ns()
        outcome = self._outcomes.popleft() if len(self._outcomes) > 1 else self._outcomes[0]
        ask = Ask(sent_ns=sent_ns, answered_ns=self._clock.now_ns(), reason=outcome.reason)
        return KioskReply(outcome, ask, "checkout-1", "cs_1")


class FakeGate:
    """A lane, and the fakes that it is made of."""

    def __init__(
        self, clock: ManualClock, outcomes: Iterable[Outcome] = (ADMITTED,), name: str = "gate-01"
    ) -> None:
        self.clock = clock
        self.reader = FakeReader(clock)
        self.hand = FakePresenter(self.reader)
        self.checkin = FakeCheckIn(clock, outcomes)
        self.lane = Lane(name, self.reader, self.hand, self.checkin, clock)

    def showing(self, symbol: str = "A", seed: int = 1) -> Showing:
        """A presentation, prepared."""
        showing = self.unprepared(symbol, seed)
        showing.prepare()
        return showing

    def unprepared(self, symbol: str = "A", seed: int = 1) -> Showing:
        """A presentation that nothing is ready for."""
        return self.lane.begin(Presentation(f"attempt {symbol}", "gate-01", symbol, seed))

    async def shown(self, symbol: str = "A", seed: int = 1) -> ScanRecord:
        """Present a ticket now, and wait for what comes of it."""
        return await let_go(self.showing(symbol, seed), self.clock)

    async def held(self, symbol: str = "A", seed: int = 1) -> ScanRecord:
        """Read a ticket ahead, hold the question, release it, and wait for what comes of it."""
        showing = self.showing(symbol, seed)
        assert await showing.read_ahead() is None
        return await let_go(showing, self.clock)


async def let_go(showing: Showing, clock: ManualClock) -> ScanRecord:
    """Release and resume, now as intended, and wait for the scan."""
    showing.intended_ns = clock.now_ns()
    showing.release()
    showing.resume()
    return await showing.record()
