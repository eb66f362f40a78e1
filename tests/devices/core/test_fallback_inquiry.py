"""A gate that may decide by itself: whom it asks, what it writes down, and what it must not do."""

import asyncio
import random
import resource
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from device_fakes import (
    ADMITTED,
    ALREADY_USED,
    READMITTED,
    TIMEOUT,
    FakeCheckIn,
    FakeGate,
    ManualClock,
)

from gatedrill.contract.attempt import ClaimAsk, ScanRecord
from gatedrill.contract.errors import UsageError
from gatedrill.contract.messages import (
    ANSWER_TIMEOUT_S,
    Admission,
    OfflinePolicy,
    QueueState,
    VenueClaim,
    VenueGrant,
)
from gatedrill.contract.outcome import Authority, Outcome, OutcomeKind, Reason
from gatedrill.devices import standby as standbys
from gatedrill.devices.checkin import Resolution
from gatedrill.devices.lane import Lane
from gatedrill.devices.offline.cached_ticket import (
    ManifestReservation,
    ManifestRows,
    ManifestTicket,
)
from gatedrill.devices.offline.errors import NotRecordedError
from gatedrill.devices.offline.journal_rows import JournaledScan
from gatedrill.devices.offline.time_of_day import TimeOfDay
from gatedrill.devices.offline.upload_answers import Verdict
from gatedrill.devices.standby import Standby, StandbyParts

if TYPE_CHECKING:
    from gatedrill.devices.offline.journal import Journal

EVENT = "event-1"
T1, T2, T3, T4, T5, UNSOLD = (
    f"00000000-0000-4000-8000-00000000000{number}" for number in range(1, 7)
)
ANYBODY = OfflinePolicy(tuple(Authority), budget_s=1.5, edition="e1")
NO_VENUE = OfflinePolicy((Authority.ONLINE, Authority.OFFLINE), 1.5, "e1")
NO_OFFLINE = OfflinePolicy((Authority.ONLINE, Authority.VENUE), 1.5, "e1")
UNSOLD_OFFLINE = Outcome(OutcomeKind.REFUSED, Reason.OFFLINE_UNKNOWN)
CANCELLED = Outcome(OutcomeKind.REFUSED, Reason.CANCELLED)
COPY = ManifestRows(
    EVENT,
    (
        ManifestTicket(T1, "ticket", EVENT, None, "valid"),
        ManifestTicket(T2, "ticket", EVENT, None, "cancelled"),
        ManifestTicket(T3, "ticket", EVENT, None, "valid", reservation="r1"),
        ManifestTicket(T4, "ticket", EVENT, None, "valid"),
        ManifestTicket(T5, "ticket", EVENT, None, "valid"),
    ),
    (ManifestReservation("r1", is_open=True),),
)


class Registrar:
    """Answers claims as it is told, or not at all, and hears of admissions."""

    def __init__(self) -> None:
        self.is_here = True
        self.answers: list[VenueGrant | None] = []
        self.claims: list[VenueClaim] = []
        self.told: list[Admission] = []
        self.journal: Journal | None = None
        self.written_when_claimed: list[str] = []

    async def claim(
        self, claim: VenueClaim, timeout_s: float
    ) -> tuple[VenueGrant | None, ClaimAsk]:
        self.claims.append(claim)
        assert timeout_s == ANYBODY.budget_s
        if self.journal is not None:
            self.written_when_claimed += [each.nonce for each in await self.journal.entries()]
        grant = self.answers.pop(0)
        if grant is None:
            return None, ClaimAsk(1, 2)
        return grant, ClaimAsk(1, 2, grant.registrar, grant.granted)

    async def tell(self, admission: Admission) -> None:
        self.told.append(admission)


def granted(*, again: bool = False) -> VenueGrant:
    return VenueGrant("n", "file-1", granted=True, again=again)


REFUSED = VenueGrant("n", "file-1", granted=False, reason=Reason.ALREADY_USED)


