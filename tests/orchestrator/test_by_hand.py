"""People at gates: what they present is judged for safety, and kept apart in figures and races."""

import msgspec
import pytest
from evidence_builder import (
    ADMITTED,
    NOT_FOUND,
    USED,
    Run,
    own_tickets,
    race,
    stream,
    vip_table,
)

from gatedrill.contract.attempt import FrameFigures, ScanRecord
from gatedrill.contract.outcome import Outcome, OutcomeKind, Reason
from gatedrill.orchestrator.by_hand import CameraFigures, NotPresented
from gatedrill.orchestrator.checks.check import CheckStatus
from gatedrill.orchestrator.history import WalkedIn, WalkInsUntold
from gatedrill.orchestrator.plan import PlannedScan
from gatedrill.orchestrator.result import Result, Verdict

S = 1_000_000_000
MS = 1_000_000
ALICE = "gate-01"
NOT_PRESENTED = Outcome(OutcomeKind.IGNORED, Reason.NOT_PRESENTED)


def present(run: Run, attempt: str, after_s: float, took_ms: float = 20) -> None:
    """Let this ticket be read by hand so long after T, and be decided so much later."""
    read_ns = run.fired[run.attempts[attempt].step] + round(after_s * S)
    run.change(
        attempt,
        intended_ns=read_ns,
        released_ns=read_ns,
        decoded_ns=read_ns,
        decided_ns=read_ns + round(took_ms * MS),
    )


def symbol_of(run: Run, ticket: str) -> str:
    """What stands in this ticket's code."""
    [symbol] = [each.symbol for each in run.plan.tickets if each.id == ticket]
    return symbol


def walk_in(
    run: Run, symbol: str, outcome: Outcome, *, device: str = ALICE, at_ns: int | None = None
) -> None:
    """Let somebody present this unasked, a second after the first T, and be answered so."""
    at_ns = run.fired[run.plan.steps[0].id] + S if at_ns is None else at_ns
    record = ScanRecord(
        attempt=f"walk-in:{device}:b1:{len(run.walked_in)}",
        device=device,
        intended_ns=at_ns,
        released_ns=at_ns,
        decided_ns=at_ns + 20 * MS,
        outcome=outcome,
        symbol=symbol,
        decoded_ns=at_ns,
    )
    run.walked_in.append(WalkedIn(device, record))


def ticket_of(run: Run, attempt: str) -> str:
    """The id of the ticket that this attempt is to show."""
    [found] = [
        each.ticket
        for step in run.plan.steps
        for each in step.attempts
        if isinstance(each, PlannedScan) and each.attempt == attempt
    ]
    return found


def status(result: Result, check: str) -> CheckStatus:
    [found] = [each.status for each in result.checks if each.name == check]
    return found


def mixed_race(**more: object) -> Run:
    """Two emulated gates, and a person who comes two seconds after them and is refused."""
    run = Run(race(probe=False, attended=[ALICE], **more))  # type: ignore[arg-type]
    others = [name for name in run.attempts if not name.endswith(ALICE)]
    run.show(others[0], ADMITTED)
    run.show(others[1], USED)
    run.show(f"drill-1.1:{ALICE}", USED)
    present(run, f"drill-1.1:{ALICE}", 2)
    return run


def test_who_presents_by_hand_does_not_contend_for_the_instant() -> None:
    [step] = race(probe=False, attended=[ALICE]).steps
    assert len(step.attempts) == 3
    assert sorted(step.contending) == ["drill-1.1:gate-02", "drill-1.1:gate-03"]  # type: ignore[union-attr]


def test_a_person_alone_against_one_gate_is_no_race() -> None:
    [step] = race(devices=2, probe=False, attended=[ALICE]).steps
    assert step.contending == ()  # type: ignore[union-attr]


def test_the_ticket_of_a_round_is_shown_again_at_an_emulated_gate() -> None:
    for step in race(rounds=4, attended=[ALICE]).steps[1::2]:
        [probe] = step.attempts
        assert probe.device != ALICE


def test_a_reading_by_hand_is_no_part_of_skew_and_overlap_and_is_listed_apart() -> None:
    result = mixed_race().judge()
    [told] = result.rounds
    assert told.release_skew_ms is not None
    assert told.release_skew_ms < 1
    assert told.late == ()
    assert told.counts is True
    [by_hand] = told.by_hand
    assert (by_hand.device, by_hand.decoded_ms, by_hand.decided_ms) == (ALICE, 2000, 2020)
    assert ALICE not in [each.device for each in told.attempts]
    assert told.outcomes == {"admitted": 1, "refused (already_used)": 2}


def test_latency_by_hand_counts_from_the_reading_and_is_no_part_of_the_others_figures() -> None:
    result = mixed_race().judge()
    assert result.by_hand is not None
    assert result.by_hand.scan_duration is not None
    assert result.by_hand.scan_duration.max == 20
    assert result.scan_duration is not None
    assert result.scan_duration.count == 2
    assert result.counters.scans == 2


