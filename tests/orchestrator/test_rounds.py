"""What is told of each burst, and whether it counts as a race."""

import msgspec
import pytest
from evidence_builder import (
    IGNORED,
    LAST_ENTRY,
    NOT_FOUND,
    STEP_NS,
    UNKNOWN,
    UNREAD,
    USED,
    Run,
    checkouts,
    hunt,
    linking,
    own_tickets,
    paid_checkout,
    plan_of,
    race,
    stream,
    vip_table,
)

from gatedrill.contract.messages import ReleaseMode
from gatedrill.contract.outcome import Outcome
from gatedrill.fixtures.scenario import Burst, Show, TicketGroup
from gatedrill.orchestrator.history import ClockRead, Released
from gatedrill.orchestrator.rounds import (
    LATE_MS,
    LISTED_UP_TO,
    ListedAttempt,
    RoundResult,
    judge_rounds,
)

MS = 1_000_000


def judged(run: Run) -> RoundResult:
    """The only round."""
    [found] = judge_rounds(run.evidence)
    return found


def under_way(run: Run, *devices: int) -> None:
    """Let these devices ask at the same time and all others one after the other."""
    for number, event in enumerate(run.attempts.copy().values()):
        begin_ns = STEP_NS + (100 + number) * 10 * MS
        if number + 1 in devices:
            begin_ns = STEP_NS
        run.time(event.record.attempt, sent_ns=begin_ns, answered_ns=begin_ns + 5 * MS)


def test_an_honest_round_is_told_with_its_outcomes_skew_and_overlap() -> None:
    run = Run(race(devices=2, probe=False))
    run.show("drill-1.1:gate-02", UNREAD)

    assert judged(run) == RoundResult(
        step="drill-1.1",
        burst="request",
        planned=2,
        contending=2,
        outcomes={"admitted": 1, "unknown (unread)": 1},
        release_skew_ms=0.001,
        in_flight=1,
        overlap_source="service",
        counts=False,
        why_not="only 1 of 2 requests were under way at one instant",
        attempts=(
            ListedAttempt("gate-01", "admitted", 0.0, -1.0, 10.0),
            ListedAttempt("gate-02", "unknown (unread)", 0.001, -1.0, 10.001),
        ),
        skew_bound_ms=0.0,
        released=(),
        late=(),
        swept_ms=None,
    )


def test_probes_and_streams_are_no_rounds() -> None:
    assert [each.step for each in judge_rounds(Run(race(rounds=2)).evidence)] == [
        "drill-1.1",
        "drill-1.2",
    ]
    assert judge_rounds(Run(stream()).evidence) == ()


def test_a_round_that_was_never_fired_is_no_round() -> None:
    run = Run(race(rounds=2))
    del run.fired["drill-1.2"]

    assert [each.step for each in judge_rounds(run.evidence)] == ["drill-1.1"]


def test_a_burst_of_own_tickets_is_no_race() -> None:
    run = Run(own_tickets())
    assert judged(run).in_flight == 3

    for gate in ("gate-02", "gate-03"):
        run.show(f"drill-1.1:{gate}", UNREAD)
    found = judged(run)
    assert (found.in_flight, found.counts, found.why_not) == (1, None, None)


@pytest.mark.parametrize(
    ("devices", "together", "counts"),
    [
        (2, 2, True),
        (2, 1, False),
        (3, 2, True),
        (3, 1, False),
        (4, 2, True),
        (5, 2, False),
        (5, 3, True),
        (10, 5, True),
        (10, 4, False),
    ],
)
def test_a_round_counts_when_half_of_its_requests_and_no_fewer_than_two_overlap(
    devices: int, together: int, counts: bool
) -> None:
    run = Run(race(devices=devices, probe=False))
    under_way(run, *range(1, together + 1))

    found = judged(run)

    assert (found.in_flight, found.overlap_source) == (together, "devices")
    assert found.counts is counts
    why_not = f"only {together} of {devices} requests were under way at one instant"
    assert found.why_not == (None if counts else why_not)