class NoUpload:
    """Uploads are another test's."""

    async def send(self, scan: JournaledScan) -> Verdict:
        raise AssertionError(f"nothing is uploaded here: {scan}")


class Gate:
    """A gate with a standby on a real file, a service and a registrar that do as they are told."""

    def __init__(self, clock: ManualClock, standby: Standby, registrar: Registrar) -> None:
        self.fakes = FakeGate(clock)
        self.standby = standby
        self.registrar = registrar
        self.clock = clock
        fakes = self.fakes
        fakes.lane = Lane("gate-01", fakes.reader, fakes.hand, fakes.checkin, clock, standby)
        fakes.lane.govern(ANYBODY)

    @property
    def checkin(self) -> FakeCheckIn:
        return self.fakes.checkin

    async def shown(self, ticket: str) -> ScanRecord:
        """Show a ticket, as the next guest does."""
        self.clock.advance(1)
        return await self.fakes.shown(ticket)

    async def journal(self) -> list[tuple[QueueState, Outcome | None, Authority | None]]:
        entries = await self.standby.entries("e1")
        return [(each.state, each.outcome, each.authority) for each in entries]


def parts_of(file: Path, clock: ManualClock, registrar: Registrar) -> StandbyParts:
    async def probe() -> bool:
        return False

    async def hang_up() -> None:
        pass

    time = TimeOfDay(clock)
    return StandbyParts(
        file, "b1", EVENT, "p_pass_id", time, probe, lambda _: NoUpload(), registrar, hang_up
    )


@asynccontextmanager
async def standing_by(
    file: Path, clock: ManualClock, registrar: Registrar
) -> AsyncIterator[Standby]:
    """A standby that probes and uploads nothing: the uplink stays as the test has it."""
    standby = Standby("gate-01", parts_of(file, clock, registrar), random.Random(1))
    await standby.open()
    for task in standby._tasks:
        task.cancel()
    await standby.take_copy("e1", COPY)
    registrar.journal = standby.file.journal
    yield standby
    await standby.close()


@pytest.fixture
async def gate(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Gate]:
    registrar = Registrar()
    async with standing_by(tmp_path / "gate-01.sqlite3", clock, registrar) as standby:
        yield Gate(clock, standby, registrar)


async def test_a_definite_answer_decides_and_the_registrar_is_told_of_an_admission(
    gate: Gate,
) -> None:
    scan = await gate.shown(T1)

    assert (scan.outcome, scan.authority) == (ADMITTED, Authority.ONLINE)
    assert gate.checkin.nonces == [scan.nonce]
    assert await gate.journal() == [(QueueState.ONLINE, ADMITTED, Authority.ONLINE)]
    assert gate.registrar.told == [Admission("e1", T1, "gate-01", scan.nonce or "")]
    assert gate.registrar.claims == []
    assert gate.checkin.patience_s == ANYBODY.budget_s


async def test_a_refusal_of_the_service_stands_and_is_told_to_nobody(gate: Gate) -> None:
    gate.checkin.answer_with([ALREADY_USED])
    scan = await gate.shown(T1)
    assert (scan.outcome, scan.authority) == (ALREADY_USED, Authority.ONLINE)
    assert gate.registrar.told == []
    assert gate.standby.uplink.is_up


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (granted(), ADMITTED),
        (REFUSED, ALREADY_USED),
    ],
    ids=["granted", "refused"],
)
async def test_without_an_answer_the_registrar_decides_on_a_claim_that_was_written_down_before(
    gate: Gate, answer: VenueGrant, outcome: Outcome
) -> None:
    gate.checkin.answer_with([TIMEOUT])
    gate.registrar.answers = [answer]

    scan = await gate.shown(T1)

    assert (scan.outcome, scan.authority) == (outcome, Authority.VENUE)
    assert [ask.reason for ask in scan.asks] == [Reason.TIMEOUT]
    [claim] = gate.registrar.claims
    assert (claim.claim, claim.ticket, claim.comes_back) == (scan.nonce, T1, False)
    assert gate.registrar.written_when_claimed == [scan.nonce]
    assert scan.claim == ClaimAsk(1, 2, "file-1", answer.granted)
    assert await gate.journal() == [(QueueState.PENDING, outcome, Authority.VENUE)]
    assert not gate.standby.uplink.is_up