def test_a_threshold_on_scans_is_judged_of_both_and_each_by_itself() -> None:
    run = mixed_race(thresholds={"scan_duration": ["max<100"], "successful_scans": ["count>0"]})
    present(run, f"drill-1.1:{ALICE}", 2, took_ms=300)
    result = run.judge()
    told = [(each.metric, each.by_hand, each.passed) for each in result.thresholds]
    assert told == [
        ("scan_duration", False, True),
        ("scan_duration", True, False),
        ("successful_scans", False, True),
    ]
    assert result.verdict is not Verdict.PASSED


def test_where_people_stand_at_all_gates_thresholds_are_about_them_alone() -> None:
    plan = race(devices=1, probe=False, attended=[ALICE], thresholds={"scan_duration": ["max<100"]})
    run = Run(plan)
    present(run, f"drill-1.1:{ALICE}", 2)
    [told] = run.judge().thresholds
    assert (told.by_hand, told.passed, told.value) == (True, True, 20)


def test_who_comes_before_the_instant_leaves_nothing_to_race_for() -> None:
    run = mixed_race()
    for attempt, event in run.attempts.copy().items():
        run.show(attempt, ADMITTED if event.record.device == ALICE else USED)
    present(run, f"drill-1.1:{ALICE}", -0.5)
    [told] = run.judge().rounds
    assert told.counts is False
    assert told.why_not == "its ticket was let in at gate-01 before the instant"


def test_a_double_admission_by_hand_violates_safety() -> None:
    run = mixed_race()
    run.show(f"drill-1.1:{ALICE}", ADMITTED)
    present(run, f"drill-1.1:{ALICE}", 2)
    assert status(run.judge(), "admitted once") is CheckStatus.VIOLATED


def test_a_ticket_that_nobody_presents_makes_the_run_inconclusive_and_is_named() -> None:
    run = Run(own_tickets(attended=[ALICE]))
    attempt = f"drill-1.1:{ALICE}"
    ticket = ticket_of(run, attempt)
    run.show(attempt, NOT_PRESENTED)
    run.change(attempt, decoded_ns=None)
    run.record(ticket, "valid")
    run.unlog(ticket, "success")
    result = run.judge()
    assert result.verdict is Verdict.INCONCLUSIVE
    assert result.inconclusive_because == ("tickets were not presented: gate-01 in drill-1.1",)
    assert result.by_hand is not None
    assert result.by_hand.not_presented == (NotPresented("drill-1.1", ALICE, ticket),)
    assert result.by_hand.scans == 0


def test_an_admission_on_record_of_a_ticket_that_nobody_presented_is_found() -> None:
    run = Run(own_tickets(attended=[ALICE]))
    run.show(f"drill-1.1:{ALICE}", NOT_PRESENTED)
    assert status(run.judge(), "records agree") is CheckStatus.VIOLATED


def test_a_walk_in_with_a_ticket_of_the_run_counts_for_safety() -> None:
    run = Run(own_tickets(attended=[ALICE]))
    shown = run.attempts["drill-1.1:gate-02"].record
    assert isinstance(shown, ScanRecord)
    walk_in(run, shown.symbol, ADMITTED)
    result = run.judge()
    assert status(result, "admitted once") is CheckStatus.VIOLATED
    assert result.by_hand is not None
    [told] = result.by_hand.walk_ins
    assert (told.device, told.ticket, told.outcome) == (ALICE, "t2", "admitted")


def test_a_walk_in_with_an_unknown_code_is_told_and_accuses_nobody() -> None:
    run = Run(own_tickets(attended=[ALICE]))
    walk_in(run, "a loyalty card", NOT_FOUND)
    result = run.judge()
    assert result.verdict is Verdict.PASSED
    assert result.by_hand is not None
    [told] = result.by_hand.walk_ins
    assert (told.ticket, told.outcome) == (None, "refused (not_found)")


def test_a_real_gate_without_a_part_in_the_plan_is_told_of_as_well() -> None:
    run = Run(own_tickets())
    walk_in(run, symbol_of(run, "t2"), ADMITTED, device="side-door")
    result = run.judge()
    assert status(result, "admitted once") is CheckStatus.VIOLATED
    assert result.by_hand is not None
    assert [each.device for each in result.by_hand.walk_ins] == ["side-door"]


def test_a_walk_in_amid_a_probe_is_no_probe() -> None:
    """The ticket of the next round comes too early, is let in, and refused when it is due."""
    run = Run(race(rounds=2, devices=2, probe=True, attended=[ALICE]))
    early = "t2"
    for attempt, event in run.attempts.items():
        if event.step == "drill-1.2":
            run.show(attempt, USED)
    walk_in(run, symbol_of(run, early), ADMITTED, at_ns=run.fired["drill-1.1-probe"] + MS)
    run.record(early, "scanned", ALICE)
    assert status(run.judge(), "valid guests admitted") is CheckStatus.HOLDS


