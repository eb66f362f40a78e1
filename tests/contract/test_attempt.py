"""What all attempts have in common: their instants, and what of them could change something."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatedrill.contract.attempt import (
    ACTING,
    Ask,
    AskKind,
    AttemptRecord,
    CheckoutRecord,
    ScanRecord,
)
from gatedrill.contract.outcome import REASONS, Certainty, Outcome, OutcomeKind, Reason

SCAN = ScanRecord(
    attempt="a",
    device="gate-01",
    symbol="t",
    intended_ns=10_000_000,
    released_ns=11_000_000,
    decoded_ns=9_000_000,
    decided_ns=30_500_000,
    outcome=Outcome(OutcomeKind.ADMITTED),
    asks=(Ask(11_000_000, 30_000_000, 200, arrived_ns=7, departed_ns=8),),
)
CHECKOUT = CheckoutRecord(
    attempt="c",
    device="kiosk-01",
    intended_ns=10_000_000,
    released_ns=11_000_000,
    decided_ns=30_500_000,
    outcome=Outcome(OutcomeKind.BOOKED),
    asks=(Ask(11_000_000, 30_000_000, 200, kind=AskKind.CHECKOUT),),
    slot="evening",
    guests=1,
)
SHIFTS = st.integers(-(2**40), 2**40)


@pytest.mark.parametrize("record", [SCAN, CHECKOUT], ids=["scan", "checkout"])
def test_latency_counts_from_the_intended_instant(record: AttemptRecord) -> None:
    assert record.latency_ms == 20.5


@given(SHIFTS)
def test_all_instants_are_shifted_but_the_services_stamps(by_ns: int) -> None:
    shifted = SCAN.shifted(by_ns)

    assert shifted == msgspec.structs.replace(
        SCAN,
        intended_ns=10_000_000 + by_ns,
        released_ns=11_000_000 + by_ns,
        decoded_ns=9_000_000 + by_ns,
        decided_ns=30_500_000 + by_ns,
        asks=(Ask(11_000_000 + by_ns, 30_000_000 + by_ns, 200, arrived_ns=7, departed_ns=8),),
    )
    assert shifted.latency_ms == SCAN.latency_ms


@pytest.mark.parametrize("record", [SCAN, CHECKOUT], ids=["scan", "checkout"])
@given(by_ns=SHIFTS)
def test_a_shift_and_back_changes_nothing(record: AttemptRecord, by_ns: int) -> None:
    assert record.shifted(by_ns).shifted(-by_ns) == record


def test_what_was_never_read_stays_unread_on_any_clock() -> None:
    unread = msgspec.structs.replace(SCAN, decoded_ns=None)

    assert unread.shifted(5).decoded_ns is None


@pytest.mark.parametrize("kind", AskKind)
def test_only_questions_that_may_change_something_act(kind: AskKind) -> None:
    reads = {AskKind.VERIFY, AskKind.LOOKUP, AskKind.LINKED_TICKET}
    record = msgspec.structs.replace(SCAN, asks=(Ask(1, 2, kind=kind),))

    assert (kind in ACTING) == (kind not in reads)
    assert bool(record.acting_asks) == (kind in ACTING)


def test_acting_questions_keep_their_order() -> None:
    lookup, first, second = Ask(1, 2, kind=AskKind.LOOKUP), Ask(3, 4), Ask(5, 6)
    record = msgspec.structs.replace(SCAN, asks=(lookup, first, second))

    assert record.acting_asks == (first, second)


@pytest.mark.parametrize("kind", OutcomeKind)
def test_only_two_kinds_of_outcome_let_a_guest_in(kind: OutcomeKind) -> None:
    expected = kind in (OutcomeKind.ADMITTED, OutcomeKind.READMITTED)

    assert Outcome(kind).admits is expected


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_certainty_and_only_two_decide_nothing(reason: Reason) -> None:
    assert reason.certainty is REASONS[reason].certainty
    is_retryable = reason in (Reason.BUSY, Reason.UNSUPPORTED)
    assert (reason.certainty is Certainty.RETRYABLE) == is_retryable
    refused = Outcome(OutcomeKind.REFUSED, reason)
    assert refused.is_error is (reason is Reason.BUSY)
    assert str(refused) == f"refused ({reason})"


def test_what_is_unknown_or_ignored_is_open_and_only_the_former_an_error() -> None:
    unknown = Outcome(OutcomeKind.UNKNOWN, Reason.TIMEOUT)
    ignored = Outcome(OutcomeKind.IGNORED, Reason.REPEATED)

    assert (unknown.is_error, unknown.is_open) == (True, True)
    assert (ignored.is_error, ignored.is_open) == (False, True)
