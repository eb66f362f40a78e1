import asyncio
from collections.abc import Callable

import pytest
from device_fakes import (
    ADMITTED,
    ALREADY_USED,
    BUSY,
    READMITTED,
    TIMEOUT,
    FakeGate,
    FakeReader,
    ManualClock,
    checkout,
    let_go,
    link_reply,
)

from gatedrill.contract.attempt import Ask, AskKind
from gatedrill.contract.errors import PeerError, UsageError
from gatedrill.contract.messages import DeviceInfo
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.devices.checkin import Resolution, VipPass
from gatedrill.devices.lane import READ_TIMEOUT_S, WINDOW_MARGIN_S

MS = 1_000_000
WINDOW_S = FakeReader.repeat_window_s


@pytest.fixture
def clock() -> ManualClock:
    """No two readings are alike."""
    return ManualClock(1_000 * MS, tick_ns=1)


@pytest.fixture
def gate(clock: ManualClock) -> FakeGate:
    return FakeGate(clock)


async def test_a_lane_opens_its_reader_and_closes_all_it_has(gate: FakeGate) -> None:
    await gate.lane.open()
    assert gate.reader.is_open
    await gate.lane.close()
    assert not gate.reader.is_open
    assert gate.hand.is_closed
    assert gate.checkin.said == ["close"]


def test_a_lane_tells_the_roster_what_it_is(gate: FakeGate) -> None:
    assert gate.lane.info == DeviceInfo("gate-01", "serial", WINDOW_S)


async def test_a_presented_ticket_is_read_and_asked_about_in_that_order(gate: FakeGate) -> None:
    scan = await gate.shown("A")
    assert scan.decoded_ns is not None
    assert scan.intended_ns < scan.released_ns < scan.decoded_ns
    assert scan.decoded_ns < scan.asks[0].sent_ns < scan.asks[0].answered_ns < scan.decided_ns
    assert (scan.attempt, scan.device, scan.symbol) == ("attempt A", "gate-01", "A")
    assert scan.outcome == ADMITTED
    assert gate.checkin.said == ["ask A"]


async def test_a_ticket_is_shown_at_the_release_and_taken_away_when_it_is_read(
    gate: FakeGate,
) -> None:
    showing = gate.showing("A")
    assert gate.hand.shown == []
    scanning = asyncio.create_task(showing.record())
    await asyncio.sleep(0)
    assert gate.hand.shown == []
    showing.release()
    assert gate.hand.in_view == "A"
    showing.resume()
    await scanning
    assert gate.hand.shown == ["A"]
    assert gate.hand.in_view == ""


async def test_a_ticket_read_ahead_is_asked_about_with_the_release(gate: FakeGate) -> None:
    showing = gate.showing("A")
    assert await showing.read_ahead() is None
    assert gate.hand.shown == ["A"]
    assert gate.hand.in_view == ""
    assert gate.checkin.said == ["hold A"]
    scan = await let_go(showing, gate.clock)
    assert gate.hand.shown == ["A"], "it is not shown again"
    assert gate.checkin.said == ["hold A", "release A", "resume A", "withdraw A"]
    assert scan.decoded_ns is not None
    assert scan.decoded_ns < scan.intended_ns < scan.released_ns < scan.decided_ns
    assert scan.outcome == ADMITTED


async def test_tidying_up_after_an_answer_is_no_part_of_the_scan(gate: FakeGate) -> None:
    """The fake question takes a second to be withdrawn."""
    scan = await gate.held()
    assert "withdraw A" in gate.checkin.said
    assert scan.latency_ms < 1


@pytest.mark.parametrize("answer", [ADMITTED, ALREADY_USED, TIMEOUT], ids=str)
@pytest.mark.parametrize("ahead", [False, True], ids=["present", "request"])
async def test_the_answer_is_the_outcome(answer: Outcome, ahead: bool, clock: ManualClock) -> None:
    gate = FakeGate(clock, [answer])
    scan = await (gate.held() if ahead else gate.shown())
    assert scan.outcome == answer
    assert [ask.reason for ask in scan.asks] == [answer.reason]


@pytest.mark.parametrize("ahead", [False, True], ids=["present", "request"])
async def test_a_busy_answer_is_asked_for_again_after_the_seeds_pauses(
    ahead: bool, clock: ManualClock, pauses: list[float]
) -> None:
    made = []
    for number, seed in enumerate((7, 7, 8)):
        gate = FakeGate(clock, [BUSY, BUSY, BUSY, ADMITTED])
        symbol = f"T-{number}"
        scan = await (gate.held(symbol, seed) if ahead else gate.shown(symbol, seed))
        assert scan.outcome == ADMITTED
        assert len(scan.asks) == 4
        assert gate.checkin.said.count(f"ask {symbol}") == (3 if ahead else 4)
        made.append(tuple(pauses))
        pauses.clear()
    assert made[0] == made[1] != made[2]


