"""Whose time an attempt's latency was."""

from collections.abc import Sequence

import msgspec
import pytest
from evidence_builder import ADMITTED
from hypothesis import given
from hypothesis import strategies as st

from gatedrill.contract.attempt import Ask, AskKind, ClaimAsk, ScanRecord
from gatedrill.contract.outcome import Reason
from gatedrill.orchestrator.latency_shares import (
    Shares,
    divide,
    latencies_by_answers_alone_ns,
    lateness_ns,
)

INSTANTS = st.integers(-1_000, 2_000)
ASKS = st.builds(
    Ask,
    sent_ns=INSTANTS,
    answered_ns=INSTANTS,
    reason=st.sampled_from([None, Reason.BUSY, Reason.TIMEOUT]),
    arrived_ns=st.none() | INSTANTS,
    departed_ns=st.none() | INSTANTS,
)


def scan(
    *asks: Ask,
    device: str = "gate-01",
    intended: int = 0,
    released: int = 0,
    decoded: int | None = 0,
    decided: int = 100,
) -> ScanRecord:
    return ScanRecord(
        attempt="a",
        device=device,
        symbol="t",
        intended_ns=intended,
        released_ns=released,
        decoded_ns=decoded,
        decided_ns=decided,
        outcome=ADMITTED,
        asks=asks,
    )


def attempts() -> st.SearchStrategy[ScanRecord]:
    """Attempts whose stamps are in any order, but that were decided after they were intended."""
    return st.builds(
        lambda asks, released, decoded, decided, claim: msgspec.structs.replace(
            scan(*asks, released=released, decoded=decoded, decided=decided), claim=claim
        ),
        asks=st.lists(ASKS, max_size=4),
        released=INSTANTS,
        decoded=st.none() | INSTANTS,
        decided=st.integers(0, 1_500),
        claim=st.none() | st.builds(ClaimAsk, sent_ns=INSTANTS, answered_ns=INSTANTS),
    )


@given(attempts())
def test_the_shares_of_an_attempt_are_its_latency_and_none_is_negative(record: ScanRecord) -> None:
    shares = divide(record)
    parts = (
        *(shares.wait_ns, shares.read_ns, shares.ask_ns, shares.pause_ns),
        *(shares.claim_ns, shares.ours_ns),
    )

    assert sum(parts) == record.decided_ns - record.intended_ns
    assert min(parts) >= 0
    assert shares.service_ns is None or 0 <= shares.service_ns <= shares.ask_ns


@given(attempts(), st.integers(0, 3_000))
def test_the_least_that_is_the_services_is_no_more_than_the_most(
    record: ScanRecord, lag_ns: int
) -> None:
    shares = divide(record)

    least_ns = shares.answering_at_least_ns(lag_ns)
    assert (shares.service_ns or 0) <= least_ns <= shares.answering_ns
    assert shares.answering_at_least_ns(0) == shares.answering_ns


def test_every_share_of_a_scan_is_told_apart() -> None:
    record = scan(
        Ask(30, 40, arrived_ns=7_002, departed_ns=7_005, kind=AskKind.LOOKUP),
        Ask(42, 60, reason=Reason.BUSY, arrived_ns=7_020, departed_ns=7_030),
        Ask(75, 90, arrived_ns=7_050, departed_ns=7_060),
        intended=0,
        released=10,
        decoded=25,
        decided=100,
    )

    assert divide(record) == Shares(
        wait_ns=10,
        read_ns=15,
        ask_ns=10 + 18 + 15,
        pause_ns=15,
        ours_ns=5 + 2 + 10,
        service_ns=3 + 10 + 10,
    )


def test_waiting_for_the_registrar_is_neither_the_services_share_nor_asking() -> None:
    asked = Ask(0, 40, reason=Reason.TIMEOUT)
    shares = divide(msgspec.structs.replace(scan(asked), claim=ClaimAsk(50, 90, "r", granted=True)))

    assert (shares.ask_ns, shares.claim_ns, shares.ours_ns) == (40, 40, 20)
    assert shares.answering_ns == 40