async def test_who_comes_next_is_not_kept_waiting_for_a_service_that_is_away(gate: Gate) -> None:
    gate.checkin.answer_with([TIMEOUT])
    gate.registrar.answers = [None, None]
    await gate.shown(T1)
    asked = len(gate.checkin.said)

    scan = await gate.shown(T3)

    assert scan.outcome == ADMITTED
    assert scan.asks == ()
    assert len(gate.checkin.said) == asked


@pytest.mark.parametrize("registrar_is_here", [True, False])
async def test_without_the_registrar_the_own_copy_decides(
    gate: Gate, registrar_is_here: bool
) -> None:
    gate.standby.uplink.failed()
    gate.registrar.is_here = registrar_is_here
    gate.registrar.answers = [None]

    scan = await gate.shown(T1)

    assert (scan.outcome, scan.authority) == (ADMITTED, Authority.OFFLINE)
    assert len(gate.registrar.claims) == registrar_is_here
    assert await gate.journal() == [(QueueState.PENDING, ADMITTED, Authority.OFFLINE)]


@pytest.mark.parametrize(
    ("ticket", "outcome"), [(T2, CANCELLED), (UNSOLD, UNSOLD_OFFLINE)], ids=["cancelled", "unsold"]
)
async def test_what_the_own_copy_refuses_is_not_claimed(
    gate: Gate, ticket: str, outcome: Outcome
) -> None:
    gate.standby.uplink.failed()
    scan = await gate.shown(ticket)
    assert (scan.outcome, scan.authority) == (outcome, Authority.OFFLINE)
    assert gate.registrar.claims == []
    assert await gate.journal() == [(QueueState.PENDING, outcome, Authority.OFFLINE)]


async def test_a_gate_remembers_whom_it_has_let_in(gate: Gate) -> None:
    gate.standby.uplink.failed()
    gate.registrar.is_here = False
    outcomes = [(await gate.shown(ticket)).outcome for ticket in (T1, T1, T3, T3)]
    assert outcomes == [ADMITTED, ALREADY_USED, ADMITTED, READMITTED]


async def test_whom_the_gate_let_in_by_itself_it_refuses_though_the_service_is_back(
    gate: Gate,
) -> None:
    gate.standby.uplink.failed()
    gate.registrar.is_here = False
    await gate.shown(T1)
    for _ in range(2):
        gate.standby.uplink.probed(answered=True)

    again = await gate.shown(T1)
    held = await gate.fakes.held(T3)

    assert (again.outcome, again.authority) == (ALREADY_USED, Authority.OFFLINE)
    assert (held.outcome, held.authority) == (ADMITTED, Authority.ONLINE)
    assert gate.checkin.nonces == [held.nonce], "it would have been let in once more"


async def test_who_may_come_back_claims_so_and_is_readmitted(gate: Gate) -> None:
    gate.standby.uplink.failed()
    gate.registrar.answers = [granted(again=True)]
    scan = await gate.shown(T3)
    assert gate.registrar.claims[0].comes_back
    assert (scan.outcome, scan.authority) == (READMITTED, Authority.VENUE)


async def test_a_ticket_that_is_not_in_the_copy_is_asked_for_while_the_service_is_there(
    gate: Gate,
) -> None:
    scan = await gate.shown(UNSOLD)
    assert (scan.outcome, scan.authority) == (ADMITTED, Authority.ONLINE)
    assert gate.checkin.resolved == [UNSOLD]


async def test_what_the_service_finds_nothing_for_is_its_word(gate: Gate) -> None:
    not_found = Outcome(OutcomeKind.REFUSED, Reason.NOT_FOUND)
    gate.checkin.resolutions["gone"] = Resolution(not_found)
    scan = await gate.shown("gone")
    assert (scan.outcome, scan.authority) == (not_found, Authority.ONLINE)
    assert await gate.journal() == [(QueueState.ONLINE, not_found, Authority.ONLINE)]