def test_a_device_that_was_not_ready_is_missing_from_the_race() -> None:
    run = Run(race(devices=5, probe=False))
    for device in ("gate-02", "gate-03", "gate-04"):
        run.not_ready("drill-1.1", device)

    found = judged(run)

    assert (found.planned, found.in_flight, found.counts) == (5, 2, False)


def test_clock_bounds_narrow_what_the_devices_stamps_claim() -> None:
    run = Run(race(devices=2, probe=False))
    under_way(run, 1, 2)
    run.clocks = [msgspec.structs.replace(run.clocks[0], bound_ns=3 * MS)]

    assert judged(run).counts is False


def test_one_device_alone_makes_no_race() -> None:
    found = judged(Run(race(devices=1, probe=False)))

    assert (found.contending, found.counts, found.why_not) == (0, None, None)


@pytest.mark.parametrize("status", ["scanned", "cancelled"])
def test_a_round_whose_ticket_was_not_valid_before_does_not_count(status: str) -> None:
    run = Run(race(probe=False))
    run.was_before("t1", status)
    run.show("drill-1.1:gate-01", USED)

    found = judged(run)

    assert (found.counts, found.why_not) == (False, "its ticket was not valid before")


@pytest.mark.parametrize("refusal", [USED, NOT_FOUND])
def test_without_records_a_round_in_which_everybody_refused_so_does_not_count(
    refusal: Outcome,
) -> None:
    run = Run(race())
    run.hide_records()
    for attempt in run.attempts:
        run.show(attempt, refusal)

    assert judged(run).why_not == "its ticket was not valid before"


@pytest.mark.parametrize("gate", ["gate-01", "gate-02"])
def test_without_records_one_other_answer_makes_it_a_race(gate: str) -> None:
    run = Run(race(probe=False))
    run.hide_records()
    run.show("drill-1.1:gate-01", USED)
    run.show(f"drill-1.1:{gate}", UNKNOWN)

    assert judged(run).counts is True


def test_without_records_a_silent_device_may_have_used_the_ticket() -> None:
    run = Run(race(probe=False))
    run.hide_records()
    run.fall_silent("drill-1.1", "gate-01")

    assert judged(run).counts is True


def test_small_rounds_are_listed_scan_by_scan_and_large_ones_are_not() -> None:
    assert len(judged(Run(race(devices=LISTED_UP_TO, probe=False))).attempts) == 20
    assert judged(Run(race(devices=LISTED_UP_TO + 1, probe=False))).attempts == ()


def test_a_scan_that_was_never_read_is_listed_without_a_reading() -> None:
    run = Run(race(devices=2, probe=False))
    run.change("drill-1.1:gate-01", decoded_ns=None)

    assert judged(run).attempts[0].decoded_ms is None


def test_a_round_of_which_nothing_was_heard_has_no_skew() -> None:
    run = Run(race(probe=False))
    run.lose(*run.attempts.copy())

    found = judged(run)

    assert (found.release_skew_ms, found.outcomes, found.attempts) == (None, {}, ())
    assert found.counts is False


def test_a_symbol_still_in_view_is_listed_among_the_outcomes() -> None:
    run = Run(race(devices=2, probe=False))
    run.show("drill-1.1:gate-02", IGNORED)

    assert judged(run).outcomes == {"admitted": 1, "ignored (repeated)": 1}


def mixed(rounds: int = 1) -> Run:
    """gate-01 … gate-04 show one ticket, gate-05 and gate-06 each their own."""
    burst = Burst(shows=(Show("contested", devices=4, same=True), Show("fresh")), rounds=rounds)
    groups = (TicketGroup("contested"), TicketGroup("fresh"))
    return Run(plan_of(burst, devices=6, tickets=groups))


def test_only_those_who_compete_decide_whether_it_was_a_race() -> None:
    run = mixed()
    under_way(run, 1, 5, 6)

    found = judged(run)

    assert (found.planned, found.contending, found.in_flight) == (6, 4, 1)
    assert found.why_not == "only 1 of 4 requests were under way at one instant"

    under_way(run, 1, 2)
    found = judged(run)
    assert (found.in_flight, found.counts) == (2, True)


