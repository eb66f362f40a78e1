"""Slots that did not stand before a run as its plan has them."""

from collections.abc import Iterable, Sequence

from gatedrill.contract.outcome import Reason
from gatedrill.contract.service import SlotRow
from gatedrill.orchestrator.seen import SeenCheckout


def free_places(slot: SlotRow) -> int:
    """How many places of a slot are free: all, if that is not said."""
    return slot.capacity if slot.available is None else slot.available


def find_slots_astray(
    planned: Iterable[SlotRow], rows: Sequence[SlotRow] | None, checkouts: Sequence[SeenCheckout]
) -> dict[str, str]:
    """How they stood instead, by id.

    Where their rows could not be read, a slot counts as missing if every checkout was told so.
    """
    if rows is None:
        missing = (slot.id for slot in planned if _is_unknown(slot, checkouts))
        return dict.fromkeys(missing, "is unknown there")
    before = {row.id.lower(): row for row in rows}
    astray: dict[str, str] = {}
    for slot in planned:
        row = before.get(slot.id.lower())
        if row is None:
            astray[slot.id] = "is unknown there"
        elif free_places(row) != free_places(slot):
            astray[slot.id] = (
                f"had {free_places(row)} of {row.capacity} places free before, "
                f"not {free_places(slot)}"
            )
    return astray


def _is_unknown(slot: SlotRow, checkouts: Iterable[SeenCheckout]) -> bool:
    told = [seen.record.outcome.reason for seen in checkouts if seen.planned.slot == slot.id]
    return bool(told) and all(reason is Reason.NOT_FOUND for reason in told)
