"""The journal: what is written when, what is told of it, and a model that it must agree with."""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from device_fakes import ManualClock
from device_files import (
    ADMITTED,
    ALREADY_USED,
    EDITION,
    GATE,
    NOON_NS,
    device_file,
    new_scan,
    scanned,
)
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
)

from gatedrill.contract.messages import QueueEntry, QueueState
from gatedrill.contract.outcome import Authority, Outcome
from gatedrill.devices.offline.device_file import DeviceFile
from gatedrill.devices.offline.errors import NotRecordedError
from gatedrill.devices.offline.journal import Depth, Journal
from gatedrill.devices.offline.journal_rows import Learnt, Settlement
from gatedrill.devices.offline.service_time import TimeSample
from gatedrill.devices.offline.time_of_day import TimeOfDay

NOON = "2027-01-15T08:00:00.000000+00:00"
SETTLEMENTS = (
    Settlement(QueueState.SYNCED, flag="in_future"),
    Settlement(QueueState.SYNCED, winner_device=GATE, recognised=True),
    Settlement(QueueState.CONFLICT, winner_device="gate-02", winner_time=NOON),
    Settlement(QueueState.FAILED, error="nobody knows it"),
)


@pytest.fixture
def journal(opened: DeviceFile) -> Journal:
    return opened.journal


async def states(journal: Journal) -> dict[str, QueueState]:
    return {entry.nonce: entry.state for entry in await journal.entries(EDITION)}


async def test_a_scan_is_told_as_it_stands(journal: Journal, clock: ManualClock) -> None:
    scan = msgspec.structs.replace(new_scan("n", "symbol"), attempt="a/1", run="run")
    await journal.begin(scan)
    entry = QueueEntry("a/1", GATE, "boot-1", "n", "symbol", QueueState.ASKED)
    assert await journal.entries(EDITION) == [entry]

    clock.advance(1)
    learnt = Learnt(ticket="pass", kind="vip_pass", asked_for="token")
    await journal.decide("n", ADMITTED, Authority.VENUE, journal.time.stamp(), learnt)

    [decided] = await journal.entries(EDITION)
    assert decided == msgspec.structs.replace(
        entry,
        ticket="pass",
        kind="vip_pass",
        state=QueueState.PENDING,
        outcome=ADMITTED,
        authority=Authority.VENUE,
        scanned_at="2027-01-15T08:00:01.000000+00:00",
    )
    assert await journal.entries("run/2") == []
    assert await journal.entries() == [decided]
    [taken] = await journal.take_due(clock.now_ns(), 5)
    assert (taken.asked_for, taken.symbol, taken.run) == ("token", "symbol of n", "run")


@pytest.mark.parametrize(
    ("authority", "state"),
    [
        (Authority.ONLINE, QueueState.ONLINE),
        (Authority.VENUE, QueueState.PENDING),
        (Authority.OFFLINE, QueueState.PENDING),
    ],
)
@pytest.mark.parametrize("outcome", [ADMITTED, ALREADY_USED])
async def test_only_what_the_service_has_not_decided_is_queued(
    journal: Journal, authority: Authority, state: QueueState, outcome: Outcome
) -> None:
    await scanned(journal, new_scan("n"), outcome, authority)
    assert await states(journal) == {"n": state}
    queued = state is QueueState.PENDING
    assert await journal.depth() == (Depth(1, NOON_NS) if queued else Depth(0, None))
    assert await journal.admitted_here(EDITION, "n") is outcome.admits


async def test_only_a_scan_that_is_under_way_is_decided(path: Path, time: TimeOfDay) -> None:
    async with device_file(path, time=time) as file:
        await file.journal.begin(new_scan("before"))
    async with device_file(path, "boot-2", time) as file:
        await scanned(file.journal, new_scan("n"))
        for nonce in ("n", "never", "before"):
            with pytest.raises(NotRecordedError, match=f"no scan {nonce} is under way"):
                await file.journal.decide(nonce, ADMITTED, Authority.OFFLINE, time.stamp())
        assert [entry.state for entry in await file.journal.entries()] == [
            QueueState.ASKED,
            QueueState.PENDING,
        ]