def test_the_skew_and_the_outcomes_are_those_of_the_whole_round() -> None:
    run = mixed()
    run.change("drill-1.1:gate-06", released_ns=STEP_NS + 3 * MS)

    found = judged(run)

    assert found.release_skew_ms == 3.0
    assert sum(found.outcomes.values()) == len(found.attempts) == 6


def test_an_attempt_alone_in_a_share_that_is_the_same_for_all_is_no_race() -> None:
    burst = Burst(shows=(Show("contested", devices=1, same=True), Show("fresh")))
    groups = (TicketGroup("contested"), TicketGroup("fresh"))
    run = Run(plan_of(burst, tickets=groups))
    for gate in ("gate-02", "gate-03"):
        run.show(f"drill-1.1:{gate}", UNREAD)

    found = judged(run)

    assert (found.contending, found.in_flight, found.counts) == (0, 1, None)


def test_a_stale_ticket_beside_a_race_does_not_spoil_it() -> None:
    run = mixed()
    stale = next(ticket for ticket in run.plan.tickets if ticket.id == "t2")
    run.was_before(stale.id, "scanned")

    assert judged(run).counts is True


def test_a_stale_pass_does_not_keep_the_others_from_racing() -> None:
    run = Run(vip_table(guests=3))
    run.was_before("p1", "cancelled")
    assert judged(run).counts is True

    for name in ("p2", "p3"):
        run.was_before(name, "cancelled")
    assert judged(run).why_not == "its ticket was not valid before"


def test_checkouts_race_by_their_own_requests() -> None:
    run = Run(checkouts(capacity=2, kiosks=4))
    found = judged(run)
    assert (found.contending, found.in_flight, found.counts) == (4, 4, True)
    assert found.outcomes == {"booked": 2, "refused (full)": 2}

    under_way(run, 1)
    assert judged(run).why_not == "only 1 of 4 requests were under way at one instant"


def test_deliveries_of_one_event_race() -> None:
    found = judge_rounds(Run(paid_checkout()).evidence)

    assert [(each.step, each.contending, each.counts) for each in found] == [
        ("drill-1.1", 0, None),
        ("drill-2.1", 2, True),
        ("drill-2.2", 2, True),
    ]


def test_links_race_beside_stale_tickets() -> None:
    found = judge_rounds(Run(linking()).evidence)

    assert [(each.step, each.contending, each.counts) for each in found] == [
        ("drill-1.1", 3, True),
        ("drill-2.1", 0, None),
        ("drill-3.1", 0, None),
    ]


def test_a_kiosk_is_listed_without_a_reading_and_a_reentry_with_the_entry_before() -> None:
    kiosk = judged(Run(checkouts(kiosks=2))).attempts[0]
    assert (kiosk.device, kiosk.outcome, kiosk.decoded_ms, kiosk.note) == (
        "kiosk-01",
        "booked",
        None,
        None,
    )

    _, back = judge_rounds(Run(vip_table(guests=2, phases=2)).evidence)
    assert {each.outcome for each in back.attempts} == {"readmitted"}
    assert {each.note for each in back.attempts} == {f"last entry {LAST_ENTRY}"}


LATE_NS = round(LATE_MS * MS)


@pytest.mark.parametrize(("late_ns", "late"), [(LATE_NS, ()), (LATE_NS + 1, ("gate-02",))])
def test_a_race_with_somebody_who_missed_the_instant_does_not_count_and_names_him(
    late_ns: int, late: tuple[str, ...]
) -> None:
    run = Run(race(devices=4, probe=False))
    run.change("drill-1.1:gate-02", released_ns=STEP_NS + late_ns)

    found = judged(run)

    assert (found.late, found.counts, found.in_flight) == (late, not late, 4)
    assert found.why_not == ("let go more than 5 ms late: gate-02" if late else None)


