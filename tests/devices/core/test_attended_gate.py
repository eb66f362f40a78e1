"""A gate with a person in front of it: what is timed from where, what belongs to which order."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable

import pytest
from device_fakes import (
    ADMITTED,
    ALREADY_USED,
    TIMEOUT,
    FakeCheckIn,
    FakeFeedback,
    FakeReader,
    ManualClock,
    checkout,
)

from gatedrill.contract.attempt import AttemptRecord, FrameFigures, ScanRecord
from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.contract.messages import DeviceInfo, Presentation
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.attended.gate import AttendedGate
from gatedrill.devices.attended.presenting import Presenting
from gatedrill.devices.attended.screen import VERDICT_S
from gatedrill.devices.attended.stream import AttendedStream
from gatedrill.devices.readers.symbol import Symbol
from gatedrill.devices.stream import StreamTimes

S = 1_000_000_000
AT_NS = 1_000 * S
NOT_PRESENTED = Outcome(OutcomeKind.IGNORED, Reason.NOT_PRESENTED)


class Hall:
    """A real gate, and the fakes that it is made of."""

    def __init__(self, outcomes: Iterable[Outcome] = (ADMITTED,)) -> None:
        self.clock = ManualClock(AT_NS, tick_ns=1)
        self.reader = FakeReader(self.clock)
        self.checkin = FakeCheckIn(self.clock, outcomes)
        self.feedback = FakeFeedback()
        self.gate = AttendedGate(
            "gate-a",
            self.reader,
            self.checkin,
            self.clock,
            self.feedback,
            boot="b1",
            label="Gate A",
        )

    async def open(self) -> None:
        """Open it, and have it attend to what is read."""
        await self.gate.open()
        self.gate.attend()
        await asyncio.sleep(0)

    def order(self, symbol: str = "A", caption: str = "No. 07") -> Presenting:
        """An order to present a ticket, for half a minute from now on."""
        act = self.gate.begin(Presentation(f"order {symbol}", "gate-a", symbol, 1, caption=caption))
        act.intended_ns = AT_NS
        act.until_ns = AT_NS + 30 * S
        return act

    async def walk_in(self, symbol: str) -> None:
        """Somebody presents this, and has an answer."""
        self.reader.see(symbol)
        await self.feedback.until_next_verdict()


@pytest.fixture
async def hall() -> AsyncIterator[Hall]:
    made = Hall()
    await made.open()
    yield made
    await made.gate.close()


async def let_go(act: Presenting) -> asyncio.Task[ScanRecord]:
    """T has come for this order; returns what will come of it."""
    recording = asyncio.create_task(act.record())
    await asyncio.sleep(0)
    act.release()
    act.resume()
    return recording


async def test_it_tells_the_roster_that_a_person_presents_its_tickets(hall: Hall) -> None:
    assert hall.gate.info == DeviceInfo("gate-a", "serial", 0.5, attended=True, label="Gate A")


async def test_a_scan_is_timed_from_its_own_reading_and_not_from_the_instant(hall: Hall) -> None:
    recording = await let_go(hall.order("A"))
    hall.reader.see("A", AT_NS + 2 * S)
    record = await recording
    assert (record.intended_ns, record.released_ns, record.decoded_ns) == (AT_NS + 2 * S,) * 3
    assert (record.attempt, record.symbol, record.outcome) == ("order A", "A", ADMITTED)
    assert hall.checkin.said == ["ask A"]


async def test_staff_are_told_what_to_have_ready_what_to_present_and_what_came_of_it(
    hall: Hall,
) -> None:
    act = hall.order("A", caption="No. 07")
    recording = await let_go(act)
    hall.reader.see("A")
    await recording
    assert hall.feedback.headlines == ["READY", "GET READY", "NOW", "COME IN"]
    assert "No. 07" in hall.feedback.shown[1].detail
    assert "No. 07" in hall.feedback.shown[2].detail


async def test_a_ticket_that_comes_before_the_instant_is_decided_on_at_once(hall: Hall) -> None:
    act = hall.order("A")
    await hall.walk_in("A")
    act.intended_ns = AT_NS + S
    recording = await let_go(act)
    record = await recording
    assert record.released_ns < AT_NS + S
    assert record.attempt == "order A"
    assert "NOW" not in hall.feedback.headlines, "nobody is called who has come already"


async def test_a_ticket_that_nobody_presents_in_time_is_told_as_that(
    hall: Hall, leap: Callable[[float], None]
) -> None:
    recording = await let_go(hall.order("A"))
    await asyncio.sleep(0)
    leap(30)
    record = await recording
    assert record.outcome == NOT_PRESENTED
    assert (record.decoded_ns, record.asks, hall.checkin.said) == (None, (), [])


async def test_whoever_comes_after_the_time_is_let_in_as_a_walk_in(
    hall: Hall, leap: Callable[[float], None]
) -> None:
    recording = await let_go(hall.order("A"))
    await asyncio.sleep(0)
    leap(30)
    await recording
    await hall.walk_in("A")
    (walk_in,) = await hall.gate.walk_ins()
    assert walk_in.outcome == ADMITTED
    assert walk_in.attempt.startswith("walk-in:")


async def test_a_decision_that_takes_longer_than_there_is_time_is_waited_for(
    hall: Hall, leap: Callable[[float], None]
) -> None:
    hall.checkin.gate = asyncio.Event()
    recording = await let_go(hall.order("A"))
    hall.reader.see("A")
    await hall.checkin.until("ask A")
    leap(31)
    await asyncio.sleep(0)
    hall.checkin.gate.set()
    assert (await recording).outcome == ADMITTED


async def test_what_nobody_has_ordered_is_decided_on_and_told(hall: Hall) -> None:
    await hall.walk_in("X")
    await hall.walk_in("Y")
    told = await hall.gate.walk_ins()
    assert [(each.symbol, each.outcome) for each in told] == [("X", ADMITTED), ("Y", ADMITTED)]
    assert len({each.attempt for each in told}) == 2
    assert await hall.gate.walk_ins() == told, "whoever asks again may have missed it"


async def test_another_ticket_than_the_one_ordered_does_not_stand_for_it(hall: Hall) -> None:
    recording = await let_go(hall.order("A"))
    await hall.walk_in("B")
    assert not recording.done()
    hall.reader.see("A")
    assert (await recording).symbol == "A"
    assert [each.symbol for each in await hall.gate.walk_ins()] == ["B"]


async def test_a_ticket_that_the_scanner_sends_twice_is_one_scan(hall: Hall) -> None:
    recording = await let_go(hall.order("A"))
    hall.reader.see("A", AT_NS + S)
    hall.reader.see("A", AT_NS + S + 1000)
    await recording
    await hall.walk_in("B")
    assert [each.symbol for each in await hall.gate.walk_ins()] == ["B"]
    assert hall.checkin.said == ["ask A", "ask B"]


async def test_of_two_orders_for_one_ticket_the_older_is_served_first() -> None:
    hall = Hall([ADMITTED, ALREADY_USED])
    await hall.open()
    first, second = await let_go(hall.order("A")), await let_go(hall.order("A"))
    hall.reader.see("A", AT_NS + S)
    assert (await first).outcome == ADMITTED
    assert not second.done()
    hall.reader.see("A", AT_NS + 3 * S)
    assert (await second).outcome == ALREADY_USED
    await hall.gate.close()


async def test_an_order_that_was_given_up_waits_for_nothing(hall: Hall) -> None:
    act = hall.order("A")
    await act.give_up()
    await act.give_up()
    await hall.walk_in("A")
    assert [each.symbol for each in await hall.gate.walk_ins()] == ["A"]


async def test_an_open_answer_is_shown_as_such() -> None:
    hall = Hall([TIMEOUT])
    await hall.open()
    await hall.walk_in("A")
    assert hall.feedback.headlines[-1] == "ASK"
    await hall.gate.close()


async def test_an_error_of_our_own_costs_one_scan_and_not_the_gate(
    hall: Hall, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down() -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(hall.checkin, "reply", break_down)
        await hall.walk_in("A")
    assert hall.feedback.headlines[-1] == "ASK"
    assert "a scan failed" in caplog.text
    await hall.walk_in("B")
    assert hall.feedback.headlines[-1] == "COME IN"


async def test_a_lost_scanner_is_told_to_staff_and_roster_and_so_is_its_return(hall: Hall) -> None:
    told: list[str | None] = []
    hall.gate.on_change = lambda: told.append(hall.gate.lost)
    hall.gate.lose("unplugged")
    hall.gate.regain()
    assert told == ["unplugged", None]
    assert hall.feedback.headlines[-2:] == ["NO READER", "READY"]


async def test_a_reader_that_gives_up_for_good_is_told(hall: Hall) -> None:
    hall.reader.break_down(PeerError("it burns"))
    await hall.feedback.until("NO READER")
    assert hall.gate.lost == "it burns"


async def test_it_takes_no_orders_of_a_kiosk(hall: Hall) -> None:
    with pytest.raises(UsageError, match="order this at a kiosk"):
        hall.gate.begin(checkout())


async def test_a_ticket_in_capitals_is_the_ticket(hall: Hall) -> None:
    """Some scanners make capitals of everything."""
    ticket = "0c84660f-b1c4-4d33-97ff-8b716746e84e"
    recording = await let_go(hall.order(ticket))
    hall.reader.see(ticket.upper())
    assert (await recording).attempt == f"order {ticket}"


async def test_while_its_scanner_is_gone_it_takes_no_orders_and_says_so(hall: Hall) -> None:
    hall.gate.lose("unplugged")
    with pytest.raises(PeerError, match="its reader has gone: unplugged"):
        hall.order("A")
    hall.gate.refresh()
    await asyncio.sleep(0)
    assert hall.feedback.headlines[-1] == "NO READER"


async def test_what_was_read_before_it_attends_is_of_no_concern() -> None:
    hall = Hall()
    await hall.gate.open()
    hall.reader.see("A")
    hall.gate.attend()
    await hall.walk_in("B")
    assert [each.symbol for each in await hall.gate.walk_ins()] == ["B"]
    await hall.gate.close()


async def test_a_decision_that_nobody_waits_for_any_more_is_a_walk_in(hall: Hall) -> None:
    hall.checkin.gate = asyncio.Event()
    recording = await let_go(hall.order("A"))
    hall.reader.see("A")
    await hall.checkin.until("ask A")
    recording.cancel()
    await asyncio.wait([recording])
    hall.checkin.gate.set()
    (walk_in,) = await hall.gate.walk_ins()
    assert walk_in.attempt.startswith("walk-in:")
    assert walk_in.outcome == ADMITTED


async def test_an_error_in_a_scan_that_nobody_waits_for_leaves_the_gate_hearing(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down() -> None:
        raise ZeroDivisionError

    hall.checkin.gate = asyncio.Event()
    recording = await let_go(hall.order("A"))
    hall.reader.see("A")
    await hall.checkin.until("ask A")
    recording.cancel()
    await asyncio.wait([recording])
    with monkeypatch.context() as broken:
        broken.setattr(hall.checkin, "reply", break_down)
        hall.checkin.gate.set()
        await hall.feedback.until("ASK")
    await hall.walk_in("B")
    assert hall.feedback.headlines[-1] == "COME IN"


async def test_a_reader_with_an_error_of_its_own_is_told_of_as_gone(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down() -> None:
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(hall.reader, "read", break_down)
    hall.reader.see("A")  # what was being waited for
    await hall.feedback.until("NO READER")
    assert hall.gate.lost == "the reader failed (by zero)"


async def test_scans_under_way_are_waited_for_when_walk_ins_are_asked_for(hall: Hall) -> None:
    hall.checkin.gate = asyncio.Event()
    hall.reader.see("A")
    await hall.checkin.until("ask A")
    telling = asyncio.create_task(hall.gate.walk_ins())
    await asyncio.sleep(0)
    assert not telling.done()
    hall.checkin.gate.set()
    assert [each.symbol for each in await telling] == ["A"]


async def test_a_verdict_gives_way_to_what_is_wanted_next(
    hall: Hall, leap: Callable[[float], None]
) -> None:
    recording = await let_go(hall.order("A"))
    await hall.walk_in("B")
    assert hall.feedback.headlines[-1] == "COME IN"
    leap(VERDICT_S)
    await hall.feedback.until("NOW", times=2)
    recording.cancel()
    await asyncio.wait([recording])
    await asyncio.sleep(0)
    assert hall.feedback.headlines[-1] == "READY", "nobody calls for it any more"


async def test_closing_leaves_nothing_behind(hall: Hall) -> None:
    await hall.gate.close()
    assert hall.feedback.is_closed
    assert not hall.reader.is_open


async def test_of_a_camera_all_frames_since_the_last_scan_are_told(hall: Hall) -> None:
    def seen(text: str, at_s: float, frames: FrameFigures) -> None:
        hall.reader.put(Symbol(text, "]Q1", AT_NS + round(at_s * S), frames))

    seen("A", 1, FrameFigures(30, 5, 1, 1000.0))
    seen("A", 1.1, FrameFigures(3, 0, 1, 100.0))
    seen("A", 1.2, FrameFigures(3, 1, 1, 100.0))
    seen("B", 2, FrameFigures(20, 0, 1, 800.0))
    seen("C", 2, FrameFigures(20, 0, 1, 800.0))  # both in one frame
    await hall.feedback.until("COME IN", times=3)
    frames = {each.symbol: each.frames for each in await hall.gate.walk_ins()}
    both = FrameFigures(26, 1, 3, 1000.0)
    assert frames == {"A": FrameFigures(30, 5, 1, 1000.0), "B": both, "C": both}
    assert both.decode_rate == 0.12


class Pile:
    """A stream of tickets at a gate, and what is told of them."""

    def __init__(self, hall: Hall, symbols: str) -> None:
        orders = [Presentation(f"order {each}", "gate-a", each, 1) for each in symbols]
        self.stream = AttendedStream(hall.gate, orders)
        self.told: list[AttemptRecord] = []

    def run(self) -> asyncio.Task[None]:
        times = StreamTimes(AT_NS, AT_NS + 30 * S, 0)
        return asyncio.create_task(self.stream.run(times, self.told.append))


async def test_a_pile_of_tickets_may_be_presented_in_any_order(hall: Hall) -> None:
    pile = Pile(hall, "ABC")
    running = pile.run()
    for symbol in "CAB":
        hall.reader.see(symbol)
    await running
    assert [each.attempt for each in pile.told] == ["order C", "order A", "order B"]


async def test_what_is_left_of_the_pile_at_the_end_is_not_told_of(
    hall: Hall, leap: Callable[[float], None]
) -> None:
    pile = Pile(hall, "ABC")
    running = pile.run()
    await hall.walk_in("B")
    leap(31)
    await running
    assert [each.attempt for each in pile.told] == ["order B"]
    await hall.walk_in("C")
    assert [each.symbol for each in await hall.gate.walk_ins()] == ["C"]