async def test_a_ticket_that_is_not_read_leaves_the_scan_unknown_and_nobody_is_asked(
    gate: FakeGate, leap: Callable[[float], None]
) -> None:
    gate.hand.blind = True
    scanning = asyncio.create_task(gate.shown("A"))
    await asyncio.sleep(0)
    assert gate.hand.in_view == "A"
    leap(READ_TIMEOUT_S)
    scan = await scanning
    assert scan.outcome == Outcome(OutcomeKind.UNKNOWN, Reason.UNREAD)
    assert (scan.decoded_ns, scan.asks, gate.checkin.said) == (None, (), [])
    assert gate.hand.in_view == ""


async def test_a_scanner_that_breaks_down_leaves_its_scan_unknown(
    gate: FakeGate, caplog: pytest.LogCaptureFixture
) -> None:
    gate.hand.blind = True
    gate.reader.break_down(PeerError("the scanner has gone"))
    scan = await gate.shown("A")
    assert scan.outcome == Outcome(OutcomeKind.UNKNOWN, Reason.UNREAD)
    assert gate.checkin.said == []
    (warning,) = caplog.records
    assert "the scanner has gone" in warning.getMessage()
    assert vars(warning)["device"] == "gate-01"


@pytest.mark.parametrize("ahead", [False, True], ids=["present", "request"])
async def test_a_ticket_still_in_view_is_ignored_and_nobody_is_asked(
    gate: FakeGate, ahead: bool
) -> None:
    await gate.shown("A")
    gate.checkin.said.clear()
    if ahead:
        assert await gate.showing("A").read_ahead() is Reason.REPEATED
    else:
        scan = await gate.shown("A")
        assert scan.outcome == Outcome(OutcomeKind.IGNORED, Reason.REPEATED)
        assert scan.asks == ()
    assert gate.checkin.said == []


async def test_a_ticket_that_the_run_before_left_in_view_is_shown_again_ahead_of_the_burst(
    gate: FakeGate, leap: Callable[[float], None]
) -> None:
    await gate.shown("A")
    reading = asyncio.create_task(gate.showing("A").read_ahead())
    for _ in range(10):  # it is shown, seen, known and taken away
        await asyncio.sleep(0)
    gate.clock.advance(WINDOW_S)
    leap(WINDOW_S + WINDOW_MARGIN_S)
    assert await reading is None
    assert gate.checkin.said == ["ask A", "hold A"]


async def test_a_ticket_that_was_out_of_view_is_a_new_scan(gate: FakeGate) -> None:
    await gate.shown("A")
    gate.clock.advance(WINDOW_S)
    assert (await gate.shown("A")).outcome == ADMITTED
    assert gate.checkin.said == ["ask A", "ask A"]


async def test_another_ticket_in_view_is_not_taken_for_the_one_that_is_shown(
    gate: FakeGate,
) -> None:
    showing = gate.showing("A")
    gate.hand.blind = True
    scanning = asyncio.create_task(let_go(showing, gate.clock))
    await asyncio.sleep(0)
    gate.reader.see("B")
    gate.reader.see("A")
    assert (await scanning).symbol == "A"
    assert gate.checkin.said == ["ask A"]
    gate.hand.blind = False
    gate.clock.advance(WINDOW_S)
    assert (await gate.shown("B")).outcome == ADMITTED, "nothing is under way for it"


async def test_a_sighting_from_before_is_not_taken_for_the_present_one(gate: FakeGate) -> None:
    """As when a code was read too late for the showing that it belonged to."""
    gate.reader.see("A")
    gate.clock.advance(10)
    scan = await gate.shown("A")
    assert scan.decoded_ns is not None
    assert scan.decoded_ns > scan.released_ns
    assert scan.outcome == ADMITTED
    assert gate.checkin.said == ["ask A"]


async def test_a_device_that_reads_nothing_ahead_is_not_ready(
    gate: FakeGate, leap: Callable[[float], None]
) -> None:
    gate.hand.blind = True
    reading = asyncio.create_task(gate.showing("A").read_ahead())
    await asyncio.sleep(0)
    leap(READ_TIMEOUT_S)
    assert await reading is Reason.UNREAD
    assert gate.hand.in_view == ""


async def test_a_device_whose_question_is_not_taken_is_not_ready(gate: FakeGate) -> None:
    gate.checkin.unparked = Reason.CONNECTION
    assert await gate.showing("A").read_ahead() is Reason.CONNECTION


async def test_giving_up_frees_the_ticket_for_the_next_showing(gate: FakeGate) -> None:
    first, second, third = (gate.showing("A") for _ in range(3))
    assert await first.read_ahead() is None
    gate.clock.advance(WINDOW_S)
    assert await second.read_ahead() is Reason.REPEATED, "the first one is under way"
    await first.give_up()
    assert gate.checkin.said == ["hold A", "withdraw A"]
    gate.clock.advance(WINDOW_S)
    assert await third.read_ahead() is None
    await third.give_up()


@pytest.mark.parametrize("ahead", [False, True], ids=["present", "request"])
async def test_a_scan_that_is_cancelled_frees_the_ticket_for_the_next_showing(
    gate: FakeGate, ahead: bool
) -> None:
    showing = gate.showing("A")
    if ahead:
        assert await showing.read_ahead() is None
    scanning = asyncio.create_task(showing.record())
    await asyncio.sleep(0)
    scanning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await scanning
    assert ("withdraw A" in gate.checkin.said) is ahead
    gate.clock.advance(WINDOW_S)
    assert (await gate.shown("A")).outcome == ADMITTED