def test_all_who_were_late_are_named_in_the_order_of_their_names() -> None:
    run = Run(race(devices=4, probe=False))
    for number in (4, 2, 3):
        run.change(f"drill-1.1:gate-{number:02}", released_ns=STEP_NS + 6 * MS)

    assert judged(run).late == ("gate-02", "gate-03", "gate-04")
    assert judged(run).why_not == "let go more than 5 ms late: gate-02, gate-03, gate-04"


def test_somebody_late_who_does_not_compete_spoils_no_race_and_a_burst_without_one_names_him() -> (
    None
):
    run = mixed()
    run.change("drill-1.1:gate-06", released_ns=STEP_NS + 6 * MS)
    assert (judged(run).late, judged(run).counts) == ((), True)

    run = Run(own_tickets())
    run.change("drill-1.1:gate-02", released_ns=STEP_NS + 6 * MS)
    assert (judged(run).late, judged(run).counts) == (("gate-02",), None)


def test_a_swept_round_is_no_race_and_tells_how_far_it_was_spread() -> None:
    run = Run(hunt(rounds=1, devices=3))
    run.shift("drill-1.1:gate-02", 12 * MS)
    run.shift("drill-1.1:gate-03", 30 * MS)
    run.change("drill-1.1:gate-02", released_ns=STEP_NS + 12 * MS + 400_000)

    found = judged(run)

    assert (found.contending, found.counts, found.why_not) == (3, None, None)
    assert found.swept_ms == 30.0
    assert found.release_skew_ms == 0.4, "each counted from its own instant"
    assert [each.released_ms for each in found.attempts] == [0.0, 12.4, 30.002], "and all from T"
    assert found.late == ()


def test_in_a_swept_round_somebody_is_late_after_his_own_instant() -> None:
    run = Run(hunt(rounds=1, devices=3))
    run.shift("drill-1.1:gate-02", 12 * MS)
    run.change("drill-1.1:gate-02", released_ns=STEP_NS + 18 * MS)

    assert (judged(run).late, judged(run).counts) == (("gate-02",), None)


def test_a_swept_round_of_which_nothing_was_heard_was_not_spread() -> None:
    run = Run(hunt(rounds=1))
    run.lose(*run.attempts.copy())

    assert judged(run).swept_ms == 0.0


@pytest.mark.parametrize(
    ("fleets", "bound_ms"),
    [
        ({}, 0.0),
        ({"gate-02": "west"}, 0.3),
        ({"gate-02": "west", "gate-03": "north"}, 0.7),
        ({"gate-02": "unread"}, 0.2),
    ],
)
def test_between_fleets_the_skew_is_known_as_well_as_the_two_worst_clocks(
    fleets: dict[str, str], bound_ms: float
) -> None:
    run = Run(race(devices=3, probe=False))
    run.clocks += [ClockRead("west", 0, 100_000), ClockRead("north", 0, 500_000)]
    for gate, fleet in fleets.items():
        run.move(f"drill-1.1:{gate}", fleet)

    assert judged(run).skew_bound_ms == pytest.approx(bound_ms)


def test_a_clock_that_has_drifted_bounds_worse() -> None:
    run = Run(race(devices=3, probe=False))
    run.move("drill-1.1:gate-02", "west")
    run.clocks += [ClockRead("west", 0, 100_000), ClockRead("west", -2 * MS, 50_000)]

    assert judged(run).skew_bound_ms == pytest.approx(0.2 + 2.05)


def test_a_round_tells_in_which_ways_its_fleets_let_go() -> None:
    run = Run(race(rounds=2, probe=False))
    run.released = [
        Released("drill-1.1", "east", ReleaseMode.REAL_TIME),
        Released("drill-1.1", "west", ReleaseMode.ORDINARY),
        Released("drill-2.1", "east", ReleaseMode.ORDINARY),
        Released("drill-1.2", "east", ReleaseMode.REAL_TIME),
        Released("drill-1.2", "west", ReleaseMode.REAL_TIME),
    ]

    first, second = judge_rounds(run.evidence)

    assert first.released == ("ordinary", "real-time")
    assert second.released == ("real-time",)
