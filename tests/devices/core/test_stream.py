"""One device's stream: who comes when, and what is ready for whom."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from device_fakes import ADMITTED, FakeGate, FakeKioskService, ManualClock

from gatedrill.contract.attempt import AttemptRecord, ScanRecord
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import Presentation
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.emulation.presenter import Material
from gatedrill.devices.kiosk import Kiosk
from gatedrill.devices.stream import AHEAD, Stream, StreamTimes

S = 1_000_000_000
AT_NS = 1_000 * S
UNREAD = Outcome(OutcomeKind.UNKNOWN, Reason.UNREAD)


@pytest.fixture
def clock() -> ManualClock:
    """Stands at the beginning of the stream; no two readings are alike."""
    return ManualClock(AT_NS, tick_ns=1)


@pytest.fixture
def gate(clock: ManualClock) -> FakeGate:
    return FakeGate(clock)


@pytest.fixture
def workers() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def guests(*due_s: float | None) -> list[Presentation]:
    """One for each due time, called A, B, C."""
    return [
        Presentation(symbol, "gate-01", symbol, 1, due)
        for symbol, due in zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", due_s, strict=False)
    ]


def times(length_s: float = 100, pause_s: float = 0) -> StreamTimes:
    return StreamTimes(AT_NS, AT_NS + round(length_s * S), round(pause_s * S))


class Line:
    """A stream at a gate, and its records."""

    def __init__(
        self, gate: FakeGate, orders: list[Presentation], workers: ThreadPoolExecutor
    ) -> None:
        self.stream = Stream(gate.lane, orders, workers, gate.clock)
        self.records: list[AttemptRecord] = []
        self._gate = gate

    @property
    def scans(self) -> dict[str, ScanRecord]:
        return {each.attempt: each for each in self.records if isinstance(each, ScanRecord)}

    async def run(self, until: StreamTimes) -> dict[str, ScanRecord]:
        await self.stream.prepare()
        opening = self.stream.opening
        if opening is not None:
            opening.intended_ns = until.at_ns
            opening.release()
            opening.resume()
        await self.stream.run(until, self.records.append)
        return self.scans


async def test_a_closed_loop_counts_from_the_decision_before(
    gate: FakeGate, workers: ThreadPoolExecutor
) -> None:
    line = Line(gate, guests(None, None, None), workers)
    assert line.stream.opening is not None
    scans = await line.run(times(pause_s=0.001))
    assert scans["A"].intended_ns == AT_NS
    assert scans["B"].intended_ns == scans["A"].decided_ns + S // 1000
    assert scans["C"].intended_ns == scans["B"].decided_ns + S // 1000


async def test_a_guest_with_a_due_time_comes_then_though_the_device_is_busy(
    gate: FakeGate, workers: ThreadPoolExecutor
) -> None:
    gate.checkin.gate = asyncio.Event()
    line = Line(gate, guests(0, 0.001, 0.002), workers)
    assert line.stream.opening is None
    running = asyncio.create_task(line.run(times()))
    await gate.checkin.until("ask A")
    gate.clock.advance(7)
    gate.checkin.gate.set()
    scans = await running
    assert [scan.intended_ns - AT_NS for scan in scans.values()] == [0, S // 1000, S // 500]
    assert scans["B"].released_ns > scans["A"].decided_ns
    assert all(scan.latency_ms > 6_990 for scan in scans.values()), "the wait is part of it"


async def test_a_guest_does_not_come_before_the_due_time(
    gate: FakeGate, workers: ThreadPoolExecutor, leap: Callable[[float], None]
) -> None:
    line = Line(gate, guests(60), workers)
    await line.stream.prepare()
    running = asyncio.create_task(line.run(times()))
    for _ in range(20):
        await asyncio.sleep(0)
    assert gate.hand.shown == []
    gate.clock.advance(60)
    leap(60)
    scans = await running
    assert scans["A"].intended_ns == AT_NS + 60 * S <= scans["A"].released_ns


async def test_a_guest_who_is_due_after_the_end_never_comes_and_is_not_waited_for(
    gate: FakeGate, workers: ThreadPoolExecutor
) -> None:
    line = Line(gate, guests(0, 10, 3_600), workers)
    assert list(await line.run(times(length_s=10))) == ["A"]
    assert gate.hand.shown == ["A"]
    await line.stream.give_up()


async def test_a_rest_that_goes_beyond_the_end_ends_a_closed_loop_at_once(
    gate: FakeGate, workers: ThreadPoolExecutor
) -> None:
    line = Line(gate, guests(None, None), workers)
    assert list(await line.run(times(length_s=10, pause_s=3_600))) == ["A"]
    await line.stream.give_up()


async def test_a_guest_who_came_in_time_is_served_though_the_end_has_passed(
    gate: FakeGate, workers: ThreadPoolExecutor
) -> None:
    gate.checkin.gate = asyncio.Event()
    line = Line(gate, guests(0, 0.001), workers)
    running = asyncio.create_task(line.run(times(length_s=1)))
    await gate.checkin.until("ask A")
    gate.clock.advance(5)
    gate.checkin.gate.set()
    assert list(await running) == ["A", "B"]


async def test_only_the_next_few_are_prepared_however_long_the_stream(
    gate: FakeGate, workers: ThreadPoolExecutor
) -> None:
    line = Line(gate, guests(*[None] * 26), workers)
    await line.stream.prepare()
    assert len(gate.hand.prepared) == AHEAD
    ahead: list[int] = []

    class Records(list[AttemptRecord]):
        def append(self, record: AttemptRecord) -> None:
            ahead.append(len(gate.hand.prepared) - len(gate.hand.shown))
            super().append(record)

    line.records = Records()
    assert len(await line.run(times())) == 26
    assert max(ahead) < AHEAD
    assert len(gate.hand.prepared) == 26


async def test_the_next_ones_are_prepared_while_the_device_rests(
    gate: FakeGate, workers: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, is_ready = asyncio.get_running_loop(), asyncio.Event()
    next_one = "ABCDEFGHIJ"[AHEAD]

    def prepare(text: str, _seed: int) -> Material:
        if text == next_one:
            loop.call_soon_threadsafe(is_ready.set)
        return (text.encode(),)

    monkeypatch.setattr(gate.hand, "prepare", prepare)
    line = Line(gate, guests(*[None] * 10), workers)
    running = asyncio.create_task(line.run(times(length_s=7_200, pause_s=3_600)))
    await is_ready.wait()
    assert list(line.scans) == ["A"]
    assert gate.hand.shown == ["A"]
    running.cancel()
    await asyncio.wait([running])
    await line.stream.give_up()


async def test_a_ticket_that_cannot_be_made_ready_is_unread_and_the_others_are_served(
    gate: FakeGate, workers: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    gate.hand.cannot_prepare |= {"A", "F"}
    scans = await Line(gate, guests(*[None] * 7), workers).run(times())
    outcomes = [scan.outcome for scan in scans.values()]
    assert outcomes == [UNREAD, *[ADMITTED] * 4, UNREAD, ADMITTED]
    assert [record.getMessage() for record in caplog.records] == [
        "cannot prepare: the text A makes no QR code",
        "cannot prepare: the text F makes no QR code",
    ]


async def test_giving_up_does_not_wait_for_what_is_being_prepared(
    gate: FakeGate, workers: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = threading.Event()
    monkeypatch.setattr(gate.hand, "prepare", lambda _text, _seed: stuck.wait())
    before = asyncio.all_tasks()
    stream = Stream(gate.lane, guests(None, None), workers, gate.clock)
    preparing = asyncio.create_task(stream.prepare())
    await asyncio.sleep(0)
    await stream.give_up()
    await asyncio.wait([preparing])
    assert preparing.cancelled()
    assert asyncio.all_tasks() <= before
    stuck.set()


async def test_a_kiosk_has_no_stream_of_tickets(
    clock: ManualClock, workers: ThreadPoolExecutor
) -> None:
    kiosk = Kiosk("kiosk-01", FakeKioskService(clock, [ADMITTED]), clock)
    with pytest.raises(UsageError, match="reads no tickets"):
        Stream(kiosk, guests(None), workers, clock)