async def test_an_answered_scan_frees_the_ticket_as_well(gate: FakeGate) -> None:
    await gate.held("A")
    gate.clock.advance(WINDOW_S)
    assert (await gate.held("A")).outcome == ADMITTED


def test_a_gate_takes_no_bookings(gate: FakeGate) -> None:
    with pytest.raises(UsageError, match="gate-01 is a gate and only reads tickets"):
        gate.lane.begin(checkout())


SETTLED = Resolution(Outcome(OutcomeKind.REFUSED, Reason.WRONG_EVENT), (Ask(1, 2),))
READ_FAILED = Resolution(Outcome(OutcomeKind.UNKNOWN, Reason.SERVER_ERROR), (Ask(1, 2),))


@pytest.mark.parametrize("resolution", [SETTLED, READ_FAILED], ids=["refused", "unknown"])
async def test_a_scan_that_resolving_has_settled_is_ready_and_ends_at_its_release(
    gate: FakeGate, resolution: Resolution
) -> None:
    gate.checkin.resolutions["A"] = resolution
    showing = gate.showing("A")
    assert await showing.read_ahead() is None
    assert gate.checkin.resolved == ["A"]
    scan = await let_go(showing, gate.clock)
    assert scan.outcome == resolution.found
    assert scan.asks == resolution.asks
    assert scan.intended_ns < scan.released_ns < scan.decided_ns
    assert gate.hand.shown == ["A"], "it is not shown again"
    assert gate.checkin.said == [], "nothing was sent at the instant"
    gate.clock.advance(WINDOW_S)
    gate.checkin.resolutions.clear()
    assert (await gate.held("A")).outcome == ADMITTED, "the ticket is free again"


@pytest.mark.parametrize("ahead", [False, True], ids=["present", "request"])
async def test_on_a_retry_nothing_is_resolved_again(
    ahead: bool, clock: ManualClock, pauses: list[float]
) -> None:
    gate = FakeGate(clock, [BUSY, BUSY, ADMITTED])
    gate.checkin.resolutions["A"] = Resolution(
        VipPass("P"), (Ask(1, 2, kind=AskKind.VERIFY), Ask(3, 4, kind=AskKind.LOOKUP))
    )
    scan = await (gate.held("A") if ahead else gate.shown("A"))
    assert gate.checkin.resolved == ["A"]
    assert [ask.kind for ask in scan.asks[:2]] == [AskKind.VERIFY, AskKind.LOOKUP]
    assert len(scan.asks) == 5
    assert gate.checkin.said.count("ask P") == (2 if ahead else 3)


@pytest.mark.parametrize("ahead", [False, True], ids=["present", "request"])
async def test_a_guest_who_comes_back_is_recorded_as_such(ahead: bool, clock: ManualClock) -> None:
    gate = FakeGate(clock, [READMITTED])
    gate.checkin.last_entry_at, gate.checkin.checked_in_guests = "20:00", 5
    scan = await (gate.held() if ahead else gate.shown())
    assert scan.outcome == READMITTED
    assert (scan.last_entry_at, scan.checked_in_guests) == ("20:00", 5)


@pytest.mark.parametrize("ahead", [False, True], ids=["present", "request"])
async def test_the_question_for_the_link_is_part_of_the_scan(
    ahead: bool, clock: ManualClock
) -> None:
    gate = FakeGate(clock, [ALREADY_USED])
    gate.checkin.link = link_reply(allows_reentry=True)
    scan = await (gate.held() if ahead else gate.shown())
    assert scan.outcome == READMITTED
    assert gate.checkin.asked_for_links == ["A"]


@pytest.mark.parametrize("ahead", [False, True], ids=["present", "request"])
async def test_a_ticket_that_cannot_be_shown_leaves_its_scan_unknown_at_once(
    gate: FakeGate, ahead: bool, caplog: pytest.LogCaptureFixture
) -> None:
    gate.hand.cannot_present = PeerError("nobody reads what it sends")
    showing = gate.showing("A")
    if ahead:
        assert await showing.read_ahead() is Reason.UNREAD
    else:
        scan = await let_go(showing, gate.clock)
        assert scan.outcome == Outcome(OutcomeKind.UNKNOWN, Reason.UNREAD)
        assert scan.released_ns > scan.intended_ns
    (warning,) = caplog.records
    assert "nobody reads what it sends" in warning.getMessage()
    assert gate.checkin.said == []


async def test_a_ticket_that_was_never_made_ready_leaves_its_scan_unknown_at_once(
    gate: FakeGate,
) -> None:
    gate.hand.cannot_prepare.add("A")
    with pytest.raises(UsageError):
        gate.showing("A")
    scan = await let_go(gate.unprepared("A"), gate.clock)
    assert scan.outcome == Outcome(OutcomeKind.UNKNOWN, Reason.UNREAD)
    assert gate.hand.shown == []