async def test_a_forged_code_is_refused_by_the_gate_and_nobody_is_asked(gate: Gate) -> None:
    scan = await gate.shown('{"token": "t"}')
    assert scan.outcome == Outcome(OutcomeKind.REFUSED, Reason.TAMPERED)
    assert scan.authority is Authority.OFFLINE
    assert gate.checkin.said == []


async def test_without_leave_to_decide_alone_nobody_knows(gate: Gate) -> None:
    gate.fakes.lane.govern(NO_OFFLINE)
    gate.checkin.answer_with([TIMEOUT])
    gate.registrar.answers = [None]

    scan = await gate.shown(T1)

    assert (scan.outcome, scan.authority) == (TIMEOUT, Authority.ONLINE)
    assert await gate.journal() == [(QueueState.ASKED, None, None)]


async def test_without_leave_to_claim_the_gate_decides_alone(gate: Gate) -> None:
    gate.fakes.lane.govern(NO_VENUE)
    gate.standby.uplink.failed()
    scan = await gate.shown(T1)
    assert (scan.outcome, scan.authority) == (ADMITTED, Authority.OFFLINE)
    assert gate.registrar.claims == []


async def test_a_scan_that_nobody_decided_keeps_its_nonce_for_the_next_guest(gate: Gate) -> None:
    gate.fakes.lane.govern(NO_OFFLINE)
    gate.checkin.answer_with([TIMEOUT])
    gate.registrar.answers = [None]
    undecided = await gate.shown(T1)
    gate.standby.uplink.probed(answered=True)
    gate.standby.uplink.probed(answered=True)
    gate.checkin.answer_with([ADMITTED])

    again = await gate.shown(T1)
    later = await gate.shown(T1)

    assert again.nonce == undecided.nonce
    assert gate.checkin.nonces[:2] == [undecided.nonce, undecided.nonce]
    assert later.nonce != again.nonce, "a scan that was decided is over"