def test_what_was_read_and_asked_ahead_of_the_release_is_no_share() -> None:
    looked_up = Ask(-900, -800, arrived_ns=1, departed_ns=90, kind=AskKind.LOOKUP)
    held = Ask(12, 80, arrived_ns=1_000, departed_ns=1_050)

    shares = divide(scan(looked_up, held, released=10, decoded=-950))

    assert shares == Shares(10, 0, 68, 0, 22, 50)


def test_a_scan_that_was_never_read_took_its_time_here() -> None:
    assert divide(scan(decoded=None, released=10)) == Shares(10, 0, 0, 0, 90, None)


@pytest.mark.parametrize(
    ("arrived_ns", "departed_ns", "service_ns"),
    [(100, 105, 5), (100, 130, 20), (105, 100, 0), (None, 105, None), (100, None, None)],
)
def test_a_services_stamps_count_as_far_as_they_fit_into_the_wait_for_its_answer(
    arrived_ns: int | None, departed_ns: int | None, service_ns: int | None
) -> None:
    ask = Ask(10, 30, arrived_ns=arrived_ns, departed_ns=departed_ns)

    assert divide(scan(ask)).service_ns == service_ns


def test_one_answer_without_stamps_leaves_the_services_part_open() -> None:
    stamped, bare = Ask(10, 30, arrived_ns=1, departed_ns=9), Ask(40, 50)

    shares = divide(scan(stamped, bare))

    assert (shares.ask_ns, shares.service_ns) == (30, None)


def line(*stamps: tuple[int, int, int], device: str = "gate-01") -> list[ScanRecord]:
    """Scans by when each was intended, released and decided."""
    return [
        scan(device=device, intended=intended, released=released, decided=decided)
        for intended, released, decided in stamps
    ]


def test_who_waits_for_the_guest_before_is_not_late_for_that() -> None:
    records = line((0, 4, 100), (50, 103, 200), (300, 301, 400))

    assert lateness_ns(records) == [4, 3, 1]


def test_guests_at_another_device_are_not_in_line() -> None:
    records = [*line((0, 0, 100)), *line((50, 60, 90), device="gate-02")]

    assert lateness_ns(records) == [0, 10]


def test_lateness_is_told_in_the_order_in_which_the_attempts_were_given() -> None:
    later, first = line((50, 103, 200), (0, 4, 100))

    assert lateness_ns([later, first]) == [3, 4]


def test_an_answer_keeps_the_next_guests_waiting_too() -> None:
    records = line((0, 0, 100), (10, 100, 200), (20, 200, 300))

    assert latencies_by_answers_alone_ns(records, [80, 80, 80]) == [80, 150, 220]


def test_answers_that_are_quick_enough_let_no_line_grow() -> None:
    records = line((0, 0, 100), (30, 100, 200), (60, 200, 300))

    assert latencies_by_answers_alone_ns(records, [20, 20, 20]) == [20, 20, 20]


@given(st.lists(st.tuples(st.integers(0, 500), st.integers(0, 90)), max_size=20))
def test_answers_alone_never_take_longer_than_all_together(
    guests: Sequence[tuple[int, int]],
) -> None:
    records, answering_ns, free_ns = [], [], 0
    for due_ns, asked_ns in sorted(guests):
        released_ns = max(due_ns, free_ns) + 3
        free_ns = released_ns + asked_ns + 5
        records.append(scan(intended=due_ns, released=released_ns, decided=free_ns))
        answering_ns.append(asked_ns)

    alone_ns = latencies_by_answers_alone_ns(records, answering_ns)

    for record, asked_ns, each_ns in zip(records, answering_ns, alone_ns, strict=True):
        assert asked_ns <= each_ns <= record.decided_ns - record.intended_ns


def test_shares_do_not_depend_on_whose_clock_tells_the_time() -> None:
    record = scan(Ask(30, 80, arrived_ns=1, departed_ns=9), released=10, decoded=25)

    assert divide(record.shifted(10**12)) == divide(record)
    assert divide(msgspec.structs.replace(record, asks=())).ask_ns == 0