async def test_a_scan_that_was_never_decided_lends_its_nonce_until_one_is(path: Path) -> None:
    async with device_file(path) as file:
        assert await file.journal.undecided(EDITION, "t", "s") is None
        await file.journal.begin(msgspec.structs.replace(new_scan("n", "t"), symbol="s"))
    async with device_file(path, "boot-2") as file:
        journal = file.journal
        assert await journal.undecided(EDITION, "t", "?") == "n"
        assert await journal.undecided(EDITION, "?", "s") == "n"
        assert await journal.undecided("run/2", "t", "s") is None
        assert await journal.undecided(EDITION, "?", "?") is None

        await journal.begin(msgspec.structs.replace(new_scan("n", "t"), attempt="second"))
        assert await journal.undecided(EDITION, "t", "s") == "n"
        await journal.decide("n", ADMITTED, Authority.ONLINE, journal.time.stamp())

        assert await journal.undecided(EDITION, "t", "s") is None
        told = [(entry.attempt, entry.state) for entry in await journal.entries()]
        assert told == [("", QueueState.ASKED), ("second", QueueState.ONLINE)]


async def test_times_are_corrected_by_what_their_own_boot_knew(path: Path) -> None:
    clock = ManualClock(NOON_NS)
    time = TimeOfDay(clock)
    time.set_skew(600)
    async with device_file(path, time=time) as file:
        await scanned(file.journal, new_scan("early"))
        [unheard] = await file.journal.entries()
        time.service.learn(TimeSample(NOON_NS, NOON_NS, NOON_NS, 2_000_000))
        await scanned(file.journal, new_scan("late"))
        early, late = await file.journal.entries()
    assert (unheard.scanned_at, unheard.clock_bound_ms) == (
        "2027-01-15T08:10:00.000000+00:00",
        None,
    )
    for entry in (early, late):
        assert entry.scanned_at == "2027-01-15T08:00:00.001000+00:00"
        assert entry.clock_bound_ms == pytest.approx(1, abs=0.01)

    other = TimeOfDay(ManualClock(NOON_NS + 10**15))
    other.service.learn(TimeSample(NOON_NS, NOON_NS, 0, 1))
    async with device_file(path, "boot-2", other) as file:
        early, late = await file.journal.entries()
    assert (early.scanned_at, early.clock_bound_ms) == (unheard.scanned_at, None)
    assert late.scanned_at == "2027-01-15T08:00:00.001000+00:00"
    assert late.clock_bound_ms == pytest.approx(1, abs=0.01)


async def test_when_a_scan_was_settled_is_told_in_that_boot_alone(
    path: Path, time: TimeOfDay
) -> None:
    async with device_file(path, time=time) as file:
        for nonce, settlement in zip("abcd", SETTLEMENTS, strict=True):
            await scanned(file.journal, new_scan(nonce))
            [taken] = await file.journal.take_due(NOON_NS, 5)
            await file.journal.settle(taken, settlement)
        settled = [entry.settled_ns for entry in await file.journal.entries()]
    assert settled == [NOON_NS, NOON_NS, NOON_NS, None]
    async with device_file(path, "boot-2", time) as file:
        assert {entry.settled_ns for entry in await file.journal.entries()} == {None}


async def test_a_scan_that_was_put_off_is_due_when_it_is(
    journal: Journal, clock: ManualClock
) -> None:
    for nonce in ("busy", "refused"):
        await scanned(journal, new_scan(nonce))
    busy, refused = await journal.take_due(NOON_NS, 5)
    assert await journal.next_due_ns() is None
    await journal.put_off(busy, "busy", NOON_NS + 20)
    await journal.put_off(refused, "no", NOON_NS + 10, refused=True)

    assert await journal.next_due_ns() == NOON_NS + 10
    assert await journal.take_due(NOON_NS + 9, 5) == []
    [again] = await journal.take_due(NOON_NS + 10, 5)
    assert (again.nonce, again.tries, again.refusals, again.error) == ("refused", 2, 1, "no")
    await journal.put_off(again, "no", NOON_NS + 30, refused=True)
    await journal.hurry()
    assert [scan.nonce for scan in await journal.take_due(NOON_NS, 5)] == ["busy"]
    await journal.release()
    assert await states(journal) == {"busy": QueueState.PENDING, "refused": QueueState.PENDING}


@dataclass
class Model:
    """What the journal should have of one row."""

    nonce: str
    ticket: str
    state: QueueState = QueueState.ASKED
    is_ours: bool = True
    admits: bool = False
    tries: int = 0
    due_ns: int = 0


