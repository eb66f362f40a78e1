import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gatedrill.backend.booking_rule import (
    SlotFullError,
    SlotNotFoundError,
    give_back_places,
    judge_booking,
    judge_payment,
    places_left,
)
from gatedrill.contract.service import SessionMetadata, SlotRow


def slot(available: int | None, capacity: int = 5) -> SlotRow:
    return SlotRow("21h", "event", capacity, available)


@pytest.mark.parametrize(
    ("available", "guests", "left"), [(1, 1, 0), (5, 2, 3), (5, 5, 0), (None, 1, 4)]
)
def test_a_booking_takes_all_its_places(available: int | None, guests: int, left: int) -> None:
    assert places_left(judge_booking(slot(available), guests)) == left


@pytest.mark.parametrize(
    ("available", "guests", "said"),
    [
        (0, 1, "slot no longer available for 1 guest"),
        (1, 2, "slot no longer available for 2 guests"),
        (-3, 1, "slot no longer available for 1 guest"),
    ],
)
def test_a_booking_gets_no_places_when_it_cannot_get_all(
    available: int, guests: int, said: str
) -> None:
    with pytest.raises(SlotFullError) as caught:
        judge_booking(slot(available), guests)

    assert str(caught.value) == said


def test_a_slot_that_is_none_takes_no_booking() -> None:
    with pytest.raises(SlotNotFoundError):
        judge_booking(None, 1)


@pytest.mark.parametrize("mark", [None, "false", "", "TRUE"])
def test_a_payment_without_the_mark_takes_the_places(mark: str | None) -> None:
    metadata = SessionMetadata("21h", "2", slots_reserved=mark)

    assert judge_payment(metadata, slot(5)) == slot(3)
    with pytest.raises(SlotFullError):
        judge_payment(metadata, slot(1))
    with pytest.raises(SlotNotFoundError):
        judge_payment(metadata, None)


@pytest.mark.parametrize("known", [slot(5), slot(0), None])
def test_a_payment_with_the_mark_takes_none(known: SlotRow | None) -> None:
    assert judge_payment(SessionMetadata("21h", "2", slots_reserved="true"), known) is None


@given(st.integers(0, 50), st.integers(1, 50))
def test_what_is_taken_and_given_back_leaves_the_slot_as_it_was(
    available: int, guests: int
) -> None:
    before = slot(available, capacity=50)
    if guests <= available:
        assert give_back_places(judge_booking(before, guests), guests) == before


class Bookings(RuleBasedStateMachine):
    """Checkouts, failed payments and payments of old sessions in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.slot = slot(7, capacity=7)
        self.held: list[int] = []
        self.paid = 0

    @rule(guests=st.integers(1, 4))
    def check_out(self, guests: int) -> None:
        try:
            self.slot = judge_booking(self.slot, guests)
        except SlotFullError:
            assert places_left(self.slot) < guests
        else:
            self.held.append(guests)

    @precondition(lambda self: self.held)
    @rule()
    def payment_fails(self) -> None:
        self.slot = give_back_places(self.slot, self.held.pop())

    @rule(guests=st.integers(1, 4), mark=st.sampled_from([None, "true"]))
    def payment_is_told(self, guests: int, mark: str | None) -> None:
        metadata = SessionMetadata("21h", str(guests), slots_reserved=mark)
        try:
            changed = judge_payment(metadata, self.slot)
        except SlotFullError:
            return
        if changed is not None:
            self.slot = changed
            self.paid += guests

    @invariant()
    def no_place_is_lost_or_sold_twice(self) -> None:
        assert places_left(self.slot) == self.slot.capacity - sum(self.held) - self.paid >= 0


TestBookings = Bookings.TestCase