def test_a_ticket_that_comes_before_its_turn_accuses_nobody_and_is_told() -> None:
    run = Run(race(rounds=2, probe=False, expect={"admitted": 1}, attended=[ALICE]))
    for attempt, event in run.attempts.items():
        if event.step == "drill-1.2":
            run.show(attempt, USED)
    walk_in(run, symbol_of(run, "t2"), ADMITTED, at_ns=run.fired["drill-1.1"] + MS)
    run.record("t2", "scanned", ALICE)
    result = run.judge()
    assert status(result, "as expected") is CheckStatus.HOLDS
    assert "tickets were let in before their turn: gate-01" in result.inconclusive_because
    assert [each.counts for each in result.rounds] == [True, False]


def test_who_was_let_in_for_the_first_time_spoils_no_race_of_those_who_come_back() -> None:
    run = Run(vip_table(guests=3, phases=2, attended=[ALICE]))
    present(run, f"drill-1.1:{ALICE}", 1)
    present(run, f"drill-2.1:{ALICE}", 1)
    why_not = [each.why_not or "" for each in run.judge().rounds]
    assert not any("let in" in why for why in why_not), why_not


def test_a_ticket_in_capitals_is_the_ticket_of_the_run() -> None:
    run = Run(own_tickets(attended=[ALICE]))
    ticket = "0c84660f-b1c4-4d33-97ff-8b716746e84e"
    renamed = [
        msgspec.structs.replace(each, symbol=ticket) if each.id == "t2" else each
        for each in run.plan.tickets
    ]
    run.plan = msgspec.structs.replace(run.plan, tickets=tuple(renamed))
    walk_in(run, ticket.upper(), ADMITTED)
    told = run.judge().by_hand
    assert told is not None
    assert [each.ticket for each in told.walk_ins] == ["t2"]


@pytest.mark.parametrize("is_silent", [False, True])
def test_what_a_gate_could_not_tell_accuses_nobody_and_makes_the_run_inconclusive(
    is_silent: bool,
) -> None:
    """It was killed, or out of reach in the end; the service has let somebody in there."""
    run = Run(own_tickets(attended=[ALICE]))
    run.answer("drill-1.1:gate-02", USED)
    run.record("t2", "scanned", ALICE)
    run.log("t2", "success", ALICE)
    assert run.judge().verdict is Verdict.VIOLATED
    if is_silent:
        run.fall_silent("drill-1.1", ALICE)
    else:
        run.walked_in.append(WalkInsUntold(ALICE, (ALICE,), "did not tell in time"))
    assert run.judge().verdict is Verdict.INCONCLUSIVE


def test_of_a_pile_of_tickets_those_still_in_hand_are_not_lost() -> None:
    run = Run(stream(each=3, attended=[ALICE]))
    run.lose(f"drill-1:{ALICE}:1", f"drill-1:{ALICE}:2")
    for number in (1, 2):
        ticket = ticket_of(run, f"drill-1:{ALICE}:{number}")
        run.record(ticket, "valid")
        run.unlog(ticket, "success")
    assert run.judge().verdict is Verdict.PASSED


def test_of_an_emulated_gate_they_would_be() -> None:
    run = Run(stream(each=3))
    run.lose("drill-1:gate-01:1")
    assert status(run.judge(), "no attempt lost") is CheckStatus.VIOLATED


def test_a_gate_at_which_nobody_presents_anything_in_a_stream_is_named() -> None:
    run = Run(stream(each=1, attended=[ALICE]))
    run.lose(f"drill-1:{ALICE}:1")
    because = run.judge().inconclusive_because
    assert because == ("nobody presented anything in a whole stream: gate-01",)


def test_what_cameras_have_seen_is_summed_up() -> None:
    run = Run(stream(each=2, attended=[ALICE]))
    run.change(f"drill-1:{ALICE}:1", frames=FrameFigures(30, 10, 5, 1000.0))
    run.change(f"drill-1:{ALICE}:2", frames=FrameFigures(10, 0, 10, 300.0))
    told = run.judge().by_hand
    assert told is not None
    assert told.cameras == (CameraFigures(ALICE, 2, 40, 10, 15, 0.5),)


def test_without_people_there_is_nothing_by_hand() -> None:
    assert Run(own_tickets()).judge().by_hand is None


@pytest.mark.parametrize("attended", [[], [ALICE]])
def test_real_gates_take_part_before_emulated_ones(attended: list[str]) -> None:
    """Of more devices than are needed, those at which somebody stands are chosen first."""
    from gatedrill.contract.messages import DeviceInfo
    from gatedrill.fixtures.supply import DrawnSupply
    from gatedrill.orchestrator.planning import make_plans

    scenario = msgspec.structs.replace(own_tickets(2).scenario, devices=2)
    roster = [DeviceInfo(name, "serial", 0.5) for name in ("gate-1", "gate-2")]
    roster.append(DeviceInfo("hall", "serial", 0.5, attended=bool(attended)))
    [plan] = make_plans([scenario], roster, 1, DrawnSupply(1, "event"))
    assert ("hall" in [each.name for each in plan.devices]) is bool(attended)