async def test_a_scan_that_cannot_be_written_down_lets_nobody_in(gate: Gate) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        online = await gate.shown(T1)
        gate.standby.uplink.failed()
        offline = await gate.shown(T3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    for scan in (online, offline):
        assert scan.outcome == Outcome(OutcomeKind.REFUSED, Reason.NOT_RECORDED)
        assert (scan.nonce, scan.asks) == (None, ()), "nobody was asked"
    assert gate.registrar.claims == []
    assert gate.registrar.told == []
    gate.registrar.answers = [None]
    assert (await gate.shown(T3)).outcome == ADMITTED, "it works again"


async def test_when_the_disk_fills_while_the_service_is_asked_its_admission_waits_for_the_next(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    decide = gate.standby.decide

    async def full(*_: object) -> None:
        raise NotRecordedError("the disk is full")

    monkeypatch.setattr(gate.standby, "decide", full)
    first = await gate.shown(T1)
    monkeypatch.setattr(gate.standby, "decide", decide)
    second = await gate.shown(T1)

    assert first.outcome == Outcome(OutcomeKind.REFUSED, Reason.NOT_RECORDED)
    assert second.outcome == ADMITTED
    assert first.nonce == second.nonce, "the service lets in one"


async def test_after_an_outage_the_registrar_is_asked_about_whom_the_service_lets_in(
    gate: Gate,
) -> None:
    gate.standby.uplink.failed()
    gate.standby.uplink.probed(answered=True)
    gate.standby.uplink.probed(answered=True)
    gate.standby._returned()
    gate.registrar.answers = [REFUSED, granted(), None]

    elsewhere = await gate.shown(T1)
    here = await gate.shown(T3)
    silent = await gate.shown(T4)

    assert (elsewhere.outcome, elsewhere.authority) == (ALREADY_USED, Authority.VENUE)
    assert (here.outcome, here.authority) == (ADMITTED, Authority.ONLINE)
    assert (silent.outcome, silent.authority) == (ADMITTED, Authority.ONLINE)
    gate.clock.advance(61)
    await gate.shown(T5)
    assert len(gate.registrar.claims) == 3, "not for ever"


async def test_the_registrar_is_told_whom_a_gate_let_in_alone_now_and_after_a_restart(
    gate: Gate, tmp_path: Path, clock: ManualClock
) -> None:
    gate.standby.uplink.failed()
    gate.registrar.is_here = False
    alone = await gate.shown(T1)
    told = [Admission("e1", T1, "gate-01", alone.nonce or "")]
    assert gate.registrar.told == told
    await gate.standby.close()

    registrar = Registrar()
    async with standing_by(tmp_path / "gate-01.sqlite3", clock, registrar):
        assert registrar.told == told


async def test_what_failed_in_the_background_begins_again(
    gate: Gate, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(standbys, "BEGIN_AGAIN_S", 0.0)
    begun, again = [], asyncio.Event()

    async def work() -> None:
        begun.append(1)
        if len(begun) == 1:
            raise UsageError("cannot read the file")
        again.set()
        await asyncio.Event().wait()

    going_on = asyncio.create_task(gate.standby._go_on(work))
    async with asyncio.timeout(10):
        await again.wait()
    going_on.cancel()
    await asyncio.wait([going_on])

    assert "begins again what failed" in caplog.text


async def test_a_look_up_without_an_answer_shows_that_the_service_is_away(gate: Gate) -> None:
    gate.checkin.resolutions["token"] = Resolution(TIMEOUT)
    scan = await gate.shown("token")
    assert scan.outcome == UNSOLD_OFFLINE
    assert not gate.standby.uplink.is_up


async def test_in_a_burst_the_question_is_held_and_released(gate: Gate) -> None:
    gate.clock.advance(1)
    scan = await gate.fakes.held(T1)
    assert scan.outcome == ADMITTED
    words = [word for word in gate.checkin.said if word != "warm"]
    assert words[:3] == [f"hold {T1}", f"release {T1}", f"resume {T1}"]
    assert await gate.journal() == [(QueueState.ONLINE, ADMITTED, Authority.ONLINE)]


async def test_in_a_burst_a_gate_that_cannot_ask_is_ready_all_the_same(gate: Gate) -> None:
    gate.checkin.unparked = Reason.CONNECTION
    gate.registrar.answers = [granted()]
    gate.clock.advance(1)
    scan = await gate.fakes.held(T1)
    assert (scan.outcome, scan.authority) == (ADMITTED, Authority.VENUE)


async def test_a_gate_without_a_file_takes_no_such_policy(clock: ManualClock) -> None:
    fakes = FakeGate(clock)
    with pytest.raises(UsageError, match=r"gate-01 keeps no file of its own.*--data"):
        fakes.lane.govern(ANYBODY)


async def test_a_policy_ends_with_its_scenario(gate: Gate) -> None:
    gate.fakes.lane.govern(None)
    gate.checkin.answer_with([TIMEOUT])
    scan = await gate.shown(T1)
    assert (scan.outcome, scan.nonce) == (TIMEOUT, None)
    assert gate.checkin.patience_s == ANSWER_TIMEOUT_S
    assert await gate.journal() == []


async def test_what_is_queued_and_who_is_asked_first_is_told(gate: Gate) -> None:
    first_asked = [gate.standby.state.authority]
    gate.standby.uplink.failed()
    first_asked.append(gate.standby.state.authority)
    gate.registrar.is_here = False
    first_asked.append(gate.standby.state.authority)
    assert first_asked == [Authority.ONLINE, Authority.VENUE, Authority.OFFLINE]

    await gate.shown(T1)
    gate.clock.advance(30)
    await gate.standby.look()

    assert gate.standby.state.queued == 1
    assert gate.standby.state.oldest_s == pytest.approx(30, abs=1)
