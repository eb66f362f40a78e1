"""The places of a slot: taken by a checkout, given back when the payment fails. Pure."""

import msgspec

from gatedrill.contract.service import SessionMetadata, SlotRow


class BookingRefusedError(Exception):
    """The slot does not take this booking; the message says why."""


class SlotNotFoundError(BookingRefusedError):
    """There is no such slot."""


class SlotFullError(BookingRefusedError):
    """The slot has fewer places than guests."""


def places_left(slot: SlotRow) -> int:
    """How many places are free."""
    return slot.capacity if slot.available is None else slot.available


def take_places(slot: SlotRow, guests: int) -> SlotRow:
    """The slot with `guests` places fewer, whether it has them or not."""
    return msgspec.structs.replace(slot, available=places_left(slot) - guests)


def give_back_places(slot: SlotRow, guests: int) -> SlotRow:
    """The slot with `guests` places more."""
    return take_places(slot, -guests)


def judge_booking(slot: SlotRow | None, guests: int) -> SlotRow:
    """The slot as it must stand when `guests` have their places.

    Raises SlotNotFoundError or SlotFullError; a booking gets all its places or none.
    """
    if slot is None:
        raise SlotNotFoundError("there is no such slot")
    if places_left(slot) < guests:
        noun = "guest" if guests == 1 else "guests"
        raise SlotFullError(f"slot no longer available for {guests} {noun}")
    return take_places(slot, guests)


def judge_payment(metadata: SessionMetadata, slot: SlotRow | None) -> SlotRow | None:
    """The slot as it must stand when a session with `metadata` has been paid for.

    None when it stays as it is: the checkout took the places when it opened the session, and marked
    it. A session of old has no such mark, and gets its places only now; BookingRefusedError when
    there are not enough left.
    """
    if metadata.slots_reserved == "true":
        return None
    return judge_booking(slot, int(metadata.guests))
