"""What a lane is made of, without hardware, wire or wait."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import Final

from gatedrill.contract.attempt import Ask, ScanRecord
from gatedrill.contract.errors import GatedrillError
from gatedrill.contract.messages import Presentation
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.checkin import Reply
from gatedrill.devices.emulation.presenter import Material
from gatedrill.devices.lane import Lane, Showing
from gatedrill.devices.readers.symbol import Symbol

ADMITTED = Outcome(OutcomeKind.ADMITTED)
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
        self._reader = reader

    def prepare(self, text: str, seed: int) -> Material:
        return (text.encode(),)

    def present(self, material: Material) -> None:
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


class FakeCheckIn:
    """Gives the outcomes it was handed, the last one again and again; each takes `latency_s`.

    `said` is all that was asked of it, in order.
    """

    def __init__(
        self, clock: ManualClock, outcomes: Iterable[Outcome] = (ADMITTED,), latency_s: float = 0.0
    ) -> None:
        self.clock = clock
        self.said: list[str] = []
        self.unparked: Reason | None = None
        self.parks = True
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

    async def ask(self, symbol: str) -> Reply:
        self.say(f"ask {symbol}")
        return self.reply()

    def hold(self, symbol: str) -> FakeQuestion:
        self.say(f"hold {symbol}")
        return FakeQuestion(self, symbol)

    async def close(self) -> None:
        self.say("close")

    def reply(self) -> Reply:
        sent_ns = self.clock.now_ns()
        self.clock.advance(self._latency_s)
        outcome = self._outcomes.popleft() if len(self._outcomes) > 1 else self._outcomes[0]
        ask = Ask(sent_ns=sent_ns, answered_ns=self.clock.now_ns(), reason=outcome.reason)
        return Reply(outcome, ask)


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
        showing = Showing(self.lane, Presentation(f"attempt {symbol}", "gate-01", symbol, seed))
        showing.prepare()
        return showing

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
    return await showing.scan()