class JournalMachine(RuleBasedStateMachine):
    """Begin, decide, upload, die and start again in any order."""

    nonces = Bundle("nonces")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.runner = asyncio.Runner()
        self.clock = ManualClock(NOON_NS)
        self.rows: list[Model] = []
        self.boots = 0
        self.open()

    def open(self) -> None:
        self.boots += 1
        path = Path(self.folder.name) / "gate.db"
        opening = DeviceFile.open(path, GATE, f"boot-{self.boots}", TimeOfDay(self.clock))
        self.file = self.runner.run(opening)
        self.journal = self.file.journal

    def under_way(self, nonce: str) -> Model | None:
        row = [each for each in self.rows if each.nonce == nonce][-1]
        return row if row.is_ours and row.state is QueueState.ASKED else None

    @rule(target=nonces, ticket=st.sampled_from("ABC"))
    def begin(self, ticket: str) -> str:
        lent = self.runner.run(self.journal.undecided(EDITION, ticket, "-"))
        decided = {each.nonce for each in self.rows if each.state is not QueueState.ASKED}
        free = [
            each.nonce for each in self.rows if each.ticket == ticket and each.nonce not in decided
        ]
        assert lent == (free[0] if free else None)
        nonce = lent or f"n{len(self.rows)}"
        self.runner.run(self.journal.begin(new_scan(nonce, ticket)))
        self.rows.append(Model(nonce, ticket))
        return nonce

    @rule(
        nonce=nonces,
        authority=st.sampled_from(Authority),
        outcome=st.sampled_from([ADMITTED, ALREADY_USED]),
    )
    def decide(self, nonce: str, authority: Authority, outcome: Outcome) -> None:
        row = self.under_way(nonce)
        deciding = self.journal.decide(nonce, outcome, authority, self.journal.time.stamp())
        if row is None:
            with pytest.raises(NotRecordedError):
                self.runner.run(deciding)
            return
        self.runner.run(deciding)
        row.admits = outcome.admits
        is_online = authority is Authority.ONLINE
        row.state = QueueState.ONLINE if is_online else QueueState.PENDING

    @rule(limit=st.integers(1, 3), verdicts=st.lists(st.sampled_from([*SETTLEMENTS, 3, 0, None])))
    def upload(self, limit: int, verdicts: list[Settlement | int | None]) -> None:
        now_ns = self.clock.now_ns()
        taken = self.runner.run(self.journal.take_due(now_ns, limit))
        waiting = [each for each in self.rows if each.state is QueueState.PENDING]
        due = [each for each in waiting if each.due_ns <= now_ns][:limit]
        assert [scan.nonce for scan in taken] == [each.nonce for each in due]
        for row, scan, verdict in zip(due, taken, [*verdicts, *[None] * limit], strict=False):
            row.tries += 1
            if isinstance(verdict, Settlement):
                self.runner.run(self.journal.settle(scan, verdict))
                row.state = verdict.state
            elif verdict is not None:
                row.due_ns = now_ns + verdict
                self.runner.run(self.journal.put_off(scan, "later", row.due_ns))
            else:
                row.state = QueueState.SYNCING

    @precondition(lambda self: any(row.state is QueueState.SYNCING for row in self.rows))
    @rule()
    def release(self) -> None:
        self.runner.run(self.journal.release())
        for row in self.rows:
            if row.state is QueueState.SYNCING:
                row.state = QueueState.PENDING

    @rule()
    def time_passes(self) -> None:
        self.clock.advance(2e-9)

    @rule()
    def start_again(self) -> None:
        self.runner.run(self.file.close())
        self.open()
        for row in self.rows:
            row.is_ours = False
            row.due_ns = 0
            if row.state is QueueState.SYNCING:
                row.state = QueueState.PENDING

    @invariant()
    def tells_all(self) -> None:
        entries = self.runner.run(self.journal.entries(EDITION))
        assert [(each.nonce, each.ticket, each.state, each.tries) for each in entries] == [
            (row.nonce, row.ticket, row.state, row.tries) for row in self.rows
        ]
        queued = sum(row.state in (QueueState.PENDING, QueueState.SYNCING) for row in self.rows)
        assert self.runner.run(self.journal.depth()).queued == queued
        for ticket in "ABC":
            used = any(row.admits for row in self.rows if row.ticket == ticket)
            assert self.runner.run(self.journal.admitted_here(EDITION, ticket)) == used

    def teardown(self) -> None:
        self.runner.run(self.file.close())
        self.runner.close()
        self.folder.cleanup()


TestJournalMachine = JournalMachine.TestCase
TestJournalMachine.settings = settings(max_examples=12, stateful_step_count=30, deadline=None)
